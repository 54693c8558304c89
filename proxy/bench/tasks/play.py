"""Playing a task with a model: its request as an agent sends it, its tool calls done, its work checked."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pricing.machine import LocalCost
from proxy.bench.client import Client, Timed, Unanswered
from proxy.bench.result import TaskRun
from proxy.bench.tasks.jail import Jail
from proxy.bench.tasks.task import MAX_TOKENS, SYSTEM, BenchTask, Work
from proxy.bench.tasks.tools import TOOLS, Folder
from proxy.localcost import LocalCosts
from proxy.translate.request import CannotTranslate, Translated, to_chat
from proxy.upstream.local_model import LocalModel

MOST_TURNS = 8


@dataclass
class Played:
    """What a task took so far."""

    turns: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    costs: list[LocalCost] = field(default_factory=list)

    def add(self, timed: Timed) -> None:
        """Count an answer."""
        usage = timed.answer.usage
        self.turns += 1
        self.input_tokens += usage["input_tokens"] + usage["cache_read_input_tokens"]
        self.output_tokens += usage["output_tokens"]

    def add_cost(self, cost: LocalCost | None) -> None:
        """Count what a request came to, where that is known."""
        self.costs += [cost] if cost else []


class Player:
    """Plays tasks with one model; `costs`, where given, says what each request came to."""

    def __init__(
        self,
        client: Client,
        model: LocalModel,
        jail: Jail,
        *,
        costs: LocalCosts | None = None,
        base_url: str = "",
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client, self._model, self._jail = client, model, jail
        self._costs, self._base_url, self._monotonic = costs, base_url, monotonic

    def play(self, task: BenchTask, seconds: float) -> TaskRun:
        """Have the model do a task; an error that the server answers with is a task that was not done.

        Raises Unanswered when the server cannot be reached, or the time was up.
        """
        played, begun = Played(), self._monotonic()
        try:
            work = self._work(task, played, begun + seconds)
        except (Unanswered, CannotTranslate) as error:
            if isinstance(error, Unanswered) and error.trouble is None:
                raise
            return _run(task, played, self._monotonic() - begun, str(error))
        took = self._monotonic() - begun
        return _run(task, played, took, task.check(work, self._jail))

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
        timed = self._metered(request, played, max(0.1, until - self._monotonic()))
        played.add(timed)
        return timed.answer.message()

    def _metered(self, request: Translated, played: Played, seconds: float) -> Timed:
        if self._costs is None:
            return self._client.ask(request, model=self._model.id, seconds=seconds)
        metering = self._costs.begin(self._base_url)
        timed: Timed | None = None
        begun = self._monotonic()
        try:
            timed = self._client.ask(request, model=self._model.id, seconds=seconds)
            return timed
        finally:
            speed = timed.answer.speed if timed else None
            played.add_cost(metering.end(speed, round((self._monotonic() - begun) * 1000)))


def _run(task: BenchTask, played: Played, seconds: float, why: str) -> TaskRun:
    cost = LocalCost.total(played.costs)
    return TaskRun(
        name=task.name,
        task_class=task.task_class.value,
        tier=task.tier.name,
        tools=task.uses_tools,
        passed=not why,
        why=why,
        seconds=round(seconds, 2),
        turns=played.turns,
        input_tokens=played.input_tokens,
        output_tokens=played.output_tokens,
        joules=cost.joules_milli / 1000 if cost else None,
        marginal_usd=cost.marginal.exact() if cost else "",
        full_usd=cost.full.exact() if cost else "",
    )


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
