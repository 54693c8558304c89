"""Restrictions: which sessions are restricted, kept from one start to the next."""

from __future__ import annotations

import logging
import os
import re
import threading
from pathlib import Path

from budget.files import open_private, private_folder, sync, write_all, write_durably

MOST_KEPT = 4096
"""Sessions; the longest restricted are forgotten first."""
MOST_BYTES = 4 * 2**20

_NAME = re.compile(r"[!-~]+")

log = logging.getLogger(__name__)


class Restrictions:
    """The names of restricted sessions; safe from any thread. Without a path they are kept for this run only.

    A restart must not open what was closed: a sub-agent, or a conversation that was summarised meanwhile, brings
    nothing again by which it could be known. The names lie in a file that only its owner can read, one on each line,
    each written as soon as it is known; it has no word of any prompt. As long as the file is there and cannot be
    understood, it may have had any name: all sessions are then taken for restricted.
    """

    def __init__(self, path: Path | None = None, *, most: int = MOST_KEPT) -> None:
        self._path, self._most = path, most
        self._lock = threading.Lock()
        self._names: dict[str, None] = {}
        self._unwritten: dict[str, None] = {}
        self._lines = 0
        self._is_unclear = not self._read()
        if self._is_unclear and path is not None:
            log.warning("%s cannot be read: until it can, or is deleted, all are taken for restricted sessions", path)

    def __contains__(self, session: str) -> bool:
        return session in self._names or (self._is_unclear and self._stays_unclear(session))

    def add(self, session: str) -> None:
        """Restrict a session for good."""
        with self._lock:
            if session not in self._names:
                self._know([session])
                self._unwritten[session] = None
            if self._unwritten and self._path is not None:
                self._keep(self._path)

    @property
    def problem(self) -> str:
        """Say in a sentence why not all of it is kept, or more than is known is restricted; empty if all is well."""
        if self._is_unclear and self._stays_unclear(""):
            return f"{self._path} cannot be read: until it can, or is deleted, every session counts as restricted"
        if self._unwritten and self._path is not None:
            return f"{self._path} cannot be written: which sessions are restricted may be forgotten at the next start"
        return ""

    def _stays_unclear(self, session: str) -> bool:
        with self._lock:
            self._is_unclear = self._is_unclear and not self._read()
            return self._is_unclear or session in self._names

    def _read(self) -> bool:
        """Read the file; False if it is there and is no list of names."""
        try:
            found = _lines_of(self._path) if self._path else []
        except (OSError, ValueError):
            return False
        self._know(found)
        self._lines = len(found)
        return True

    def _know(self, names: list[str]) -> None:
        self._names.update(dict.fromkeys(names))
        while len(self._names) > self._most:
            del self._names[next(iter(self._names))]

    def _keep(self, path: Path) -> None:
        try:
            self._write(path, list(self._unwritten))
            self._unwritten = {}
        except OSError as error:
            # It is still known until the end of this run, and is written with the next one, or when it is seen again.
            log.warning("that a session is restricted cannot be kept: %s", error)
            while len(self._unwritten) > self._most:
                del self._unwritten[next(iter(self._unwritten))]

    def _write(self, path: Path, names: list[str]) -> None:
        private_folder(path.parent)
        if self._lines >= 2 * self._most:
            write_durably(path, "".join(f"{name}\n" for name in self._names).encode())
            self._lines = len(self._names)
            return
        _append(path, "".join(f"{name}\n" for name in names).encode())
        self._lines += len(names)


def is_readable(path: Path) -> bool:
    """Tell whether a file of names can be understood; one that is not there can."""
    try:
        _lines_of(path)
    except (OSError, ValueError):
        return False
    return True


def _append(path: Path, lines: bytes) -> None:
    """Append whole lines, durably, or nothing: half a name would spoil the next one too."""
    fd = open_private(path, os.O_APPEND)
    try:
        size = os.fstat(fd).st_size
        is_cut = size > 0 and not _ends_a_line(path)
        try:
            write_all(fd, b"\n" + lines if is_cut else lines)
            sync(fd)
        except OSError:
            os.ftruncate(fd, size)
            raise
    finally:
        os.close(fd)


def _ends_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read() == b"\n"


def _lines_of(path: Path) -> list[str]:
    """Read the names in a file, none where there is no file; raises ValueError for what is no name."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        return []
    lines = [line for line in content.decode("ascii").replace("\r", "\n").split("\n") if line]
    if len(content) > MOST_BYTES or not all(map(_NAME.fullmatch, lines)):
        raise ValueError(f"{path.name} is no list of names")
    return lines
