"""The door: where agents' connections come in."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from proxy.wire.crowd import OUT_OF_DESCRIPTORS
from proxy.wire.loop import StreamLoop
from proxy.wire.transport import SocketTransport

ACCEPTED_AT_ONCE = 16
BACKLOG = 1024
AGAIN_S = 1.0
"""So long nobody is let in when there is nothing to do it with."""
_LEFT = (errno.ECONNABORTED, errno.EPROTO, errno.ENOTCONN, errno.EINVAL)
"""Who knocked has gone again: accept(2), getpeername(2)."""

Guest = Callable[[], asyncio.Protocol]


class Door(Protocol):
    """Lets connections in, each to a protocol of its own, until it is closed."""

    async def open(self) -> None:
        """Let in who comes from now on."""

    async def close(self) -> None:
        """Let nobody in any more, and close the listening socket."""


def door(loop: asyncio.AbstractEventLoop, listener: socket.socket, guest: Guest) -> Door:
    """Make the door that suits a loop."""
    return OwnDoor(loop, listener, guest) if isinstance(loop, StreamLoop) else AsyncioDoor(loop, listener, guest)


class OwnDoor:
    """Gives each connection a transport of ours."""

    def __init__(self, loop: StreamLoop, listener: socket.socket, guest: Guest) -> None:
        self._loop, self._listener, self._guest = loop, listener, guest
        self._again: asyncio.TimerHandle | None = None

    async def open(self) -> None:
        """Let in who comes from now on."""
        self._listener.listen(BACKLOG)
        self._watch()

    async def close(self) -> None:
        """Let nobody in any more, and close the listening socket."""
        if self._again:
            self._again.cancel()
        if self._listener.fileno() >= 0:
            self._loop.remove_reader(self._listener.fileno())
            self._listener.close()

    def _watch(self) -> None:
        self._loop.add_reader(self._listener.fileno(), self._accept)

    def _accept(self) -> None:
        for _ in range(ACCEPTED_AT_ONCE):
            try:
                sock, _ = self._listener.accept()
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                if error.errno not in _LEFT:
                    self._rest(error)
                return
            self._let_in(sock)

    def _let_in(self, sock: socket.socket) -> None:
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            SocketTransport(self._loop, sock, self._guest())
        except OSError as error:
            sock.close()
            if error.errno not in _LEFT:
                self._loop.call_exception_handler({"message": "a connection was not let in", "exception": error})

    def _rest(self, error: OSError) -> None:
        self._loop.call_exception_handler({"message": "nobody can be let in", "exception": error})
        if error.errno in OUT_OF_DESCRIPTORS or error.errno in (errno.ENOBUFS, errno.ENOMEM):
            self._loop.remove_reader(self._listener.fileno())
            self._again = self._loop.call_later(AGAIN_S, self._watch)


class AsyncioDoor:
    """Gives each connection a transport of asyncio's."""

    def __init__(self, loop: asyncio.AbstractEventLoop, listener: socket.socket, guest: Guest) -> None:
        self._loop, self._listener, self._guest = loop, listener, guest
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Let in who comes from now on."""
        # Out of descriptors, asyncio (3.11 to 3.13) tries again and complains as often as this backlog says.
        self._server = await self._loop.create_server(self._guest, sock=self._listener, backlog=ACCEPTED_AT_ONCE)
        self._listener.listen(BACKLOG)

    async def close(self) -> None:
        """Close the door, behind those who are in it.

        asyncio forgets a connection that it has accepted but not yet set up when its server is closed (Python 3.11 to
        3.13: `Server._attach` fails unheard): that agent would wait, unread, for as long as the process lives.
        """
        if self._listener.fileno() >= 0:
            with suppress(NotImplementedError):  # Windows: accepted connections are set up at once.
                self._loop.remove_reader(self._listener.fileno())
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        if self._server:
            self._server.close()
