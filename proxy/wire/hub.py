"""The hub: the event loop's thread, what it owns, and the way between it and the worker threads."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from proxy.wire.answer import Answer, Forward, Later, Ready, Whole
from proxy.wire.client import Client, Gate
from proxy.wire.crowd import MOST_AGENTS, OUT_OF_DESCRIPTORS, Seldom, who_goes
from proxy.wire.door import Door, door
from proxy.wire.exchange import Exchange, as_stream_error
from proxy.wire.faults import FAULT, log_fault
from proxy.wire.framing import WireRequest
from proxy.wire.lookups import Lookups
from proxy.wire.loop import new_loop
from proxy.wire.origin import Origins
from proxy.wire.waiting import Waiting
from proxy.wire.workers import Workers

log = logging.getLogger(__name__)

_Found = TypeVar("_Found")

Handle = Callable[[WireRequest], Answer]
"""Answers a request; called in a worker thread, must not raise."""
Wording = Callable[[int, str], Whole]
"""Puts a refusal into the agents' dialect."""

LOOKUPS = 64
SETTLE_S = 10.0
"""How long the end of an answer waits for its entry; the entry is written later all the same."""


class Hub:
    """Owns the sockets; every method but `start`, `stop`, `drain` and `cut` runs on the loop's thread."""

    def __init__(
        self, handle: Handle, gate: Gate, wording: Wording, *, name: str, workers: int = 16, most: int = MOST_AGENTS
    ) -> None:
        """Take how to answer, and how many connections there may be at once."""
        self.handle, self.gate, self.wording = handle, gate, wording
        self._name, self._most = name, most
        self._crowded, self._exhausted = Seldom(), Seldom()
        self.loop = new_loop()
        # Names are looked up in these threads: asyncio's own few are soon full where a resolver hangs, and then a local
        # server's name waits behind Claude's.
        self.loop.set_default_executor(Lookups(LOOKUPS, f"{name}-lookup"))
        self.origins = Origins(self.loop)
        self.clients: set[Client] = set()
        self.exchanges: set[Exchange] = set()
        self.waiting: set[Waiting] = set()
        self.draining = False
        self._is_ending = False
        self._workers = Workers(workers, f"{name}-worker")
        self._mail: deque[Callable[[], None]] = deque()
        self._has_rung = False
        self._thread = threading.Thread(target=self._run, name=f"{name}-loop", daemon=True)
        self._door: Door | None = None

    # --- from any thread ----------------------------------------------------------------------------------------

    def start(self, listener: socket.socket) -> None:
        """Serve on a bound, listening socket; returns once it does."""
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(listener), self.loop).result(10)

    def drain(self, seconds: float) -> None:
        """Take no new connections, let running answers end, and stop those that have not by then."""
        asyncio.run_coroutine_threadsafe(self._drain(seconds), self.loop).result(seconds + SETTLE_S + 5)

    def stop(self) -> None:
        """End the loop and the workers."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(5)
        self._workers.end(5)

    def cut(self, is_cut: Callable[[Forward], bool]) -> int:
        """End the running exchanges that a predicate picks, at once; the number of them.

        When it returns, no connection is open or being made for a request that may no longer be sent.
        """
        return asyncio.run_coroutine_threadsafe(self._cut(is_cut), self.loop).result(5)

    # --- on the loop --------------------------------------------------------------------------------------------

    def admit(self, client: Client) -> bool:
        """Take in one more connection; False if there are too many and all are being answered."""
        self.clients.add(client)
        if len(self.clients) <= self._most:
            return True
        if self._crowded.may(self.loop.time()):
            log.warning("%s: over %d connections at once; idle ones are closed", self._name, self._most)
        going = who_goes(self.clients, client)
        if going is None:
            return False
        self.clients.discard(going)
        going.abort()
        return True

    def dispatch(self, client: Client, request: WireRequest) -> None:
        """Have a worker answer a request."""
        self._work(client, lambda: self.handle(request))

    def continue_with(self, client: Client, answer: Callable[[], Answer]) -> None:
        """Have a worker find the next answer for an agent that waits."""
        self._work(client, answer)

    def aside(self, work: Callable[[], _Found], then: Callable[[_Found], None]) -> None:
        """Have a worker work something out, and go on with it here; `work` must not raise."""
        try:
            self._workers.submit(lambda: self._go_on(then, work()))
        except RuntimeError:
            then(work())  # The workers have ended.

    def _go_on(self, then: Callable[[_Found], None], found: _Found) -> None:
        self.soon(lambda: then(found))

    def send(self, client: Client, answer: Answer) -> None:
        """Give an agent its answer, or begin to."""
        match answer:
            case Forward():
                self._exchange(client, answer)
            case Later():
                Waiting(self, client, answer).start()
            case Ready():
                self._replay(client, answer)
            case Whole() if client.opened:
                client.break_off(as_stream_error(answer.body))
            case Whole():
                client.send_whole(answer)

    def carry(self, forward: Forward) -> None:
        """Carry a request whose answer goes to nobody: to a client without a connection."""
        self.send(Client(self), forward)

    def when_done(self, future: Future[Any] | None, then: Callable[[], None]) -> None:
        """Call `then` on the loop when a future is done, or after ten seconds."""
        if future is None or future.done():
            then()
            return
        called = False

        def once() -> None:
            nonlocal called
            if not called:
                called = True
                timer.cancel()
                then()

        timer = self.loop.call_later(SETTLE_S, once)
        future.add_done_callback(lambda _: self.soon(once))

    def soon(self, call: Callable[[], None]) -> None:
        """Call something on the loop, from any thread and in turn; nothing once the loop has ended.

        To wake it takes longer than most of what it is woken for: it is woken once for all that waits.
        """
        self._mail.append(call)
        if self._has_rung:
            return
        self._has_rung = True
        try:
            self.loop.call_soon_threadsafe(self._open_mail)
        except RuntimeError:
            log.debug("the loop has ended")

    # --- private ------------------------------------------------------------------------------------------------

    def _open_mail(self) -> None:
        # First this: what comes from now on rings again, so that none is left.
        self._has_rung = False
        for _ in range(len(self._mail)):
            try:
                self._mail.popleft()()
            except Exception as error:  # noqa: BLE001 - the others must not suffer.
                log_fault(log, "event loop: a call failed", error)

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.set_exception_handler(self._log_loop_error)
        try:
            self.loop.run_forever()
        finally:
            self.loop.close()

    async def _listen(self, listener: socket.socket) -> None:
        self._door = door(self.loop, listener, lambda: Client(self))
        await self._door.open()

    def _log_loop_error(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, OSError) and error.errno in OUT_OF_DESCRIPTORS:
            if self._exhausted.may(loop.time()):
                log.error("%s: no descriptors are left; new connections wait (ulimit -n raises the limit)", self._name)
        elif error is None:
            log.error("event loop: %s", context.get("message"))
        else:
            log_fault(log, f"event loop: {context.get('message')}", error)

    def _exchange(self, client: Client, forward: Forward) -> None:
        exchange = Exchange(self, client, forward)
        exchange.start()
        if self._is_ending:
            exchange.stop()

    def _replay(self, client: Client, ready: Ready) -> None:
        if not client.opened:
            client.send_head(ready.head)
        client.send_data(ready.data)
        self.when_done(ready.settled, lambda: None if client.gone else _close(client, ready))

    def _work(self, client: Client, answer: Callable[[], Answer]) -> None:
        def work() -> None:
            try:
                found = answer()
            except Exception as error:  # noqa: BLE001 - the top of a worker thread: the agent must not hang.
                log_fault(log, "an answer could not be found", error)
                found = self.wording(500, FAULT)
            self.soon(lambda: self._deliver(client, found))

        self._workers.submit(work)

    def _deliver(self, client: Client, answer: Answer) -> None:
        # An agent that left meanwhile still has its exchange begun: that voids the hold.
        if client.gone and isinstance(answer, Whole | Ready):
            return
        self.send(client, answer)

    async def _drain(self, seconds: float) -> None:
        self.draining = True
        if self._door:
            await self._door.close()
        end = time.monotonic() + seconds
        for client in list(self.clients):
            if not client.busy:
                client.close()
        while any(client.busy for client in self.clients) and time.monotonic() < end:
            await asyncio.sleep(0.02)
        self._is_ending = True
        for waiting in list(self.waiting):
            waiting.give_up()
        for exchange in list(self.exchanges):
            exchange.stop()
        end = time.monotonic() + SETTLE_S
        while (self.exchanges or any(client.busy for client in self.clients)) and time.monotonic() < end:
            await asyncio.sleep(0.01)
        for client in list(self.clients):
            client.close()
        await asyncio.sleep(0.05)
        self.origins.drop()

    async def _cut(self, is_cut: Callable[[Forward], bool]) -> int:
        cut = [exchange for exchange in self.exchanges if is_cut(exchange.forward)]
        for exchange in cut:
            exchange.stop()
        for exchange in list(self.exchanges):
            exchange.hold_back()
        self.origins.drop()
        return len(cut)


def _close(client: Client, ready: Ready) -> None:
    client.end() if ready.clean else client.break_off()
