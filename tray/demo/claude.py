"""The made-up Claude: says what the day's script says, keeps a prompt cache, and writes a bill at the real prices."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pricing.money import ZERO, Money
from pricing.table import PriceTable
from pricing.usage import Usage
from tray.demo.cache import Cache, Split, tokens_of
from tray.demo.day import Step
from tray.demo.fake import Fake, Json, event
from tray.demo.moment import Moment
from tray.demo.words import text

BEGINS_S, TOKENS_A_SECOND = 1.2, 80


@dataclass(frozen=True, slots=True)
class Billed:
    """One line of the bill."""

    request_id: str
    at: datetime
    model: str
    usage: Usage
    amount: Money


class Claude(Fake):
    """Answers the step that `now` gives, which is the only one under way."""

    def __init__(self, now: Callable[[], Step], moment: Moment, prices: PriceTable) -> None:
        super().__init__()
        self._now, self._moment, self._prices = now, moment, prices
        self._cache = Cache()
        self.bill: list[Billed] = []

    def billed(self, since: datetime) -> Money:
        """Add up what was billed since a moment."""
        return sum((line.amount for line in self.bill if line.at >= since), ZERO)

    def names(self) -> dict[str, str]:
        """Name the answer as Claude's API does."""
        return {"request-id": self.bill[-1].request_id} if self.bill else {}

    def answer(self, path: str, asked: Json | None) -> Json | Iterator[bytes] | None:
        """Count a prompt, or answer it."""
        match path, asked:
            case "/v1/messages/count_tokens", {}:
                return {"input_tokens": tokens_of(asked)}
            case "/v1/messages", {}:
                return self._messages(asked)
            case _:
                return None

    def _messages(self, asked: Json) -> Iterator[bytes]:
        step, model, now = self._now(), asked["model"], self._moment.clock()
        found = self._prices.find(model)
        least = (found.min_cacheable(now) if found else None) or 1024
        split = self._cache.split(asked, least, self._moment.elapsed())
        usage = Usage(input=split.new, cache_write_5m=split.written, cache_read=split.read, output=step.out)
        number = len(self.bill) + 1
        amount = self._prices.on(now, model).rates.cost(usage)
        self.bill.append(Billed(f"req_demo_{number:05d}", now, model, usage, amount))
        self._moment.let_pass(BEGINS_S + step.out / TOKENS_A_SECOND)
        return _events(step, number, model, split)


def _events(step: Step, number: int, model: str, split: Split) -> Iterator[bytes]:
    message = {"id": f"msg_demo_{number:05d}", "type": "message", "role": "assistant", "model": model, "content": []}
    usage = _usage(split, 1)
    yield event({"type": "message_start", "message": {**message, "stop_reason": None, "usage": usage}}, named=True)
    for index, (block, delta) in enumerate(_blocks(step, number)):
        yield event({"type": "content_block_start", "index": index, "content_block": block}, named=True)
        yield event({"type": "content_block_delta", "index": index, "delta": delta}, named=True)
        yield event({"type": "content_block_stop", "index": index}, named=True)
    stopped = {"stop_reason": "tool_use" if step.tool else "end_turn", "stop_sequence": None}
    yield event({"type": "message_delta", "delta": stopped, "usage": _usage(split, step.out)}, named=True)
    yield event({"type": "message_stop"}, named=True)


def _blocks(step: Step, number: int) -> Iterator[tuple[Json, Json]]:
    yield {"type": "text", "text": ""}, {"type": "text_delta", "text": text(step.out, number)}
    if step.tool:
        call = {"type": "tool_use", "id": f"toolu_demo_{number:05d}", "name": step.tool, "input": {}}
        given = json.dumps({"file_path": step.file})
        yield call, {"type": "input_json_delta", "partial_json": given}


def _usage(split: Split, output: int) -> dict[str, Any]:
    return {
        "input_tokens": split.new,
        "cache_creation_input_tokens": split.written,
        "cache_creation": {"ephemeral_5m_input_tokens": split.written, "ephemeral_1h_input_tokens": 0},
        "cache_read_input_tokens": split.read,
        "output_tokens": output,
    }
