"""The load: many keep-alive connections from one loop, each answer timed to the event."""

import asyncio
import json
import re
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

SENT = re.compile(rb"@(\d{19});")
LAST_CHUNK = b"0\r\n\r\n"


@dataclass
class Timed:
    """One answer: moments in ns, lags of each event in ns."""

    start: int
    sent: list[int] = field(default_factory=list)  # When the upstream sent each event.
    lags: list[int] = field(default_factory=list)  # How long each was on its way.
    first: int = 0
    end: int = 0
    size: int = 0
    ok: bool = False

    @property
    def added(self) -> int:
        """Return the time that was not spent inside the upstream, for an answer sent at once."""
        return self.end - self.start


def body(order: str, *, stream: bool, size: int = 0) -> bytes:
    """Make a request body of about `size` bytes, like a coding agent's."""
    filler = [
        {"role": "user", "content": "Look at this."},
        {"role": "assistant", "content": "I read: " + "word " * 800},
    ]
    messages = filler * (size // 4096) + [{"role": "user", "content": f"Go on [[bench {order}]]"}]
    fields = {"model": "claude-haiku-4-5", "max_tokens": 64, "stream": stream, "messages": messages}
    return json.dumps(fields, separators=(",", ":")).encode()


class Connection:
    """One connection to the target; its requests run one after the other."""

    def __init__(self, url: str):
        self._host = urlsplit(url).netloc
        parts = urlsplit(url)
        self._address = (parts.hostname, parts.port)
        self._reader: asyncio.StreamReader | None = None

    async def ask(self, data: bytes, leave_after: int | None = None) -> Timed:
        """Send a body and time the answer; with `leave_after`, close after that many events (0: at once)."""
        if self._reader is None:
            self._reader, self._writer = await asyncio.open_connection(*self._address, limit=1 << 22)
        head = (
            f"POST /v1/messages HTTP/1.1\r\nhost: {self._host}\r\nx-api-key: sk-ant-fake-bench\r\n"
            "anthropic-version: 2023-06-01\r\ncontent-type: application/json\r\n"
            f"content-length: {len(data)}\r\n\r\n"
        )
        timed = Timed(time.perf_counter_ns())
        self._writer.write(head.encode() + data)
        if leave_after == 0:
            await asyncio.sleep(0.2)
            self._leave(timed)
        else:
            await self._read(timed, leave_after)
        return timed

    async def _read(self, timed: Timed, leave_after: int | None) -> None:
        assert self._reader is not None
        top = await self._reader.readuntil(b"\r\n\r\n")
        timed.ok = top.startswith(b"HTTP/1.1 200")
        length = re.search(rb"content-length: *(\d+)", top, re.IGNORECASE)
        if length:
            _note(timed, await self._reader.readexactly(int(length[1])))
        tail = b""
        while not length and not tail.endswith(LAST_CHUNK):
            data = await self._reader.read(1 << 18)
            if not data:
                timed.ok = False
                break
            _note(timed, tail[-24:] + data, len(tail[-24:]))
            tail = (tail + data)[-64:]
            if leave_after is not None and len(timed.lags) >= leave_after:
                return self._leave(timed)
        timed.end = time.perf_counter_ns()
        return None

    def _leave(self, timed: Timed) -> None:
        timed.end = time.perf_counter_ns()
        self.close()

    def close(self) -> None:
        """Close the connection."""
        if self._reader is not None:
            self._writer.close()
            self._reader = None


def _note(timed: Timed, data: bytes, seen: int = 0) -> None:
    """Note the events in what was just read; the first `seen` bytes were there before."""
    now = time.perf_counter_ns()
    timed.size += len(data) - seen
    for found in SENT.finditer(data):
        if found.end() > seen:
            timed.sent.append(int(found[1]))
            timed.lags.append(now - int(found[1]))
            timed.first = timed.first or now


async def closed_loop(url: str, data: bytes, connections: int, seconds: float) -> list[Timed]:
    """Ask again and again on so many connections for so long."""
    end = time.monotonic() + seconds

    async def one() -> list[Timed]:
        connection, found = Connection(url), []
        while time.monotonic() < end:
            found.append(await connection.ask(data))
        connection.close()
        return found

    return [timed for found in await asyncio.gather(*(one() for _ in range(connections))) for timed in found]


async def at_once(url: str, data: bytes, streams: int, over_s: float = 1.0) -> list[Timed]:
    """Run so many streams side by side, begun over a second."""

    async def one(number: int) -> Timed:
        await asyncio.sleep(over_s * number / streams)
        connection = Connection(url)
        timed = await connection.ask(data)
        connection.close()
        return timed

    return list(await asyncio.gather(*(one(number) for number in range(streams))))


async def gone(upstream: str) -> list[int]:
    """Ask the upstream when its streams were abandoned."""
    parts = urlsplit(upstream)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(b"GET /gone HTTP/1.1\r\nhost: x\r\n\r\n")
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"content-length: *(\d+)", head)
    text = await reader.readexactly(int(length[1]) if length else 0)
    writer.close()
    return [int(at) for at in text.split(b",") if at]
