"""One agent's connection: requests in by strict framing, answers out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING

import httptools

from proxy.wire.answer import Head, Headers, Whole
from proxy.wire.framing import MAX_BODY, MAX_HEAD, WireRequest, framing_fault, framing_of, has_body

if TYPE_CHECKING:
    from proxy.wire.hub import Hub

HEAD_S = 30.0
"""To send a request's head, and between two pieces of its body."""
FLUSH_S = 30.0
"""How long a closed connection may take to send what was written."""
MOST_PIECES = 4096
"""Pieces of a body before they are joined: one in chunks of a byte would take fifty times its size."""
IDLE_S = 300.0
"""Between two requests of one connection."""


Gate = Callable[[WireRequest], Whole | None]


class Client(asyncio.Protocol):
    """Reads one request at a time; while one is answered nothing else is read but its end.

    A second request sent before the first one's answer (pipelining) is dropped and the connection closed after the
    answer: no agent does it, and request smuggling needs it.
    """

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.transport: asyncio.Transport | None = None
        self.request: WireRequest | None = None
        self.busy = False
        """A request is being answered."""
        self.gone = False
        self.peer_port = 0
        self.heard = 0.0
        """When it last sent anything or was answered, by the loop's clock."""
        self.on_gone: Callable[[], None] | None = None
        self.on_room: Callable[[], None] | None = None
        self.is_full = False
        """The agent reads more slowly than it is written to."""
        self._head: Head | None = None
        self._held = b""
        self._refused = False
        self._close_after = False
        self._body: list[bytes] = []
        self._body_size = 0
        self._in_head = True
        self._overhead = 0
        """Bytes since the request began, or since the last piece of its body: its head, chunk sizes, trailers."""
        self.is_chunked = False
        """The answer that was opened goes out in chunks."""
        self._timer: asyncio.TimerHandle | None = None
        self._parser = httptools.HttpRequestParser(self)

    # --- asyncio.Protocol ---------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.peer_port = (transport.get_extra_info("peername") or ("", 0))[1]
        self._expire_after(HEAD_S)
        if not self.hub.admit(self):
            self._refuse(
                HTTPStatus.SERVICE_UNAVAILABLE, "too many requests run at once; try again when some have ended"
            )

    def data_received(self, data: bytes) -> None:
        if self.busy or self._refused:
            self._close_after = True
            return
        self._expire_after(HEAD_S)
        self._overhead += len(data)
        try:
            self._feed(data)
        except httptools.HttpParserError as error:
            self._misread(error)
        else:
            if self._overhead > MAX_HEAD and not self.busy:
                self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "the request's head is over 64 KiB")

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.gone = True
        self.hub.clients.discard(self)
        self._cancel_timer()
        # The parser and this refer to each other: what else they keep stays until Python looks for such rings.
        self.request, self._body = None, []
        if self.on_gone:
            self.on_gone()

    def pause_writing(self) -> None:
        self.is_full = True

    def resume_writing(self) -> None:
        self.is_full = False
        if self.on_room:
            self.on_room()

    # --- httptools ----------------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if self.busy or self._refused:
            self._close_after = True
            return
        self.request = WireRequest(b"", b"", [], peer_port=self.peer_port)
        self._body, self._body_size = [], 0

    def on_url(self, url: bytes) -> None:
        if self.request and not self.busy:
            self.request.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        # What comes as a trailer was not there when the head was checked, and is dropped.
        if self._in_head and self.request and not self.busy:
            self.request.headers.append((name, value))

    def on_headers_complete(self) -> None:
        if self.busy or self._refused or self.request is None:
            return
        request = self.request
        self._in_head = False
        request.method = self._parser.get_method()
        request.version = self._parser.get_http_version()
        request.keep_alive = request.version == "1.1" and self._parser.should_keep_alive()
        request.lower = {name.lower(): value for name, value in request.headers}
        fault = framing_fault(request)
        if fault:
            self._refuse(*fault)
        elif refusal := self.hub.gate(request):
            self._answer_and_close(refusal)
        elif request.lower.get(b"expect", b"").lower() == b"100-continue":
            self.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        if self.busy or self._refused:
            return
        self._overhead = 0
        self._body_size += len(body)
        if self._body_size > MAX_BODY:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the request is larger than 33 MiB")
            return
        self._body.append(body)
        if len(self._body) == MOST_PIECES:
            self._body = [b"".join(self._body)]

    def on_message_complete(self) -> None:
        if self.busy or self._refused or self.request is None:
            return
        if self._parser.should_upgrade() and has_body(self.request):
            return  # Only its head: the parser would take its body for the other protocol.
        self.request.body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        self._body = []
        self.busy = True
        self._cancel_timer()
        self.hub.dispatch(self, self.request)

    # --- answering ----------------------------------------------------------------------------------------------

    @property
    def opened(self) -> bool:
        """Whether an answer's head has been sent."""
        return self._head is not None

    def write(self, data: bytes) -> None:
        """Write raw bytes, and the head that waits for them, unless the agent has left."""
        transport = self.transport
        if self._held:
            data, self._held = self._held + data, b""
        if transport and not self.gone and not transport.is_closing():
            transport.write(data)

    def write_held(self) -> None:
        """Send a head that waited for data and got none."""
        if self._held:
            self.write(b"")

    def send_whole(self, whole: Whole) -> None:
        """Send a complete answer and be ready for the next request."""
        body = b"" if self.request and self.request.method == b"HEAD" else whole.body
        length = [(b"content-length", str(len(whole.body)).encode())]
        self._head = Head(whole.status, whole.headers)
        self.is_chunked = False
        self.write(self._head_bytes(whole.status, whole.headers + length) + body)
        self.done()

    def send_head(self, head: Head, *, waits: bool = False) -> None:
        """Open an answer of unknown length; a head that `waits` goes out with the next bytes, or by `write_held`."""
        self._head = head
        self.is_chunked = bool(self.request and self.request.version == "1.1")
        if not self.is_chunked:
            self._close_after = True
        framing = [(b"transfer-encoding", b"chunked")] if self.is_chunked else []
        self._held = self._head_bytes(head.status, head.headers + framing)
        if not waits:
            self.write_held()

    def send_data(self, data: bytes) -> None:
        """Send a piece of an opened answer at once."""
        if data:
            self.write(self._framed(data))

    def send_chunk(self, chunk: bytes) -> None:
        """Send a piece of an answer in chunks that is framed already."""
        if self.transport and not self.gone:
            self.transport.write(chunk)

    def end(self, data: bytes = b"") -> None:
        """End an opened answer cleanly."""
        self.write(self._framed(data) + (b"0\r\n\r\n" if self.is_chunked else b""))
        self.done()

    def break_off(self, data: bytes = b"") -> None:
        """End an opened answer so that no client takes it for complete: by closing without the last chunk."""
        self.write(self._framed(data))
        self.close()

    def done(self) -> None:
        """Be ready for the next request, or close."""
        keep = self.request is not None and self.request.keep_alive and not self._close_after and not self.hub.draining
        self.request, self._head, self.on_gone, self.on_room = None, None, None, None
        self.busy, self._in_head, self._overhead = False, True, 0
        if keep:
            self._expire_after(IDLE_S)
        else:
            self.close()

    def close(self) -> None:
        """Close after what was written has been sent, or after a while if the agent does not take it."""
        self._refused = True
        if self.transport:
            self.transport.close()
            if self.transport.get_write_buffer_size():
                self.hub.loop.call_later(FLUSH_S, self.abort)

    def abort(self) -> None:
        """Close at once."""
        if self.transport:
            self.transport.abort()

    # --- private ------------------------------------------------------------------------------------------------

    def _feed(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            # A client may offer another protocol (Java's does with every request), and need not be heard.
            self._close_after = True
            if self.request and not self.busy and not self._refused:
                self._parser = httptools.HttpRequestParser(_BodyOnly(self))
                self._parser.feed_data(framing_of(self.request))
                self._feed(data[offer.args[0] :])

    def _framed(self, data: bytes) -> bytes:
        if not data:
            return b""
        return b"%x\r\n%b\r\n" % (len(data), data) if self.is_chunked else data

    def _head_bytes(self, status: int, headers: Headers) -> bytes:
        lines = [_status_line(status)]
        lines += [name + b": " + value + b"\r\n" for name, value in headers]
        if self._close_after or self.hub.draining or (self.request and not self.request.keep_alive):
            lines.append(b"connection: close\r\n")
        lines.append(b"\r\n")
        return b"".join(lines)

    def _misread(self, error: httptools.HttpParserError) -> None:
        if self.busy:
            self._close_after = True  # What follows a request takes nothing from its answer.
        else:
            self._refuse(HTTPStatus.BAD_REQUEST, f"not a well-formed HTTP/1.1 request: {error}")

    def _refuse(self, status: int, message: str) -> None:
        self._answer_and_close(self.hub.wording(status, message))

    def _answer_and_close(self, whole: Whole) -> None:
        if self._refused:
            return
        self._close_after = self._refused = True
        if self.request and self.request.method == b"HEAD":
            whole = Whole(whole.status, whole.headers)
        length = [(b"content-length", str(len(whole.body)).encode())]
        self.write(self._head_bytes(whole.status, whole.headers + length) + whole.body)
        self._linger()

    def _linger(self) -> None:
        # Closing with unread bytes in the socket would reset the connection and take our answer with it.
        if self.transport and self.transport.can_write_eof():
            self.transport.write_eof()
        self._cancel_timer()
        self._timer = self.hub.loop.call_later(1.0, self.close)

    def _expire_after(self, seconds: float) -> None:
        self.heard = self.hub.loop.time()
        self._expires = self.heard + seconds
        if self._timer is None:
            self._timer = self.hub.loop.call_later(seconds, self._tick)

    def _tick(self) -> None:
        self._timer = None
        if self.busy or self.gone:
            return
        left = self._expires - self.hub.loop.time()
        if left > 0:
            self._timer = self.hub.loop.call_later(left, self._tick)
        else:
            self.close()

    def _cancel_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None


class _BodyOnly:
    """What a parser tells that begins in the middle of a request."""

    def __init__(self, client: Client) -> None:
        self.on_body, self.on_message_complete = client.on_body, client.on_message_complete


_STATUS_LINES: dict[int, bytes] = {}


def _status_line(status: int) -> bytes:
    line = _STATUS_LINES.get(status)
    if line is None:
        try:
            phrase = HTTPStatus(status).phrase
        except ValueError:
            phrase = "Unknown"
        line = _STATUS_LINES[status] = f"HTTP/1.1 {status} {phrase}\r\n".encode()
    return line
