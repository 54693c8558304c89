"""Playing a task with a model: its request as an agent sends it, its tool calls done, its work checked."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from proxy.bench.client import Client, Unanswered
from proxy.bench.energy import NoMeter, PowerMeter
from proxy.bench.result import TaskRun
from proxy.bench.tasks.jail import Jail
from proxy.bench.tasks.task import MAX_TOKENS, SYSTEM, BenchTask, Work
from proxy.bench.tasks.tools import TOOLS, Folder
from proxy.translate.request import CannotTranslate, to_chat
from proxy.upstream.local_model import LocalModel

MOST_TURNS = 8


@dataclass
class Played:
    """What a task took so far."""

    turns: int = 0
    input_tokens: int = 0
    output_tokens: int = 0


class Player:
    """Plays tasks with one model."""

    def __init__(
        self,
        client: Client,
        model: LocalModel,
        jail: Jail,
        *,
        meter: PowerMeter | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client, self._model, self._jail = client, model, jail
        self._meter, self._monotonic = meter or NoMeter(), monotonic

    def play(self, task: BenchTask, seconds: float) -> TaskRun:
        """Have the model do a task; whatever goes wrong is a task that was not done, but for a server that is gone.

        Raises Unanswered when the server cannot be reached, or our time was up.
        """
        played, begun, since = Played(), self._monotonic(), self._meter.begin()
        until = begun + seconds
        try:
            work = self._work(task, played, until)
            took, joules = self._monotonic() - begun, self._meter.joules(since)
            why = task.check(work, self._jail)
        except Unanswered as trouble:
            if trouble.trouble is None:
                raise
            took, joules, why = self._monotonic() - begun, self._meter.joules(since), trouble.why
        except CannotTranslate as refusal:
            took, joules, why = self._monotonic() - begun, None, refusal.reason
        return TaskRun(
            task.name, task.task_class.value, task.tier.name, task.uses_tools, not why, why, round(took, 2),
            played.turns, played.input_tokens, played.output_tokens, joules,
        )  # fmt: skip

    def _work(self, task: BenchTask, played: Played, until: float) -> Work:
        """Go back and forth until the model calls no more tools."""
        folder = Folder(dict(task.files))
        messages: list[dict[str, Any]] = [{"role": "user", "content": [{"type": "text", "text": task.prompt}]}]
        for _ in range(MOST_TURNS):
            message = self._answer(task, messages, played, until)
            content = message["content"]
            text = "".join(block["text"] for block in content if block["type"] == "text")
            results = [_result(block, folder) for block in content if block["type"] == "tool_use"]
            if not results:
                break
            messages += [{"role": "assistant", "content": content}, {"role": "user", "content": results}]
        return Work(text, folder.files)

    def _answer(self, task: BenchTask, messages: list[dict[str, Any]], played: Played, until: float) -> dict[str, Any]:
        fields = _fields(task, messages)
        request = to_chat(fields, model=self._model.id, caps=self._model)
        timed = self._client.ask(request, model=self._model.id, seconds=max(0.1, until - self._monotonic()))
        usage = timed.answer.usage
        played.turns += 1
        played.input_tokens += usage["input_tokens"] + usage["cache_read_input_tokens"]
        played.output_tokens += usage["output_tokens"]
        return timed.answer.message()


def _fields(task: BenchTask, messages: list[dict[str, Any]]) -> Mapping[str, Any]:
    fields: dict[str, Any] = {
        "max_tokens": MAX_TOKENS, "stream": True, "messages": messages, "system": [{"type": "text", "text": SYSTEM}],
    }  # fmt: skip
    if task.uses_tools:
        fields["tools"] = list(TOOLS)
    if task.schema is not None:
        fields["output_config"] = {"format": {"type": "json_schema", "schema": dict(task.schema)}}
    return fields


def _result(block: Mapping[str, Any], folder: Folder) -> dict[str, Any]:
    said, wrong = folder.use(block["name"], block["input"])
    return {"type": "tool_result", "tool_use_id": block["id"], "content": said, "is_error": wrong}
