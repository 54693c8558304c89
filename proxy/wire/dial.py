"""Dialling: from an upstream's address to a connected socket, through a proxy and TLS where there is one."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress

from proxy.wire.answer import Origin
from proxy.wire.loop import StreamLoop

MAX_HEAD = 64 * 1024
RACE_S = 0.25
"""How long one of a name's addresses is tried before the next one is tried beside it (RFC 8305)."""


async def dial(loop: StreamLoop, origin: Origin) -> socket.socket:
    """Connect; OSError, ssl.SSLError or ConnectionError says why not."""
    sock = await _connected(loop, *(origin.proxy or (origin.host, origin.port)))
    try:
        if origin.proxy:
            await _tunnel(loop, sock, f"{origin.host}:{origin.port}")
        return await _secured(loop, sock, origin.tls, origin.host) if origin.tls else sock
    except BaseException:
        sock.close()
        raise


async def _connected(loop: StreamLoop, host: str, port: int) -> socket.socket:
    family = _family(host)
    if family is None:
        return await _raced(loop, host, port)
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await loop.sock_connect(sock, (host, port))
    except BaseException:
        sock.close()
        raise
    return sock


async def _raced(loop: StreamLoop, host: str, port: int) -> socket.socket:
    """Look a name up and connect to the first of its addresses that answers; asyncio knows how."""
    transport, _ = await loop.create_connection(_Silent, host, port, happy_eyeballs_delay=RACE_S)
    try:
        sock: socket.socket = transport.get_extra_info("socket").dup()
    finally:
        transport.abort()
    return sock


class _Silent(asyncio.Protocol):
    """Reads nothing: what comes is for the one that the socket is handed to."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.pause_reading()


async def _tunnel(loop: StreamLoop, sock: socket.socket, target: str) -> None:
    """Ask an HTTP proxy for a tunnel (RFC 9110 §9.3.6)."""
    await loop.sock_sendall(sock, f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
    head = b""
    while b"\r\n\r\n" not in head and len(head) <= MAX_HEAD:
        # The other end of the tunnel says nothing before it is spoken to: nothing of its is read here.
        data = await loop.sock_recv(sock, MAX_HEAD)
        if not data:
            raise ConnectionError("the configured proxy closed the connection")
        head += data
    if head.split(None, 2)[1:2] != [b"200"]:
        raise ConnectionError("the configured proxy refused the connection")


async def _secured(loop: StreamLoop, sock: socket.socket, tls: ssl.SSLContext, host: str) -> ssl.SSLSocket:
    # An end that TLS did not announce is an error: it may be anybody's (RFC 9112 §9.8).
    secured = tls.wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False, suppress_ragged_eofs=False)
    try:
        while True:
            try:
                secured.do_handshake()
            except ssl.SSLWantReadError:
                await _until(loop, secured, loop.add_reader, loop.remove_reader)
            except ssl.SSLWantWriteError:
                await _until(loop, secured, loop.add_writer, loop.remove_writer)
            else:
                return secured
    except BaseException:
        secured.close()
        raise


async def _until(
    loop: StreamLoop, sock: socket.socket, watch: Callable[..., object], leave: Callable[[int], object]
) -> None:
    """Wait until a socket can be read, or written, as `watch` and `leave` say."""
    is_ready: asyncio.Future[None] = loop.create_future()
    number = sock.fileno()
    watch(number, lambda: None if is_ready.done() else is_ready.set_result(None))
    try:
        await is_ready
    finally:
        leave(number)


def _family(host: str) -> socket.AddressFamily | None:
    """Tell which kind of address a host is; None for a name."""
    for family in (socket.AF_INET, socket.AF_INET6):
        with suppress(OSError):
            socket.inet_pton(family, host)
            return family
    return None
