"""Files that survive: written aside, synced, renamed; private to the person; never through a symbolic link."""

from __future__ import annotations

import os
import sys
from pathlib import Path

FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)


def private_folder(path: Path) -> Path:
    """Make a folder that only its owner may enter, or tighten it."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.name == "posix" and path.stat().st_mode & 0o077:
        path.chmod(0o700)
    return path


def open_private(path: Path, extra: int = 0) -> int:
    """Open or create a file that only its owner may read; raises OSError for a symbolic link."""
    return os.open(path, FLAGS | extra, 0o600)


def write_all(fd: int, content: bytes) -> None:
    """Write all of it, or raise OSError: a disk that gets full takes a part, and says no more of it than how much."""
    while content:
        content = content[os.write(fd, content) :]


def sync(fd: int) -> None:
    """Bring a file to the medium itself; macOS needs more than fsync for that."""
    if sys.platform == "darwin":
        import fcntl

        fcntl.fcntl(fd, fcntl.F_FULLFSYNC)
    else:
        os.fsync(fd)


def sync_folder(path: Path) -> None:
    """Make renames in a folder durable; Windows does that by itself and cannot open folders."""
    if os.name == "nt":
        return
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def write_durably(path: Path, content: bytes) -> None:
    """Replace a file so that after any crash either the old or the new content is there, whole."""
    aside = path.with_name(path.name + ".new")
    fd = open_private(aside, os.O_TRUNC)
    try:
        write_all(fd, content)
        sync(fd)
    finally:
        os.close(fd)
    aside.replace(path)
    sync_folder(path.parent)
