"""One connection to an upstream, and the idle ones kept for the next request."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from typing import TYPE_CHECKING

import httptools

from budget.clock import Elapsed, elapsed
from proxy.wire.answer import Headers, Origin
from proxy.wire.dial import dial
from proxy.wire.keepalive import keep_alive
from proxy.wire.loop import StreamLoop
from proxy.wire.transport import SocketTransport

if TYPE_CHECKING:
    from proxy.wire.exchange import Exchange

MAX_HEAD = 64 * 1024
IDLE_S = 30.0
"""How long an idle connection is kept: well under what servers allow, so that none is closed as we write to it."""
MAX_IDLE = 64
STEP = 256 * 1024
"""How much of a large request is handed to the socket at a time, so that no stream waits while it is copied."""


NOTHING = memoryview(b"")
_ONE_CHUNK = re.compile(rb"([1-9a-f][0-9a-f]{0,5})\r\n(.*)\r\n", re.DOTALL).fullmatch
"""A chunk as servers write it, without an extension; an event of a stream comes so, most often by itself."""


class OriginConnection(asyncio.Protocol):
    """Sends one request at a time and hands the answer's parts to its exchange as they arrive."""

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self.transport: asyncio.Transport | None = None
        self.exchange: Exchange | None = None
        self.reusable = True
        self._parser = httptools.HttpResponseParser(self)
        self._headers: Headers = []
        self._parts: list[bytes] = []
        self._overhead = 0
        """Bytes since the last piece of a body: the head, chunk sizes, trailers."""
        self._in_body = False
        self._until_close = False
        self._complete = False
        self._is_between_chunks = False
        self._unsent = NOTHING
        self._is_full = False

    def send(self, exchange: Exchange, head: bytes, body: bytes) -> None:
        """Send one request; its exchange hears of everything that follows."""
        self.exchange = exchange
        self._headers, self._parts, self._overhead = [], [], 0
        self._in_body = self._until_close = self._complete = self._is_between_chunks = False
        first = head + body[:STEP]
        self._unsent = memoryview(body)[STEP:]
        self._write(first)
        self._send_more()

    def detach(self) -> None:
        """Drop the connection: nothing more of it is heard."""
        self.exchange = None
        self.reusable = False
        self._unsent = NOTHING
        if self.transport:
            self.transport.abort()

    # --- asyncio.Protocol ---------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        if sock := transport.get_extra_info("socket"):
            keep_alive(sock)

    def data_received(self, data: bytes) -> None:
        if self.exchange is None:
            self.detach()  # An idle connection that speaks has nothing to say to us.
            return
        chunk = _ONE_CHUNK(data) if self._is_between_chunks else None
        # The parser counts nothing from chunk to chunk, and need not see those that come by themselves.
        if chunk and int(chunk[1], 16) == len(body := chunk[2]):
            self.exchange.origin_chunk(body, data)
        else:
            self._parse(data)

    def _parse(self, data: bytes) -> None:
        self._overhead += len(data)
        self._is_between_chunks = False
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._fail("it changes the protocol, which nobody asked for")
            return
        except httptools.HttpParserError as error:
            self.reusable = False
            if not self._complete:
                self._flush()
                self._fail(f"its answer is not well-formed HTTP: {error}")
                return
        if not self._parts and self._overhead > MAX_HEAD and not self._complete:
            what = "body has over 64 KiB of framing in one place" if self._in_body else "head is over 64 KiB"
            self._fail(f"its answer's {what}")
            return
        # What follows a chunk and ends with a line's end was read as the next one's beginning, or there is nothing.
        self._is_between_chunks = self._is_between_chunks and data.endswith(b"\r\n")
        if self._parts:
            self._flush()
        if self.exchange:
            self.exchange.origin_read()
        if self._complete:
            self._completed()

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.reusable = False
        self._unsent = NOTHING
        if self.exchange is None:
            return
        if self._in_body and self._until_close and exc is None:
            self._completed()
        else:
            self._fail(f"it closed the connection ({exc or 'end of stream'})")

    def pause_writing(self) -> None:
        self._is_full = True

    def resume_writing(self) -> None:
        self._is_full = False
        self._send_more()

    # --- httptools ----------------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if self._complete:
            raise ValueError("more than was asked for")

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_body:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if 100 <= status < 200:
            self._headers = []
            return
        self._in_body = True
        self._until_close = _is_closed_by_eof(self._headers)
        self.reusable = self._parser.should_keep_alive() and not self._until_close
        if self.exchange:
            self.exchange.origin_head(status, self._headers)

    def on_body(self, body: bytes) -> None:
        self._overhead = 0
        self._parts.append(body)

    def on_chunk_header(self) -> None:
        self._is_between_chunks = False

    def on_chunk_complete(self) -> None:
        self._is_between_chunks = True

    def on_message_complete(self) -> None:
        if self._in_body:
            self._complete = True

    # --- private ------------------------------------------------------------------------------------------------

    def _send_more(self) -> None:
        while self._unsent and not self._is_full:
            piece, self._unsent = self._unsent[:STEP], self._unsent[STEP:]
            self._write(piece)
        if not self._unsent:
            self._unsent = NOTHING  # An empty view would keep the whole of what it looked at.

    def _write(self, data: bytes | memoryview) -> None:
        if self.transport and not self.transport.is_closing():
            self.transport.write(data)

    def _flush(self) -> None:
        if self._parts and self.exchange:
            data = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
            self._parts = []
            self.exchange.origin_data(data)

    def _completed(self) -> None:
        exchange, self.exchange = self.exchange, None
        self.reusable = self.reusable and not self._unsent
        if exchange:
            exchange.origin_complete(self)

    def _fail(self, why: str) -> None:
        exchange, self.exchange = self.exchange, None
        self.detach()
        if exchange:
            exchange.origin_failed(why)


class Origins:
    """The idle connections, by origin; used from the loop's thread only.

    They grow old while the machine sleeps, too, which the loop's own clock does not notice.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, elapsed: Elapsed = elapsed) -> None:
        self._loop, self._elapsed = loop, elapsed
        self._idle: dict[Origin, list[tuple[float, OriginConnection]]] = defaultdict(list)

    def take(self, origin: Origin) -> OriginConnection | None:
        """Give the idle connection that was used last, if one is still good."""
        idle = self._idle[origin]
        while idle:
            since, connection = idle.pop()
            fresh = self._elapsed() - since < IDLE_S
            if fresh and connection.reusable and connection.transport and not connection.transport.is_closing():
                return connection
            connection.detach()
        return None

    def give(self, connection: OriginConnection) -> None:
        """Keep a connection whose answer is complete, or close it."""
        idle = self._idle[connection.origin]
        if connection.reusable and len(idle) < MAX_IDLE:
            idle.append((self._elapsed(), connection))
        else:
            connection.detach()

    def drop(self) -> None:
        """Close all idle connections: after sleep they are dead without having said so."""
        for idle in self._idle.values():
            for _, connection in idle:
                connection.detach()
        self._idle.clear()

    async def connect(self, origin: Origin) -> OriginConnection:
        """Open a connection; OSError, ssl.SSLError or ConnectionError says why not."""
        if isinstance(self._loop, StreamLoop):
            connection, sock = OriginConnection(origin), await dial(self._loop, origin)
            try:
                SocketTransport(self._loop, sock, connection)
            except OSError:  # It was reset meanwhile: getpeername(2).
                sock.close()
                raise
            return connection
        if origin.proxy:
            return await self._connect_through(origin)
        _, connection = await self._loop.create_connection(
            lambda: OriginConnection(origin),
            origin.host,
            origin.port,
            ssl=origin.tls,
            server_hostname=origin.host if origin.tls else None,
            happy_eyeballs_delay=0.25,
        )
        return connection

    async def _connect_through(self, origin: Origin) -> OriginConnection:
        assert origin.proxy is not None
        asked: asyncio.Future[None] = self._loop.create_future()
        transport, _ = await self._loop.create_connection(lambda: _Tunnel(origin, asked), *origin.proxy)
        try:
            await asked
        except BaseException:
            transport.abort()
            raise
        connection = OriginConnection(origin)
        if origin.tls is None:
            transport.set_protocol(connection)
            connection.connection_made(transport)
            return connection
        secured = await self._loop.start_tls(transport, connection, origin.tls, server_hostname=origin.host)
        assert secured is not None
        connection.connection_made(secured)
        return connection


class _Tunnel(asyncio.Protocol):
    """Asks an HTTP proxy for a tunnel to the origin."""

    def __init__(self, origin: Origin, asked: asyncio.Future[None]) -> None:
        self._asked = asked
        self._target = f"{origin.host}:{origin.port}"
        self._seen = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(f"CONNECT {self._target} HTTP/1.1\r\nHost: {self._target}\r\n\r\n".encode())

    def data_received(self, data: bytes) -> None:
        self._seen += data
        if (b"\r\n\r\n" in self._seen or len(self._seen) > MAX_HEAD) and not self._asked.done():
            parts = self._seen.split(None, 2)
            if len(parts) > 1 and parts[1] == b"200":
                self._asked.set_result(None)
            else:
                self._asked.set_exception(ConnectionError("the configured proxy refused the connection"))

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._asked.done():
            self._asked.set_exception(ConnectionError("the configured proxy closed the connection"))


def _is_closed_by_eof(headers: Headers) -> bool:
    names = {name.lower() for name, _ in headers}
    return b"content-length" not in names and b"transfer-encoding" not in names
