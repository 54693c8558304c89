"""Four megabytes kept for a bad day: given up when the disk is full, taken back when there is room again."""

from __future__ import annotations

import os

from budget.files import open_private
from budget.folder import BALLAST_BYTES, Folder

_BLOCK = bytes(2**16)


def load_ballast(folder: Folder) -> None:
    """Fill the file with real bytes, not holes; OSError when the disk has no room, and then nothing is kept."""
    if folder.ballast.exists() and folder.ballast.stat().st_size >= BALLAST_BYTES:
        return
    fd = open_private(folder.ballast, os.O_TRUNC)
    try:
        for _ in range(BALLAST_BYTES // len(_BLOCK)):
            _write_all(fd, _BLOCK)
    except OSError:
        os.ftruncate(fd, 0)
        raise
    finally:
        os.close(fd)


def free_ballast(folder: Folder) -> None:
    """Give the space up; if even that fails there is nothing more to give."""
    folder.ballast.unlink(missing_ok=True)


def _write_all(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]
