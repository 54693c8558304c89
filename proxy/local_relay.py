"""The local relay: a local server's answer to the agent, translated as it comes, and judged before it is shown."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from budget.ledger import Outcome, Settlement
from pricing.machine import LocalCost
from pricing.money import ZERO
from pricing.usage import Usage
from proxy.curtain import Curtain
from proxy.errors import JSON_TYPE, error
from proxy.escalate import Judgement
from proxy.toolcalls.signals import repeats_itself
from proxy.toolcalls.verdict import AsIs, Failed, Repaired, Verdict
from proxy.translate.errors import Trouble, failure, from_local, unusable
from proxy.translate.reading import Reading
from proxy.translate.response import Folded
from proxy.translate.stream import AnthropicStream
from proxy.translate.usage import Speed
from proxy.tried import Settle, Tried
from proxy.wire.answer import LEFT, STOPPED, Answer, Ending, Head, Headers, Ready, Tail, Whole
from proxy.wire.waiting import SSE_HEADERS

MAX_ERROR = 64 * 1024
LOOK_BYTES = 32 * 1024
"""How much a server sends, about 150 tokens, between two looks at whether its model still gets anywhere."""
FAULT = "failed inside bursar"
GOES_ROUND = "it repeats itself"

NO_MONEY = 402
STOPPING = Trouble(NO_MONEY, "billing_error", "bursar: stopped, because bursar is shutting down", STOPPED)

Follow = Callable[[], Answer] | str
"""How to go on after a bad answer; or why nothing follows, so that the answer is given as it is."""


@dataclass(frozen=True, slots=True)
class LocalHooks:
    """What the relay asks and tells of others."""

    judge: Callable[[Reading, Trouble | None, Ending], Judgement]
    heard: Callable[[Reading, Judgement, Ending], None]
    """Told once of every answer that came to an end of its own."""
    settle: Settle
    follow: Callable[[Tried], Follow]
    cost: Callable[[Speed | None, int], LocalCost | None]
    """What it cost the machine, given the server's clock and ours in ms; asked once."""
    own: Callable[[str], Headers]
    """The `x-bursar-*` headers, for another reason than the usual one if one is given."""
    left: Callable[[int], None] = lambda elapsed_ms: None
    """Told instead if the agent left before it was shown anything, after so many ms."""
    timed: Callable[[Reading, int | None, int], None] = lambda reading, first_ms, whole_ms: None
    """Told once of every whole answer how many ms there were to its first byte, None without any, and to its end."""
    way_out: Callable[[], str] = lambda: ""
    """Says what a person can do where the answer cannot be used and nobody else may be asked."""
    gives_up: bool = False
    """Whether somebody else can answer: a model that goes round in circles is then not waited for."""


class LocalRelay:
    """Carries one answer of a local server; it is folded for an agent that does not stream."""

    passes: Callable[[bytes], bool] | None = None

    def __init__(
        self,
        upstream: str,
        engine: AnthropicStream | Folded,
        hooks: LocalHooks,
        *,
        holds_all: bool,
    ) -> None:
        self._upstream, self._engine, self._hooks = upstream, engine, hooks
        self._curtain = Curtain(stays=holds_all or isinstance(engine, Folded))
        self._began = time.monotonic()
        self._first_byte_ms: int | None = None
        self._status: int | None = None
        self._error_body = bytearray()
        self._unlooked, self._rounds = 0, 0

    def open(self) -> Head | None:
        """Open a stream, with the first words or early, so that pings can follow while the model loads and reads."""
        return self._head() if isinstance(self._engine, AnthropicStream) else None

    def head(self, status: int, headers: Headers) -> None:
        """Promise nothing yet: until there are words to show, a failure can still be a plain error."""
        self._status = status

    def feed(self, data: bytes) -> bytes:
        """Translate what came, and show what has proved good."""
        if self._status != 200:
            self._error_body += data[: MAX_ERROR - len(self._error_body)]
            return b""
        if self._first_byte_ms is None:
            self._first_byte_ms = self._elapsed_ms()
        out = self._curtain.take(self._engine.feed(data) or b"", lambda: self._engine.heard.text)
        if self._curtain.stays and self._hooks.gives_up:
            self._look(len(data))
        return out

    def has_all(self) -> bool:
        """Tell whether the rest is not worth waiting for."""
        return self._engine.over or self._curtain.is_full or self._goes_round

    def ping(self) -> bytes:
        """Keep the agent waiting: it gives up after 300 s without a byte (CLAUDE_CODE.md §7)."""
        return self._engine.ping() if isinstance(self._engine, AnthropicStream) else b""

    def nearly_done(self) -> bool:
        """Never wait for a local server after the agent has left: it stops as soon as the connection closes."""
        return False

    def finish(self, ending: Ending, detail: str) -> Tail:
        """Judge the answer, and show it; or go on elsewhere, and settle at nothing once it is known where."""
        try:
            return self._finish(ending, detail)
        except BaseException:
            # The place at the model is given back with the settlement.
            self._hooks.settle(Settlement(Outcome.interrupted, ZERO, ZERO, Usage(), "{}", flags=(FAULT,)))
            raise

    def _finish(self, ending: Ending, detail: str) -> Tail:
        outside = self._outside_trouble(ending, detail)
        last = self._curtain.rest() + self._end_engine(ending, outside)
        trouble = outside or self._engine.trouble
        if detail == LEFT or ending is Ending.client_left:
            return self._unread(ending, trouble, last)
        if trouble is STOPPING:
            return self._as_it_is(self._tried(ending, Judgement((), trouble), last), last)
        judgement = self._hooks.judge(self._engine, trouble, ending)
        tried = self._tried(ending, judgement, last)
        self._hooks.heard(self._engine, judgement, ending)
        if trouble is None:
            self._hooks.timed(self._engine, self._first_byte_ms, self._elapsed_ms())
        if judgement.is_good:
            return self._as_it_is(tried, last)
        follow = "already shown" if self._curtain.is_open else self._hooks.follow(tried)
        if callable(follow):
            return Tail(then=follow, lost=tried.close)
        return self._as_it_is(tried, last, *([f"kept: {follow}"] if tried.is_usable else []))

    def _unread(self, ending: Ending, trouble: Trouble | None, last: bytes) -> Tail:
        if not self._curtain.is_open:
            self._hooks.left(self._elapsed_ms())
        return self._as_it_is(self._tried(ending, Judgement((), trouble), last), last)

    def _look(self, size: int) -> None:
        """Look now and then whether the model still gets anywhere: twice in a row in a circle is enough."""
        self._unlooked += size
        if self._unlooked >= LOOK_BYTES:
            self._unlooked = 0
            self._rounds = self._rounds + 1 if repeats_itself(self._engine.heard.text) else 0

    @property
    def _goes_round(self) -> bool:
        return self._rounds >= 2

    # --- the end ------------------------------------------------------------------------------------------------

    def _end_engine(self, ending: Ending, outside: Trouble | None) -> bytes:
        if outside and ending is not Ending.truncated:
            return self._engine.fail(outside.why) or b""
        return self._engine.end(ending is Ending.complete) or b""

    def _outside_trouble(self, ending: Ending, detail: str) -> Trouble | None:
        """Tell what went wrong that the engine has not seen; None if it knows best."""
        if self._status not in (None, 200):
            return from_local(self._status or 0, bytes(self._error_body))
        if self._engine.over:
            return None
        if detail == STOPPED or ending is Ending.stopped:
            return STOPPING
        if self._curtain.is_full or self._goes_round:
            return unusable("its answer has no end" if self._curtain.is_full else GOES_ROUND, retry=False)
        if ending in (Ending.complete, Ending.truncated):
            return None
        return failure(_unreached(self._upstream, detail) if ending is Ending.never_sent else detail)

    def _tried(self, ending: Ending, judgement: Judgement, last: bytes) -> Tried:
        def answer(settled: Future[Any] | None, reason: str) -> Answer:
            if judgement.trouble:
                return self._error(judgement.trouble, reason)
            if isinstance(self._engine, AnthropicStream):
                return Ready(self._head(reason), last, settled=settled)
            return self._message(reason)

        return Tried(judgement, self._settlement(ending, judgement), self._hooks.settle, answer)

    def _as_it_is(self, tried: Tried, last: bytes, *flags: str) -> Tail:
        """End the answer as it deserves: a half one is never ended cleanly, or clients would take it for the whole."""
        settled, trouble = tried.close(*flags), tried.judgement.trouble
        if trouble and not self._curtain.is_open:
            return Tail(whole=self._error(trouble), settled=settled)
        if isinstance(self._engine, AnthropicStream):
            return Tail(last, clean=trouble is None, settled=settled)
        return Tail(whole=self._message(), settled=settled)

    def _head(self, reason: str = "") -> Head:
        return Head(200, SSE_HEADERS + self._hooks.own(reason))

    def _message(self, reason: str = "") -> Whole:
        assert isinstance(self._engine, Folded)
        body = json.dumps(self._engine.message(), ensure_ascii=False).encode()
        return Whole(200, [JSON_TYPE, *self._hooks.own(reason)], body)

    def _error(self, trouble: Trouble, reason: str = "") -> Whole:
        """Answer with an error; only a server in trouble is worth asking again, as it comes."""
        named = trouble.at(self._upstream).message
        message = f"{named} ({reason})" if reason else named
        is_final = trouble.lives or not trouble.retry
        if trouble.status == NO_MONEY and trouble.lives:
            message = f"{message} {self._hooks.way_out()}".rstrip()
        return error(trouble.status, message, headers=self._hooks.own(reason), final=is_final)

    # --- the entry ----------------------------------------------------------------------------------------------

    def _settlement(self, ending: Ending, judgement: Judgement) -> Settlement:
        raw, elapsed_ms = self._engine.usage, self._elapsed_ms()
        outcome = Outcome.complete if judgement.trouble is None else Outcome.interrupted
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
            flags=self._flags(ending, judgement),
            duration_ms=elapsed_ms,
            first_byte_ms=self._first_byte_ms,
            local=self._hooks.cost(self._engine.speed, elapsed_ms),
        )

    def _flags(self, ending: Ending, judgement: Judgement) -> tuple[str, ...]:
        flags = ["estimated tokens"] if self._engine.estimated else []
        if judgement.trouble:
            told = judgement.trouble.why if ending is Ending.complete else ending.value
            flags.append(f"failed: {told}"[:120])
        flags += [f"judged: {signal.value}" for signal in judgement.signals]
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


def _unreached(upstream: str, detail: str) -> str:
    """Say that a server cannot be reached; the system's words for a port where nothing listens help nobody."""
    why = "nothing answers at its address" if detail == "connection refused" else detail
    return f"{upstream} cannot be reached: {why}"
