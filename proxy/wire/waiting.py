"""An agent in the line: it waits for money to come free, and leaves the line when it leaves."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from proxy.wire.answer import Head, Later
from proxy.wire.client import Client

if TYPE_CHECKING:
    from proxy.wire.hub import Hub

PING_S = 5.0


class Waiting:
    """Holds an agent's connection while it waits; lives on the loop's thread."""

    def __init__(self, hub: Hub, client: Client, later: Later) -> None:
        self.hub, self.client, self.later = hub, client, later
        self._is_over = False
        self._timer: asyncio.TimerHandle | None = None
        self._pinger: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Enter the line."""
        self.hub.waiting.add(self)
        self.client.on_gone = self._gone
        left = self.later.until - time.monotonic()
        self._timer = self.hub.loop.call_later(max(0.0, left), self._wake, False)
        if self.later.streams:
            self._pinger = self.hub.loop.call_later(PING_S if self.client.opened else self.later.silent_s, self._ping)
        if self.client.gone:
            self._gone()
        else:
            self.later.join(lambda: self.hub.soon(lambda: self._wake(True)))

    def give_up(self) -> None:
        """Stop waiting now."""
        self._wake(False)

    def _wake(self, woken: bool) -> None:
        if self._finish():
            self.hub.continue_with(self.client, lambda: self.later.resume(woken))

    def _gone(self) -> None:
        if self._finish():
            self.later.leave()

    def _finish(self) -> bool:
        if self._is_over:
            return False
        self._is_over = True
        self.hub.waiting.discard(self)
        self.client.on_gone = None
        for timer in (self._timer, self._pinger):
            if timer:
                timer.cancel()
        return True

    def _ping(self) -> None:
        if not self.client.opened:
            self.client.send_head(Head(200, SSE_HEADERS), waits=True)
        self.client.send_data(self.later.ping)
        self.client.write_held()
        self._pinger = self.hub.loop.call_later(PING_S, self._ping)


SSE_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
]
