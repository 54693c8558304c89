"""The made-up local model server: speaks Chat Completions, reads and writes as fast as one graphics card would."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from tray.demo.day import Step
from tray.demo.fake import Fake, Json, event
from tray.demo.moment import Moment
from tray.demo.words import BYTES_PER_TOKEN, text

MODEL = "made-up-32b"
CONTEXT = 131_072
READS_A_SECOND, WRITES_A_SECOND = 2_500, 60


class Local(Fake):
    """Answers the step that `now` gives, which is the only one under way; a step that fumbles gets a broken call."""

    def __init__(self, now: Callable[[], Step], moment: Moment) -> None:
        super().__init__()
        self._now, self._moment = now, moment
        self._held: dict[str, int] = {}
        """Tokens of each session that are in its cache."""

    def answer(self, path: str, asked: Json | None) -> Json | Iterator[bytes] | None:
        """Name the model, or answer a prompt."""
        match path, asked:
            case "/v1/models", None:
                return {"object": "list", "data": [{"id": MODEL, "object": "model", "owned_by": "bursar demo"}]}
            case "/v1/chat/completions", {}:
                return self._completion(asked)
            case _:
                return None

    def _completion(self, asked: Json) -> Iterator[bytes]:
        step = self._now()
        prompt = len(json.dumps(asked["messages"])) // BYTES_PER_TOKEN
        cached = min(prompt, self._held.get(step.session + step.agent, 0))
        self._held[step.session + step.agent] = prompt + step.out
        read_ms, write_ms = 1000 * (prompt - cached) / READS_A_SECOND, 1000 * step.out / WRITES_A_SECOND
        self._moment.let_pass((read_ms + write_ms) / 1000)
        counts = {"prompt_tokens": prompt, "completion_tokens": step.out, "total_tokens": prompt + step.out}
        timings = {"prompt_n": prompt - cached, "cache_n": cached, "prompt_ms": read_ms}
        timings |= {"predicted_n": step.out, "predicted_ms": write_ms}
        cache = {"prompt_tokens_details": {"cached_tokens": cached}}
        return _events(step, {"usage": counts | cache, "timings": timings})


def _events(step: Step, ending: Json) -> Iterator[bytes]:
    yield _chunk({"role": "assistant", "content": text(step.out, step.turn) if not step.fumbles else ""})
    if step.tool or step.fumbles:
        # A call whose arguments end in the middle is what small models get wrong most.
        given = '{"file_pa' if step.fumbles else json.dumps({"file_path": step.file})
        function = {"name": step.tool or "Read", "arguments": given}
        yield _chunk({"tool_calls": [{"index": 0, "id": "call_demo", "type": "function", "function": function}]})
    yield _chunk({}, "tool_calls" if step.tool or step.fumbles else "stop")
    yield event({"object": "chat.completion.chunk", "model": MODEL, "choices": [], **ending})
    yield b"data: [DONE]\n\n"


def _chunk(delta: Json, finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return event({"object": "chat.completion.chunk", "model": MODEL, "choices": [choice]})
