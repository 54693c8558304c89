"""HTTP/1.1 for the fake Claude, down to the bytes: requests kept as they came, clients watched while they wait."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

REASONS = {200: "OK", 307: "Temporary Redirect", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found"}
MOST_BODY = 64 << 20
MOST_SENT = 4 << 20


class ClientGoneError(ConnectionError):
    """The client closed its connection before the answer was complete."""


class BadFramingError(ValueError):
    """The bytes are no HTTP request this server understands."""


@dataclass
class Request:
    """One request; `head` is every byte up to and with the empty line, `body` is without chunk framing."""

    head: bytes
    body: bytes
    connection: int
    chunked: bool = False
    method: str = ""
    target: str = ""
    headers: dict[str, str] = field(default_factory=dict)  # Names in lower case.

    def __post_init__(self) -> None:
        lines = self.head.decode("latin-1").split("\r\n")
        self.method, self.target, _ = lines[0].split(" ", 2)
        pairs = (line.partition(":") for line in lines[1:] if line)
        self.headers = {name.strip().lower(): value.strip() for name, _, value in pairs}

    @property
    def path(self) -> str:
        """Return the target without its query."""
        return self.target.partition("?")[0]


class Connection(asyncio.Protocol):
    """One client: buffers what comes, says when it is gone, serves its requests in turn."""

    def __init__(self, number: int, answer: Callable[[Request, "Connection"], Awaitable[None]]):
        self.number = number
        self.gone = False
        self.keep_alive = True
        self.sent = bytearray()  # Of the current answer, its first megabytes.
        self._answer = answer
        self._buffer = bytearray()
        self._changed = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to serve."""
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._task = asyncio.get_running_loop().create_task(self._serve())

    def data_received(self, data: bytes) -> None:
        """Keep what came."""
        self._buffer += data
        self._changed.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wake whoever waits for this client."""
        self.gone = True
        self._changed.set()
        self._room.set()

    def pause_writing(self) -> None:
        """The client reads more slowly than we write."""
        self._room.clear()

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._room.set()

    async def send(self, data: bytes) -> None:
        """Write, waiting while the client is slow; raises ClientGoneError."""
        if self.gone or self.transport.is_closing():
            raise ClientGoneError
        self.transport.write(data)
        if len(self.sent) < MOST_SENT:
            self.sent += data
        if not self._room.is_set():
            await self._room.wait()

    async def pause(self, seconds: float) -> None:
        """Sleep, unless the client leaves meanwhile: then raise ClientGoneError at once."""
        if seconds < 0.05:
            await asyncio.sleep(seconds)
        else:
            end = asyncio.get_running_loop().time() + seconds
            while not self.gone and (left := end - asyncio.get_running_loop().time()) > 0:
                await self._wait(left)
        if self.gone:
            raise ClientGoneError

    async def _wait(self, seconds: float | None = None) -> None:
        self._changed.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            pass

    def drop(self, *, rudely: bool = False) -> None:
        """Close now, with a FIN after what was written, or with an RST that may overtake it."""
        self.keep_alive = False
        if rudely:
            sock: socket.socket = self.transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.transport.abort()
        else:
            self.transport.close()

    async def _serve(self) -> None:
        try:
            while self.keep_alive:
                request = await self._read()
                self.keep_alive = request.headers.get("connection", "").lower() != "close"
                await self._answer(request, self)
        except (BadFramingError, ValueError):
            self.transport.write(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        except ClientGoneError:
            pass
        finally:
            self.transport.close()

    async def _read(self) -> Request:
        while not self._buffer:
            await self._more()
        if not self._buffer[:1].isalpha():
            raise BadFramingError  # TLS where there is none, for example.
        head = await self._take_until(b"\r\n\r\n")
        request = Request(head, b"", self.number)
        if request.headers.get("expect", "").lower() == "100-continue":
            await self.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        if "chunked" in request.headers.get("transfer-encoding", "").lower():
            request.chunked = True
            request.body = await self._take_chunks()
        else:
            length = int(request.headers.get("content-length", 0))
            if length > MOST_BODY:
                raise BadFramingError
            request.body = await self._take(length)
        return request

    async def _take_chunks(self) -> bytes:
        parts = []
        while size := int((await self._take_until(b"\r\n")).split(b";")[0], 16):
            parts.append(await self._take(size))
            await self._take(2)
        while await self._take_until(b"\r\n") != b"\r\n":
            pass
        return b"".join(parts)

    async def _take(self, size: int) -> bytes:
        while len(self._buffer) < size:
            await self._more()
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data

    async def _take_until(self, mark: bytes) -> bytes:
        while (at := self._buffer.find(mark)) < 0:
            if len(self._buffer) > 1 << 20:
                raise BadFramingError
            await self._more()
        return await self._take(at + len(mark))

    async def _more(self) -> None:
        if self.gone:
            raise ClientGoneError
        await self._wait()


def head(status: int, headers: list[tuple[str, str]], version: str = "HTTP/1.1") -> bytes:
    """Spell the first line and the headers of an answer."""
    lines = [f"{version} {status} {REASONS.get(status, 'Status')}"] + [f"{name}: {value}" for name, value in headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def chunk(data: bytes) -> bytes:
    """Frame one chunk of a chunked body; of nothing, the last one."""
    return b"%x\r\n%b\r\n" % (len(data), data)
