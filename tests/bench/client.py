"""The load: many keep-alive connections from one thread, each answer timed to the event.

Moments are `time.perf_counter_ns()`, the clock of the upstream's marks.
"""

from __future__ import annotations

import gc
import heapq
import itertools
import json
import re
import selectors
import socket
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.bench.wire import MARK_BYTES, MARKED

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
LAST_CHUNK = b"\r\n0\r\n\r\n"
NOW = time.perf_counter_ns


@dataclass(slots=True)
class Timed:
    """One answer: moments in ns, `lags` of each event in ns."""

    start: int
    arrived: int = 0  # When the upstream had the request.
    sent: int = 0  # When it sent the first event.
    first: int = 0  # When that was here.
    end: int = 0
    lags: list[int] = field(default_factory=list)
    size: int = 0
    ok: bool = False

    @property
    def is_answered(self) -> bool:
        """Whether it is whole and the upstream's, no refusal."""
        return self.ok and bool(self.lags)

    @property
    def added_ms(self) -> float:
        """Return the time that was not spent inside the upstream, for an answer of one event."""
        return (self.end - self.start - (self.sent - self.arrived)) / 1e6

    @property
    def first_token_ms(self) -> float:
        """Return what the request's way there and the first event's way back took together."""
        return (self.arrived - self.start + self.first - self.sent) / 1e6


class Door:
    """Where requests go, and how they are framed."""

    def __init__(self, url: str, **headers: str) -> None:
        parts = urlsplit(url)
        self.address = (parts.hostname or "", parts.port or 80)
        told = {"host": parts.netloc, "x-api-key": "sk-ant-fake-bench", "anthropic-version": "2023-06-01"}
        told |= {"content-type": "application/json", "accept": "application/json"}
        told |= {name.replace("_", "-"): value for name, value in headers.items()}
        lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
        self._head = f"POST /v1/messages HTTP/1.1\r\n{lines}content-length: ".encode()

    def request(self, body: bytes) -> bytes:
        """Write a whole request."""
        return b"%b%d\r\n\r\n%b" % (self._head, len(body), body)


class Connection:
    """One connection: sends what `source` yields, one after the other; closes `leaves_s` after a request, if not 0."""

    def __init__(self, door: Door, source: Iterator[bytes], begins_ns: int = 0, leaves_s: float = 0.0) -> None:
        self.begins_ns, self.leaves_s = begins_ns, leaves_s
        self.done: list[Timed] = []
        self.socket: socket.socket | None = None
        self._door, self._source = door, source
        self._unsent = memoryview(b"")
        self._seen = b""

    @property
    def wants_write(self) -> bool:
        """Whether something is still to be sent."""
        return bool(self._unsent)

    def begin(self) -> bool:
        """Send the next request, connecting first if need be; False if there is none."""
        request = next(self._source, None)
        if request is None:
            self.close()
            return False
        self._now = Timed(NOW())
        self._head, self._seen, self._length = False, b"", -1
        if self.socket is None:
            self.socket = socket.create_connection(self._door.address)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.socket.setblocking(False)
        self._unsent = memoryview(request)
        self.write()
        return True

    def write(self) -> None:
        """Send what the system takes."""
        assert self.socket
        try:
            self._unsent = self._unsent[self.socket.send(self._unsent) :]
        except BlockingIOError:
            pass
        except OSError:
            self._unsent = memoryview(b"")  # What is read next tells.

    def read(self) -> bool:
        """Read what is there; True if the answer has ended, whole or not."""
        assert self.socket
        try:
            data = self.socket.recv(1 << 18)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        now = NOW()
        if not data:
            return self._ended(now, ok=False)
        seen = self._seen + data
        self._note(seen, len(self._seen), len(data), now)
        if not self._head and not self._has_head(seen):
            self._seen = seen
            return False
        whole = self._now.size >= self._length if self._length >= 0 else seen.endswith(LAST_CHUNK)
        self._seen = seen[-(MARK_BYTES - 1) :]
        return whole and self._ended(now, ok=self._is_good)

    def close(self) -> None:
        """Leave."""
        if self.socket is not None:
            self.socket.close()
            self.socket = None

    def leave(self) -> None:
        """Leave in the middle of an answer."""
        self._now.end = NOW()
        self.done.append(self._now)
        self.close()

    def _has_head(self, seen: bytes) -> bool:
        end = seen.find(b"\r\n\r\n")
        if end < 0:
            return False
        self._head, self._is_good = True, seen[9:12] == b"200"
        length = LENGTH.search(seen, 0, end + 2)
        self._length = end + 4 + int(length[1]) if length else -1
        return True

    def _note(self, seen: bytes, before: int, fresh: int, now: int) -> None:
        timed = self._now
        timed.size += fresh
        for found in MARKED.finditer(seen):
            if found.end() > before:
                sent = int(found[2])
                timed.lags.append(now - sent)
                if not timed.first:
                    timed.arrived, timed.sent, timed.first = int(found[1]), sent, now

    def _ended(self, now: int, *, ok: bool) -> bool:
        self._now.end, self._now.ok = now, ok
        self.done.append(self._now)
        if not ok:
            self.close()
        return True


class Load:
    """Drives connections until all have ended or `limit_s` is over; no new request begins after `begins_s`."""

    def __init__(self, connections: Sequence[Connection], limit_s: float, begins_s: float = float("inf")) -> None:
        self._all, began = connections, NOW()
        self._ends, self._last = began + int(limit_s * 1e9), began + begins_s * 1e9
        self._select = selectors.DefaultSelector()
        self._due: list[tuple[int, int, Callable[[], None]]] = []
        self._number = itertools.count()
        self._open = 0

    def run(self) -> list[Timed]:
        """Run it, and give what came; the collector rests meanwhile."""
        gc.collect()
        gc.disable()
        try:
            for one in self._all:
                self._at(one.begins_ns, lambda one=one: self._begin(one))  # type: ignore[misc]
            self._loop()
        finally:
            gc.enable()
            for one in self._all:
                one.close()
            self._select.close()
        return [timed for one in self._all for timed in one.done]

    def _loop(self) -> None:
        while (self._open or self._due) and (now := NOW()) < self._ends:
            while self._due and self._due[0][0] <= now:
                heapq.heappop(self._due)[2]()
            until = min(self._due[0][0] if self._due else self._ends, self._ends)
            if self._open:
                self._ready(max(0.0, (until - NOW()) / 1e9))
            elif self._due:
                time.sleep(max(0.0, (until - NOW()) / 1e9))

    def _ready(self, timeout: float) -> None:
        for key, mask in self._select.select(timeout):
            one: Connection = key.data
            if one.socket is None:
                continue
            if mask & selectors.EVENT_WRITE:
                one.write()
                if not one.wants_write:
                    self._select.modify(one.socket, selectors.EVENT_READ, one)
            if mask & selectors.EVENT_READ and one.read():
                self._forget(key.fileobj)
                self._begin(one)

    def _begin(self, one: Connection) -> None:
        if (NOW() > self._last and one.done) or not one.begin():  # However slow the machine, each asks once.
            one.close()
            return
        assert one.socket
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if one.wants_write else 0)
        self._select.register(one.socket, events, one)
        self._open += 1
        if one.leaves_s:
            self._at(NOW() + int(one.leaves_s * 1e9), lambda: self._leave(one))

    def _leave(self, one: Connection) -> None:
        if one.socket is not None:
            self._forget(one.socket)
            one.leave()

    def _forget(self, what: object) -> None:
        self._select.unregister(what)  # type: ignore[arg-type]
        self._open -= 1

    def _at(self, moment: int, work: Callable[[], None]) -> None:
        heapq.heappush(self._due, (moment, next(self._number), work))


def closed_loop(door: Door, bodies: Iterable[bytes], connections: int, seconds: float) -> list[Timed]:
    """Ask again and again, the bodies in turn, on so many connections for so long."""
    requests = itertools.cycle([door.request(body) for body in bodies])
    return Load([Connection(door, requests) for _ in range(connections)], seconds + 60, seconds).run()


def each(door: Door, bodies: Iterable[bytes], connections: int, limit_s: float = 120) -> list[Timed]:
    """Ask each body once, on so many connections."""
    requests = iter([door.request(body) for body in bodies])
    return Load([Connection(door, requests) for _ in range(connections)], limit_s).run()


def at_once(door: Door, body: bytes, streams: int, limit_s: float, over_s: float = 1.0) -> list[Timed]:
    """Run so many streams side by side, begun over a second."""
    request, now = door.request(body), NOW()
    begins = [now + int(over_s * 1e9 * number / streams) for number in range(streams)]
    return Load([Connection(door, iter([request]), begin) for begin in begins], limit_s).run()


def left(door: Door, bodies: Sequence[bytes], after_s: float) -> list[Timed]:
    """Ask, and leave each so long after its request."""
    connections = [Connection(door, iter([door.request(body)]), leaves_s=after_s) for body in bodies]
    return Load(connections, after_s + 5).run()


def gone(upstream: str) -> dict[str, int]:
    """Ask the upstream when orders were abandoned, by their ids; moments in ns."""
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"{upstream}/gone", timeout=10) as answer:
        found: dict[str, int] = json.load(answer)
        return found
