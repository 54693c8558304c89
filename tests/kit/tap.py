"""A tap between a client and a server: passes everything on and keeps the bytes of both ways.

Only the Host header is changed on its way, because bursar answers to its own name alone.
"""

import socket
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass
class Exchange:
    """One request as the client sent it, and all the bytes that came back until the next one."""

    head: bytes
    body: bytes
    answer: bytearray = field(default_factory=bytearray)

    @property
    def line(self) -> str:
        """Return method and target."""
        return self.head.split(b"\r\n", 1)[0].decode().rpartition(" ")[0]


class Tap:
    """Listens on a free port and relays each connection to one server; use as a context manager."""

    def __init__(self, server: str):
        parts = urlsplit(server)
        self._server = (parts.hostname or "", parts.port or 80)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.exchanges: list[Exchange] = []
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> "Tap":
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for opened in self._sockets:
            _close(opened)
        for thread in self._threads:
            thread.join(5)

    def _start(self, target: object, *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client = self._listener.accept()[0]
                server = socket.create_connection(self._server)
            except OSError:
                return
            self._sockets += [client, server]
            current: list[Exchange] = []
            self._start(self._up, client, server, current)
            self._start(self._down, server, client, current)

    def _up(self, client: socket.socket, server: socket.socket, current: list[Exchange]) -> None:
        buffer = bytearray()
        try:
            while exchange := _read_request(client, buffer):
                self.exchanges.append(exchange)
                current.append(exchange)
                server.sendall(_renamed(exchange.head, self._server) + exchange.body)
        except OSError:
            pass
        _close(server)
        _close(client)

    def _down(self, server: socket.socket, client: socket.socket, current: list[Exchange]) -> None:
        try:
            while data := server.recv(1 << 16):
                current[-1].answer += data
                client.sendall(data)
        except OSError:
            pass
        _close(client)


def _read_request(client: socket.socket, buffer: bytearray) -> Exchange | None:
    """Read one request with a length; None when the client has left."""
    while b"\r\n\r\n" not in buffer:
        if not _more(client, buffer):
            return None
    size = buffer.index(b"\r\n\r\n") + 4
    head = bytes(buffer[:size])
    length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    while len(buffer) < size + length:
        if not _more(client, buffer):
            return None
    body = bytes(buffer[size : size + length])
    del buffer[: size + length]
    return Exchange(head, body)


def _more(client: socket.socket, buffer: bytearray) -> bool:
    data = client.recv(1 << 16)
    buffer += data
    return bool(data)


def _renamed(head: bytes, server: tuple[str, int]) -> bytes:
    host = f"Host: {server[0]}:{server[1]}".encode()
    return b"\r\n".join(host if line.lower().startswith(b"host:") else line for line in head.split(b"\r\n"))


def _close(opened: socket.socket) -> None:
    with suppress(OSError):
        opened.shutdown(socket.SHUT_RDWR)
    opened.close()
