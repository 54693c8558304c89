"""A request's place in the line for money: taken once, kept while it waits again, given up when its agent leaves."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock

from budget.line import Line, Ticket, nothing
from pricing.money import Money
from proxy.wire.answer import Answer, Later


class Place:
    """One request's place; each step runs in one thread at a time, but it is called from any.

    It may be called between two waits: the call is kept, so that no wake-up is lost. `keep` gives what must stay free
    for others at any moment, by the same rule as each ask: a place that leaves less is called before it can be served.
    """

    def __init__(self, line: Line, wait_s: float, keep: Callable[[], Money] = nothing) -> None:
        self._line = line
        self._keep = keep
        self.until = time.monotonic() + wait_s
        self.ticket: Ticket | None = None
        self._wake: Callable[[], None] | None = None
        self._was_called = False
        self._lock = Lock()

    @property
    def may_wait(self) -> bool:
        """Tell whether there is time left to wait."""
        return time.monotonic() < self.until

    def wait(self, needed: Money, resume: Callable[[], Answer], lost: Callable[[], object], *, streams: bool) -> Later:
        """Wait for so much money; `lost` is called if the agent leaves meanwhile."""

        def join(wake: Callable[[], None]) -> None:
            self._enter(wake)
            if self.ticket is None:
                wait_s = max(0.0, self.until - time.monotonic())
                self.ticket = self._line.join(needed, self._called, wait_s=wait_s, keep=self._keep)
            else:
                self._line.change(self.ticket, needed)

        def left() -> None:
            self.leave()
            lost()

        def resumed(woken: bool) -> Answer:
            if not woken:
                self.until = 0.0
            return resume()

        return Later(join, left, resumed, self.until, streams=streams)

    def leave(self) -> None:
        """Give the place up; harmless where there is none."""
        ticket, self.ticket = self.ticket, None
        if ticket:
            self._line.leave(ticket)

    def _enter(self, wake: Callable[[], None]) -> None:
        with self._lock:
            self._wake = wake
            missed, self._was_called = self._was_called, False
        if missed:
            wake()

    def _called(self) -> None:
        with self._lock:
            wake, self._wake = self._wake, None
            self._was_called = wake is None
        if wake:
            wake()
