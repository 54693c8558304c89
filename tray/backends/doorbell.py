"""Doorbell: wakes a thread that waits for a socket, from any other thread."""

from __future__ import annotations

import selectors
import socket
from contextlib import suppress


class Doorbell:
    """A pair of sockets; what is rung before anybody waits is heard as soon as somebody does."""

    def __init__(self) -> None:
        self._inside, self._outside = socket.socketpair()
        self._inside.setblocking(False)
        self._outside.setblocking(False)

    def ring(self) -> None:
        """Wake who waits. Ringing twice is ringing once; after `close` nobody hears it."""
        with suppress(OSError):  # Full: it has been rung already.
            self._outside.send(b"!")

    def wait(self, timeout_s: float | None, other: socket.socket | None = None) -> bool:
        """Wait until it rings, `other` can be read, or the time is up; tells whether `other` can be read."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._inside, selectors.EVENT_READ)
            if other is not None:
                selector.register(other, selectors.EVENT_READ)
            ready = {key.fileobj for key, _ in selector.select(timeout_s)}
        if self._inside in ready:
            self._inside.recv(4096)
        return other in ready

    def close(self) -> None:
        """Take it off the wall."""
        self._inside.close()
        self._outside.close()
