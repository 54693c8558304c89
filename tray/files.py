"""Private files: folders and files that only their owner can read or change, written whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from budget.files import write_durably

# Follow no link, and do not wait for the other end of a pipe that somebody put in the file's place.
_CAREFULLY = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


class UnsafeFileError(PermissionError):
    """A file or folder of ours that somebody else could change; the message says how to mend it."""


def private_folder(folder: Path) -> Path:
    """Make the folder with mode 0700, or tighten it if it is ours; raises UnsafeFileError if it is not."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if stat.S_ISLNK(found.st_mode):
        raise UnsafeFileError(f"{folder} is a symbolic link, and bursar follows none; put a folder in its place")
    if not _is_posix():
        return folder
    if found.st_uid != os.geteuid():
        raise UnsafeFileError(f"{folder} belongs to another user (uid {found.st_uid}); bursar will not use it")
    if found.st_mode & 0o077:
        folder.chmod(0o700)
    return folder


def read_private(path: Path) -> bytes:
    """Read a file of ours; raises UnsafeFileError for a link, a foreign owner, or one that others can write to."""
    try:
        handle = os.open(path, os.O_RDONLY | _CAREFULLY)
    except OSError as error:
        if path.is_symlink():
            raise UnsafeFileError(
                f"{path} is a symbolic link, and bursar follows none; put the file itself there"
            ) from error
        raise
    try:
        _check(path, os.fstat(handle))  # First: Python makes no file of a folder, and says that by its number.
    except UnsafeFileError:
        os.close(handle)
        raise
    with os.fdopen(handle, "rb") as file:
        return file.read()


def write_private(path: Path, content: bytes) -> None:
    """Put the content in place of the file, readable by its owner only; after a crash it is the old or the new one."""
    if path.is_symlink():
        raise _linked(path)
    write_durably(path, content)


def _linked(path: Path) -> UnsafeFileError:
    return UnsafeFileError(f"{path} is a symbolic link, and bursar follows none; put the file itself there")


def _check(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise UnsafeFileError(f"{path} is not a plain file")
    if not _is_posix():
        return
    if found.st_uid not in (os.geteuid(), 0):
        raise UnsafeFileError(f"{path} belongs to another user (uid {found.st_uid}); bursar will not read it")
    if found.st_mode & _OTHERS_WRITE:
        raise UnsafeFileError(f"other users can write to {path}; to mend it: chmod 600 '{path}'")


def _is_posix() -> bool:
    return hasattr(os, "geteuid")
