"""Keepalive: the system asks a silent connection's other end whether it is still there.

After a sleep of the machine, or on another network, the other end has often gone without a word, and one who only
reads would wait for as long as a slow answer may take. The system does the asking; a busy server need not notice it.
"""

from __future__ import annotations

import socket
from contextlib import suppress

IDLE_S, AGAIN_S, TRIES = 30, 10, 3
"""Silent for so long, it is asked, again and again, so often; the connection is lost a minute after the last word."""

# macOS has another name for the first.
_OPTIONS = (("TCP_KEEPIDLE", IDLE_S), ("TCP_KEEPALIVE", IDLE_S), ("TCP_KEEPINTVL", AGAIN_S), ("TCP_KEEPCNT", TRIES))


def keep_alive(sock: socket.socket) -> None:
    """Have the system watch over a connection; one that it cannot watch is only given up later."""
    with suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _OPTIONS:
            if hasattr(socket, name):
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
