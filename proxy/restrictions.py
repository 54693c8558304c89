"""Restrictions: which sessions are restricted, kept from one start to the next."""

from __future__ import annotations

import logging
import os
import threading
from pathlib import Path

from budget.files import open_private, private_folder, write_durably

MOST_KEPT = 4096
"""Sessions; the longest restricted are forgotten first."""

log = logging.getLogger(__name__)


class Restrictions:
    """The names of restricted sessions; safe from any thread. Without a path they are kept for this run only.

    A restart must not open what was closed: a sub-agent, or a conversation that was summarised meanwhile, brings
    nothing again by which it could be known. The names lie in a file that only its owner can read, one on each line,
    each written as soon as it is known; it has no word of any prompt.
    """

    def __init__(self, path: Path | None = None, *, most: int = MOST_KEPT) -> None:
        self._path, self._most = path, most
        self._lock = threading.Lock()
        self._names = dict.fromkeys(_read(path)[-most:])
        self._lines = len(self._names)

    def __contains__(self, session: str) -> bool:
        return session in self._names

    def add(self, session: str) -> None:
        """Restrict a session for good."""
        with self._lock:
            if session in self._names:
                return
            self._names[session] = None
            if len(self._names) > self._most:
                del self._names[next(iter(self._names))]
            self._keep(session)

    def _keep(self, session: str) -> None:
        if self._path is None:
            return
        try:
            self._write(self._path, session)
        except OSError as error:
            # It is still known until the end of this run, and found again in most histories after it.
            log.warning("that a session is restricted cannot be kept: %s", error)

    def _write(self, path: Path, session: str) -> None:
        private_folder(path.parent)
        if self._lines >= 2 * self._most:
            write_durably(path, "".join(f"{name}\n" for name in self._names).encode())
            self._lines = len(self._names)
            return
        fd = open_private(path, os.O_APPEND)
        try:
            os.write(fd, f"{session}\n".encode())
        finally:
            os.close(fd)
        self._lines += 1


def _read(path: Path | None) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines() if path else []
    except FileNotFoundError:
        return []
    except OSError as error:
        log.warning("which sessions are restricted cannot be read: %s", error)
        return []
