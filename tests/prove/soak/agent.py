"""An agent of the soak: sends one call after the other, leaves where the call says so, and tells what came back."""

from __future__ import annotations

import asyncio
import re
import socket
import struct
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.prove.soak.calls import Call

LAST_CHUNK = b"0\r\n\r\n"
LAST_EVENTS = (b"message_stop", b"[DONE]", b"event: error")
PATIENCE_S = 90.0
MOST_SAID = 300
_LENGTH = re.compile(rb"\ncontent-length: *(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\ntransfer-encoding: *chunked", re.IGNORECASE)
_UPSTREAM_ID = re.compile(rb"\nrequest-id: *([!-~]+)", re.IGNORECASE)
_PACKED = re.compile(rb"\ncontent-encoding:", re.IGNORECASE)


@dataclass
class Told:
    """What came back: status 0 is no answer at all; a whole one is complete by its framing."""

    status: int = 0
    is_whole: bool = False
    is_stream: bool = False
    has_ended: bool = False
    """Its stream brought the last event."""
    upstream_id: str = ""
    refusal: str = ""
    """The body of an answer that is no success, as far as it is worth reading."""
    hung: bool = False
    seconds: float = 0.0

    @property
    def word(self) -> str:
        """Say it in a word."""
        return "hung" if self.hung else "left" if not self.status else f"{self.status}{'' if self.is_whole else ' cut'}"


class Agent:
    """Keeps its connection for the next call as long as that is good."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname, parts.port)
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, call: Call) -> Told:
        """Send a call and read what comes back."""
        told, began = Told(), time.monotonic()
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._ask(call, told)
        except TimeoutError:
            told.hung = True
        except (OSError, asyncio.IncompleteReadError):
            pass
        told.seconds = time.monotonic() - began
        if call.leave or not told.is_whole or call.kind == "wire":
            self.close(rudely=call.leave == "rude")
        return told

    def close(self, *, rudely: bool = False) -> None:
        """Leave, with an end or with a reset."""
        streams, self._streams = self._streams, None
        if streams is None:
            return
        if rudely:
            sock = streams[1].get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        streams[1].close()

    async def _ask(self, call: Call, told: Told) -> None:
        if self._streams is None:
            self._streams = await asyncio.open_connection(*self._address, limit=1 << 22)
        reader, writer = self._streams
        if call.leave in ("head", "body"):
            whole = call.wire.index(b"\r\n\r\n")
            writer.write(call.wire[: whole // 2 if call.leave == "head" else (whole + len(call.wire)) // 2])
            return await writer.drain()
        writer.write(call.wire)
        if call.leave in ("waiting", "unread"):
            return await asyncio.sleep(0.3)
        return await _read(reader, call, told)


async def _read(reader: asyncio.StreamReader, call: Call, told: Told) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    while head[9:10] == b"1":
        head = await reader.readuntil(b"\r\n\r\n")
    told.status = int(head[9:12])
    told.is_stream = b"text/event-stream" in head
    found = _UPSTREAM_ID.search(head)
    told.upstream_id = found[1].decode() if found else ""
    length = _LENGTH.search(head)
    if call.wire.startswith(b"HEAD"):
        told.is_whole = True
    elif length:
        body = await reader.readexactly(int(length[1]))
        told.refusal = body[:MOST_SAID].decode(errors="replace") if told.status >= 400 else ""
        told.is_whole = True
    else:
        await _read_stream(reader, call, told, is_chunked=bool(_CHUNKED.search(head)))
    told.has_ended = told.has_ended or bool(_PACKED.search(head))


async def _read_stream(reader: asyncio.StreamReader, call: Call, told: Told, *, is_chunked: bool) -> None:
    tail, size = b"", 0
    while not tail.endswith(LAST_CHUNK):
        data = await reader.read(512 if call.leave == "slow" else 1 << 18)
        size += len(data)
        if not data:
            told.is_whole = not is_chunked
            return
        tail = tail[-256:] + data
        told.has_ended = told.has_ended or any(mark in tail for mark in LAST_EVENTS)
        if call.leave == "slow":
            await asyncio.sleep(0.02)
        if call.leave == "first" or (call.leave in ("middle", "rude") and size > 2500):
            return
    told.is_whole = is_chunked
