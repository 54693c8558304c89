"""Peers: which user of this machine has the other end of a connection, where the system tells: on Linux.

Other users see the addresses that a browser is started with, and can connect to any port of the machine. What only
ever the person's own programs do, a stranger's connection is refused.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

ROOT = 0
_CLOSED = "06"  # TIME_WAIT: of nobody any more.
_PROC = Path("/proc")


def is_stranger_s(port: int, far_port: int = 0, *, me: int | None = None, proc: Path = _PROC) -> bool:
    """Tell whether another user, who is not root, has the socket of a port; `far_port` 0 is one that listens.

    False where nobody tells, and for root: whoever runs bursar as root looks at it as themselves.
    """
    mine = _own_user() if me is None else me
    if mine == ROOT:
        return False
    users = set(_users(port, far_port, proc))
    return bool(users) and not users & {mine, ROOT}


def _own_user() -> int:
    return os.geteuid() if hasattr(os, "geteuid") else ROOT


def _users(port: int, far_port: int, proc: Path) -> Iterator[int]:
    """Give the users of this machine's TCP sockets from one port to another."""
    for table in ("tcp", "tcp6"):  # A program may connect to ::ffff:127.0.0.1.
        with suppress(OSError):
            for line in (proc / "net" / table).read_text("ascii").splitlines()[1:]:
                fields = line.split()
                if (_port(fields[1]), _port(fields[2])) == (port, far_port) and fields[3] != _CLOSED:
                    yield int(fields[7])


def _port(address: str) -> int:
    return int(address.rpartition(":")[2], 16)
