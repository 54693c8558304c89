"""One exchange: a request carried to an upstream, its answer carried back, and every way that can end."""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from proxy.wire.answer import LEFT, MODE_CHANGED, STOPPED, Ending, Forward, Headers, Tail
from proxy.wire.client import Client
from proxy.wire.faults import FAULT, log_fault
from proxy.wire.origin import OriginConnection
from proxy.wire.unreached import why_unreached
from proxy.wire.within import Within

if TYPE_CHECKING:
    from proxy.wire.hub import Hub

log = logging.getLogger(__name__)


class Exchange:
    """Joins an agent's connection to an upstream's for one answer; lives on the loop's thread."""

    def __init__(self, hub: Hub, client: Client, forward: Forward) -> None:
        self.hub, self.client, self.forward = hub, client, forward
        self.carrier, self.patience = forward.carrier, forward.patience
        self._connection: OriginConnection | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._is_sent = self._is_answered = self._is_over = self._client_left = False
        self._heard = self._spoke = hub.loop.time()
        self._passes: Callable[[bytes], bool] | None = None
        self._head_at: float | None = None
        self._leaves_at: float | None = None
        self._full_since: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Send the request on a connection that is open already, or on a new one."""
        self.hub.exchanges.add(self)
        self.client.on_gone, self.client.on_room = self._client_gone, self._resume_reading
        if self.client.gone:
            self._client_gone()
            return
        self.hold_back()
        if self._is_over:
            return
        connection = self.hub.origins.take(self.forward.origin)
        if connection:
            self._send(connection)
        else:
            self._connecting = self.hub.loop.create_task(self._connect())
        self._arm()

    def hold_back(self) -> None:
        """End it if it has not been sent and may not be any more: not even a connection is made then."""
        if not self._is_sent and not self.forward.may_send():
            self._end(Ending.never_sent, MODE_CHANGED)

    def stop(self) -> None:
        """End it at once: the emergency stop, or the end of the process."""
        self._end(Ending.stopped, STOPPED)

    # --- the upstream's side ------------------------------------------------------------------------------------

    async def _connect(self) -> None:
        try:
            async with Within(self.patience.connect_s):
                connection = await self.hub.origins.connect(self.forward.origin)
        except TimeoutError:
            self._end(Ending.never_sent, f"no connection within {self.patience.connect_s:g} s")
        except (OSError, ssl.SSLError, ConnectionError) as error:
            self._end(Ending.never_sent, why_unreached(error))
        except Exception as error:  # noqa: BLE001 - the top of a task: the agent must not hang.
            log_fault(log, "no connection was made", error)
            self._end(Ending.never_sent, f"{FAULT} ({type(error).__name__})")
        else:
            if self._is_over:
                self.hub.origins.give(connection)
            else:
                self._send(connection)

    def _send(self, connection: OriginConnection) -> None:
        self.hold_back()
        if self._is_over:
            connection.detach()
            return
        self._connection, self._is_sent = connection, True
        self._heard = self.hub.loop.time()
        connection.send(self, request_head(self.forward, is_plain=self.client.opened), self.forward.body)

    def origin_head(self, status: int, headers: Headers) -> None:
        """Hear the answer's head."""
        self._heard, self._is_answered = self.hub.loop.time(), True
        self._head_at = self._heard
        head = self.carrier.head(status, headers)
        if head is None or self._client_left:
            return
        if not self.client.opened:
            self.client.send_head(head, waits=True)

    def origin_read(self) -> None:
        """Hear that all that came was told: an answer's first event most often comes with its head."""
        self.client.write_held()

    def origin_chunk(self, data: bytes, chunk: bytes) -> None:
        """Hear a piece of the answer's body that came as one chunk; most often it has but to be passed on."""
        if self._passes and self._passes(data):
            self._heard = self._spoke = time.monotonic()  # As the loop's clock.
            self.client.send_chunk(chunk)
            if self.client.is_full:
                self._stop_reading()
        else:
            self.origin_data(data)

    def origin_data(self, data: bytes) -> None:
        """Hear a piece of the answer's body."""
        client = self.client
        self._heard = self.hub.loop.time()
        out = self.carrier.feed(data)
        if out and not self._client_left:
            self._spoke = self._heard
            if not client.opened:
                self._open()
            client.send_data(out)
            if client.is_full:
                self._stop_reading()
        if self._leaves_at and not self.carrier.nearly_done():
            self._end(Ending.client_left, LEFT)
        elif self.forward.has_all and self.forward.has_all():
            # The framing's end may be among the bytes that just came, and then the connection can be used again.
            self.hub.loop.call_soon(self._end, Ending.complete, "")
        # What is nothing but passed on needs none of this.
        is_plain = client.is_chunked and not self._client_left and self.forward.has_all is None
        self._passes = self.carrier.passes if is_plain else None

    def origin_complete(self, connection: OriginConnection) -> None:
        """Hear that the answer's framing was completed."""
        self._resume_reading()  # The next one to use it must not find it paused.
        self._connection = None
        self.hub.origins.give(connection)
        self._end(Ending.complete, "")

    def origin_failed(self, why: str) -> None:
        """Hear that the connection is lost or speaks nonsense."""
        self._connection = None
        self._end(Ending.truncated if self._is_answered else Ending.unanswered, why)

    # --- the agent's side ---------------------------------------------------------------------------------------

    def _client_gone(self) -> None:
        if self._is_over or self._client_left:
            return
        self._client_left, self._passes = True, None
        self._resume_reading()
        if self.patience.drain and self._is_sent:
            return
        if self.carrier.nearly_done():
            self._leaves_at = self.hub.loop.time() + self.patience.grace_s
            self._arm()
        else:
            self._end(Ending.client_left, LEFT)

    def _stop_reading(self) -> None:
        if self._connection and self._connection.transport:
            self._full_since = self._heard
            self._connection.transport.pause_reading()

    def _resume_reading(self) -> None:
        if self._full_since is not None:
            self._full_since = None
            self._heard = self.hub.loop.time()
            if self._connection and self._connection.transport:
                self._connection.transport.resume_reading()

    # --- time ---------------------------------------------------------------------------------------------------

    def _arm(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = None if self._is_over else self.hub.loop.call_later(self._next_look(), self._look)

    def _next_look(self) -> float:
        if not self.client.opened:
            return min(self.patience.open_s, self._limit_s())
        moments = [self.patience.ping_s, self._limit_s()]
        if self._leaves_at is not None:
            moments.append(self._leaves_at - self.hub.loop.time())
        return max(0.01, min(moments))

    def _limit_s(self) -> float:
        if not self._is_answered:
            return self.patience.head_s
        return self.patience.first_s if self._heard == self._head_at else self.patience.idle_s

    def _look(self) -> None:
        now = self.hub.loop.time()
        if self._leaves_at is not None and now >= self._leaves_at:
            self._end(Ending.client_left, LEFT)
        elif self._full_since is not None:
            if now - self._full_since > self.patience.unread_s:
                self._client_left = True
                self._end(Ending.client_left, "the agent stopped reading")
                self.client.abort()
        elif self._is_sent and now - self._heard >= self._limit_s():
            self._end(
                Ending.silent if self._is_answered else Ending.unanswered, f"nothing came for {self._limit_s():g} s"
            )
        elif not self.client.opened:
            if self._open():
                self._ping()
        elif now - self._spoke >= self.patience.ping_s * 0.9:
            self._ping()
        self._arm()

    def _open(self) -> bool:
        head = self.carrier.open()
        if head and not self._client_left:
            self.client.send_head(head)
        return self.client.opened

    def _ping(self) -> None:
        self._spoke = self.hub.loop.time()
        self.client.send_data(self.carrier.ping())

    # --- the end ------------------------------------------------------------------------------------------------

    def _end(self, ending: Ending, detail: str) -> None:
        if self._is_over:
            return
        self._is_over = True
        if not self._is_sent:
            ending = Ending.never_sent
        if self._timer:
            self._timer.cancel()
        if self._connecting and not self._connecting.done() and asyncio.current_task() is not self._connecting:
            self._connecting.cancel()
        if self._connection:
            self._connection.detach()
            self._connection = None
        if self.forward.ends_aside and ending not in (Ending.client_left, Ending.stopped):
            self.hub.aside(lambda: self._finish(ending, detail), self._ended)
        else:
            self._ended(self._finish(ending, detail))

    def _ended(self, tail: Tail) -> None:
        if tail.data and not self._client_left and (self.client.opened or self._open()):
            # The last events leave at once; only the end of the answer waits for its entry.
            self.client.send_data(tail.data)
            tail = replace(tail, data=b"")
        # What waits for the entry must not hold it: the two would live until Python looks for such rings.
        settled, rest = tail.settled, replace(tail, settled=None)
        self.hub.when_done(settled, lambda: self._answer(rest))

    def _finish(self, ending: Ending, detail: str) -> Tail:
        try:
            return self.carrier.finish(ending, detail)
        except Exception as error:  # noqa: BLE001 - the agent must not hang; the hold stays, and is charged.
            log_fault(log, "an answer could not be finished", error)
            return Tail(clean=False, whole=None if self.client.opened else self.hub.wording(500, FAULT))

    def _answer(self, tail: Tail) -> None:
        self.hub.exchanges.discard(self)
        self.client.on_gone = self.client.on_room = None
        if self.client.gone:
            if tail.lost:
                tail.lost()
        elif tail.then:
            self.hub.continue_with(self.client, tail.then)
        elif tail.whole:
            self.hub.send(self.client, tail.whole)
        elif not self.client.opened:
            self.client.close()
        elif tail.clean:
            self.client.end(tail.data)
        else:
            self.client.break_off(tail.data)


def as_stream_error(body: bytes) -> bytes:
    """Put an error answer into a stream that was opened already: its JSON body is what an error event holds."""
    return b"event: error\ndata: " + b" ".join(body.splitlines()) + b"\n\n"


def request_head(forward: Forward, *, is_plain: bool = False) -> bytes:
    """Render a request's head: the framing is ours, everything else as it came.

    `is_plain` asks for an answer that is not packed: the head that the agent was sent while it waited said so.
    """
    origin = forward.origin
    default = 443 if origin.tls else 80
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    lines = [b"%b %b HTTP/1.1\r\n" % (forward.method, forward.target)]
    lines.append(f"Host: {host}{'' if origin.port == default else f':{origin.port}'}\r\n".encode())
    headers = [(n, b"identity" if is_plain and n.lower() == b"accept-encoding" else v) for n, v in forward.headers]
    lines += [name + b": " + value + b"\r\n" for name, value in headers]
    if forward.body or forward.method == b"POST":
        lines.append(b"Content-Length: %d\r\n" % len(forward.body))
    lines.append(b"\r\n")
    return b"".join(lines)
