"""The local relay: a local server's answer to the agent, translated as it comes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from budget.ledger import Outcome, Settlement
from pricing.money import ZERO
from pricing.usage import Usage
from proxy.errors import JSON_TYPE, error
from proxy.toolcalls.verdict import AsIs, Failed, Repaired, Verdict
from proxy.translate.errors import Trouble, failure, from_local
from proxy.translate.response import Folded
from proxy.translate.stream import AnthropicStream
from proxy.wire.answer import Answer, Ending, Head, Headers, Tail, Whole
from proxy.wire.waiting import SSE_HEADERS

MAX_ERROR = 64 * 1024


@dataclass(frozen=True, slots=True)
class LocalHooks:
    """What the relay tells others: settles its hold, marks a server that failed, finds the next route."""

    settle: Callable[[Settlement], Future[Any] | None]
    failed: Callable[[str], None]
    instead: Callable[[str], Callable[[], Answer] | None]
    """Given why the local attempt failed before a word was shown: how to go on, or None."""


class LocalRelay:
    """Carries one answer of a local server; it always streams, and is folded for an agent that does not."""

    def __init__(self, upstream: str, engine: AnthropicStream | Folded, own: Headers, hooks: LocalHooks) -> None:
        self._upstream, self._engine, self._own, self._hooks = upstream, engine, own, hooks
        self._began = time.monotonic()
        self._first_byte_ms: int | None = None
        self._status: int | None = None
        self._error_body = bytearray()

    def open(self) -> Head | None:
        """Open a stream, with the first words or early, so that pings can follow while the model loads and reads."""
        return Head(200, SSE_HEADERS + self._own) if isinstance(self._engine, AnthropicStream) else None

    def head(self, status: int, headers: Headers) -> None:
        """Promise nothing yet: until there are words to show, a failure can still be a plain error."""
        self._status = status

    def feed(self, data: bytes) -> bytes:
        """Translate what came."""
        if self._status != 200:
            self._error_body += data[: MAX_ERROR - len(self._error_body)]
            return b""
        if self._first_byte_ms is None:
            self._first_byte_ms = self._elapsed_ms()
        out = self._engine.feed(data) or b""
        # An error before the first word is answered with a status, in `finish`.
        return out if self._is_shown() else b""

    def ping(self) -> bytes:
        """Keep the agent waiting: it gives up after 300 s without a byte (CLAUDE_CODE.md §7)."""
        return self._engine.ping() if isinstance(self._engine, AnthropicStream) else b""

    def nearly_done(self) -> bool:
        """Never wait for a local server after the agent has left: it stops as soon as the connection closes."""
        return False

    def finish(self, ending: Ending, detail: str) -> Tail:
        """Settle at nothing, and end the answer as it deserves; what failed unseen may be tried elsewhere."""
        outside = self._outside_trouble(ending, detail)
        last = self._end_engine(ending, outside)
        trouble = outside or self._engine.trouble
        settled = self._hooks.settle(self._settlement(ending, trouble))
        if trouble is None:
            return self._good_end(last, settled)
        if ending not in (Ending.client_left, Ending.stopped):
            if ending is not Ending.complete or (self._status or 0) >= 500:
                self._hooks.failed(trouble.why)
            then = None if self._is_shown() else self._hooks.instead(trouble.why)
            if then:
                return Tail(settled=settled, then=then)
        return self._bad_end(trouble, last, settled)

    def _end_engine(self, ending: Ending, outside: Trouble | None) -> bytes:
        if outside and ending is not Ending.truncated:
            return self._engine.fail(outside.why) or b""
        return self._engine.end(ending is Ending.complete) or b""

    def _outside_trouble(self, ending: Ending, detail: str) -> Trouble | None:
        """Tell what went wrong that the engine has not seen; None if it knows best."""
        if self._status not in (None, 200):
            return from_local(self._status or 0, bytes(self._error_body))
        if ending in (Ending.complete, Ending.truncated) or self._engine.over:
            return None
        why = f"{self._upstream} cannot be reached: {detail}" if ending is Ending.never_sent else detail
        return failure(why)

    def _good_end(self, last: bytes, settled: Future[Any] | None) -> Tail:
        if isinstance(self._engine, AnthropicStream):
            return Tail(last, settled=settled)
        body = json.dumps(self._engine.message(), ensure_ascii=False).encode()
        return Tail(whole=Whole(200, [JSON_TYPE, *self._own], body), settled=settled)

    def _bad_end(self, trouble: Trouble, last: bytes, settled: Future[Any] | None) -> Tail:
        if self._is_shown():
            return Tail(last, clean=False, settled=settled)
        whole = error(trouble.status, trouble.message, headers=self._own, final=not trouble.retry)
        return Tail(whole=whole, settled=settled)

    def _is_shown(self) -> bool:
        return isinstance(self._engine, AnthropicStream) and self._engine.started

    def _settlement(self, ending: Ending, trouble: Trouble | None) -> Settlement:
        raw = self._engine.usage
        outcome = Outcome.complete if trouble is None else Outcome.interrupted
        return Settlement(
            outcome=Outcome.client_left if ending is Ending.client_left else outcome,
            charged=ZERO,
            likely=ZERO,
            usage=Usage(
                input=raw.get("input_tokens", 0),
                cache_read=raw.get("cache_read_input_tokens", 0),
                output=raw.get("output_tokens", 0),
            ),
            raw_usage=json.dumps({**raw, **({"timings": dict(self._engine.timings)} if self._engine.timings else {})}),
            status=self._status,
            flags=self._flags(ending, trouble),
            duration_ms=self._elapsed_ms(),
            first_byte_ms=self._first_byte_ms,
        )

    def _flags(self, ending: Ending, trouble: Trouble | None) -> tuple[str, ...]:
        flags = ["estimated tokens"] if self._engine.estimated else []
        if trouble:
            flags.append(f"failed: {trouble.why}"[:120] if ending is Ending.complete else f"failed: {ending.value}")
        return (*flags, *_calls_told(self._engine.verdicts))

    def _elapsed_ms(self) -> int:
        return int((time.monotonic() - self._began) * 1000)


def _calls_told(verdicts: tuple[Verdict, ...]) -> list[str]:
    """Say of each tool call that was not right as it came what was done or is wrong; nothing of its content."""
    told = []
    for verdict in verdicts:
        match verdict:
            case Repaired():
                told.append(f"repaired call: {', '.join(step.value for step in verdict.steps)}"[:120])
            case Failed():
                told.append(f"wrong call: {verdict.why.value}")
            case AsIs():
                pass
    return told
