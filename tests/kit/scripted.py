"""An upstream whose every byte a test writes: one function answers each connection."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable


class Scripted:
    """Listens on loopback; `answer(connection)` runs in a thread for each connection, after the first request came.

    `requests` are the raw requests, `gone` counts the connections that the other side closed.
    """

    def __init__(self, answer: "Callable[[Line], None]") -> None:
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.requests: list[bytes] = []
        self.connections = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> "Scripted":
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):  # Wakes the thread that waits for the next connection.
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                peer, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(Line(peer, self),), daemon=True).start()

    def _serve(self, line: "Line") -> None:
        with contextlib.suppress(OSError):
            if line.read_request():
                self._answer(line)
        line.close()


class Line:
    """One connection at the scripted upstream."""

    def __init__(self, peer: socket.socket, server: Scripted) -> None:
        self.peer, self._server = peer, server
        self._buffer = b""
        self.request = b""  # The last one.

    def read_request(self) -> bytes:
        """Read one request with a content-length; empty if the other side closed instead."""
        while b"\r\n\r\n" not in self._buffer:
            piece = self.peer.recv(65536)
            if not piece:
                return b""
            self._buffer += piece
        head, _, rest = self._buffer.partition(b"\r\n\r\n")
        length = next(
            (int(x.split(b":")[1]) for x in head.split(b"\r\n") if x.lower().startswith(b"content-length")), 0
        )
        while len(rest) < length:
            rest += self.peer.recv(1 << 20)
        self._buffer = rest[length:]
        request = head + b"\r\n\r\n" + rest[:length]
        self._server.requests.append(request)
        self.request = request
        return request

    def send(self, data: bytes) -> None:
        """Send these bytes."""
        self.peer.sendall(data)

    def chunk(self, data: bytes) -> None:
        """Send these bytes as one chunk."""
        self.send(b"%x\r\n%b\r\n" % (len(data), data))

    def wait_closed(self, seconds: float = 5) -> bool:
        """Wait until the other side closes; whether it did."""
        self.peer.settimeout(seconds)
        try:
            return self.peer.recv(1) == b""
        except TimeoutError:
            return False
        except OSError:
            return True

    def close(self) -> None:
        """Close the connection."""
        with contextlib.suppress(OSError):
            self.peer.shutdown(socket.SHUT_RDWR)
        self.peer.close()


def eventually(holds: Callable[[], bool], seconds: float = 10) -> bool:
    """Wait until something holds; whether it came to."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.01)
    return holds()
