"""The relay: Claude's answer to the agent, byte for byte, metered as it passes and settled once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any

from budget.clock import Elapsed, elapsed
from proxy.errors import error, stream_error
from proxy.headers import to_agent, value_of
from proxy.meter import Reading, StreamMeter, WholeMeter
from proxy.settling import Outcomes
from proxy.wire.answer import MODE_CHANGED, STOPPED, Answer, Ending, Head, Headers, Tail, Whole

PING = b'event: ping\ndata: {"type": "ping"}\n\n'
MAX_WHOLE = 64 * 1024 * 1024
"""A larger answer that is not a stream is broken off; the API's own are a few MB."""

Settle = Callable[[Outcomes, Reading], Future[Any] | None]


class Relay:
    """Carries one answer of Claude's: a stream as it comes, anything else when it is whole."""

    def __init__(
        self,
        upstream: str,
        own: Headers,
        settle: Settle,
        again: Callable[[], Answer] | None = None,
        instead: Callable[[str], Answer] | None = None,
        begun: Callable[[], None] = lambda: None,
        elapsed: Elapsed = elapsed,
    ) -> None:
        """Take what to do if it may not be sent any more, and who answers `instead` if Claude fails before a byte.

        `begun` is told once, when an answer that is no error begins. `elapsed` goes on while the machine sleeps, as
        Claude's writing does.
        """
        self._upstream, self._own, self._settle, self._again, self._instead = upstream, own, settle, again, instead
        self._begun = begun
        self._elapsed, self._began = elapsed, elapsed()
        self._status: int | None = None
        self._headers: Headers = []
        self._upstream_id = ""
        self._coding = ""
        self._first_byte_ms: int | None = None
        self._meter: StreamMeter | None = None
        self.passes: Callable[[bytes], bool] | None = None
        self._whole: list[bytes] = []
        self._whole_size = 0

    def open(self) -> None:
        """Wait for Claude's head: its status and headers are the agent's."""

    def head(self, status: int, headers: Headers) -> Head | None:
        """Pass a stream's head on; keep any other until its body is whole."""
        self._status, self._headers = status, headers
        self._upstream_id = value_of(headers, b"request-id")
        self._coding = value_of(headers, b"content-encoding")
        if status == 200 and value_of(headers, b"content-type").lower().startswith("text/event-stream"):
            # A local answer that is kept for the case that Claude fails is of no more use.
            self._again = self._instead = None
            self._meter = StreamMeter(self._coding)
            return Head(status, to_agent(headers, self._own))
        return None

    def feed(self, data: bytes) -> bytes:
        """Pass a stream's bytes on, unchanged."""
        if self._first_byte_ms is None:
            self._first_byte_ms = self._elapsed_ms()
            if self._status == 200:
                self._begun()
        if self._meter:
            self.passes = None if self._meter.is_packed else self._meter.passes
            self._meter.feed(data)
            return data
        self._whole_size += len(data)
        if self._whole_size <= MAX_WHOLE:
            self._whole.append(data)
        return b""

    def ping(self) -> bytes:
        """Keep an agent waiting whose stream was opened before Claude's; send nothing of our own into Claude's stream.

        That one pings itself.
        """
        return b"" if self._meter else PING

    def nearly_done(self) -> bool:
        """Tell whether the final counts are likely to be a moment away."""
        return self._meter is not None and self._meter.reading.between_blocks

    def finish(self, ending: Ending, detail: str) -> Tail:
        """Settle, and end the answer as cleanly as Claude did and no more."""
        if ending is Ending.never_sent and self._again and detail == MODE_CHANGED:
            self._settle(self._outcomes(ending, detail), Reading())
            return Tail(then=self._again)
        if self._meter:
            return self._finish_stream(ending, detail)
        return self._finish_whole(ending, detail)

    def _finish_stream(self, ending: Ending, detail: str) -> Tail:
        assert self._meter is not None
        reading = self._meter.reading
        settled = self._settle(self._outcomes(ending, detail), reading)
        # After `message_stop` there is nothing left that could be missing, however the connection ended.
        if reading.has_ended or (ending is Ending.complete and reading.is_blind):
            return Tail(settled=settled)
        data = b"" if self._coding else stream_error(self._stream_trouble(ending, detail))
        return Tail(data, clean=False, settled=settled)

    def _stream_trouble(self, ending: Ending, detail: str) -> str:
        if ending is Ending.stopped:
            return "bursar: this answer was stopped (emergency stop, or bursar is shutting down)"
        if ending is Ending.complete:
            return f"bursar: {self._upstream} ended its answer without finishing it"
        return f"bursar: the answer of {self._upstream} broke off: {detail}"

    def _finish_whole(self, ending: Ending, detail: str) -> Tail:
        body = b"".join(self._whole)
        meter = WholeMeter(self._coding)
        is_whole = ending is Ending.complete and self._whole_size <= MAX_WHOLE
        if is_whole and self._status is not None and self._status < 300:
            meter.take(body)
        settled = self._settle(self._outcomes(ending, detail), meter.reading)
        if is_whole and self._status is not None and not 300 <= self._status < 400:
            if self._instead and self._status >= 400:
                return Tail(settled=settled, then=partial(self._instead, f"status {self._status}"))
            return Tail(whole=Whole(self._status, to_agent(self._headers, self._own), body), settled=settled)
        if self._instead and ending is not Ending.client_left:
            return Tail(settled=settled, then=partial(self._instead, detail or "no answer"))
        return Tail(whole=self._trouble(ending, detail), settled=settled)

    def _trouble(self, ending: Ending, detail: str) -> Whole:
        name = self._upstream
        if detail == STOPPED:
            return error(402, "bursar: stopped (emergency stop, or bursar is shutting down)", headers=self._own)
        if ending is Ending.never_sent:
            return error(502, f"bursar: cannot reach {name}: {detail}", headers=self._own, final=False)
        if ending is Ending.complete and self._status is not None and self._status < 400:
            what = "a redirect, which is not followed" if self._status >= 300 else "more than 64 MB"
            return error(502, f"bursar: {name} answered with {what}", headers=self._own)
        if detail.startswith("nothing came"):
            return error(504, f"bursar: {name} did not answer: {detail}", headers=self._own, final=False)
        return error(502, f"bursar: {name} broke off before it had answered: {detail}", headers=self._own, final=False)

    def _outcomes(self, ending: Ending, detail: str) -> Outcomes:
        elapsed_s = self._elapsed() - self._began
        return Outcomes(ending, self._status, self._upstream_id, elapsed_s, self._first_byte_ms, detail)

    def _elapsed_ms(self) -> int:
        return int((self._elapsed() - self._began) * 1000)
