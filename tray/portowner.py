"""Who has a port: the name and number of the process, where the system tells."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

LISTENING = "0A"


def port_owner(port: int, proc: Path = Path("/proc")) -> str | None:
    """Name the process that listens on a port of this machine, as "nginx (process 123)"; None where nobody tells.

    Linux only, and of other users' processes only root is told.
    """
    inodes = {f"socket:[{inode}]" for inode in _listening(port, proc)}
    if not inodes:
        return None
    for process in proc.glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if any(str(link.readlink()) in inodes for link in (process / "fd").iterdir()):
                return f"{(process / 'comm').read_text().strip()} (process {process.name})"
    return None


def _listening(port: int, proc: Path) -> Iterator[str]:
    """Give the inodes of the sockets that listen on a port."""
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            for line in (proc / "net" / table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                    yield fields[9]
