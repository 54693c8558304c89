"""What can be wrong with the disk or the database, in words that help a person."""

from __future__ import annotations

import errno
import sqlite3
from dataclasses import dataclass
from typing import Literal

Kind = Literal["disk full", "read-only", "locked", "damaged", "gone", "newer", "in use", "broken"]

_ADVICE: dict[Kind, str] = {
    "disk full": "the disk is full: free some space, bursar goes on by itself",
    "read-only": "the ledger cannot be written: give its folder back to its owner, bursar goes on by itself",
    "locked": "another program keeps the ledger locked: close it, bursar goes on by itself",
    "damaged": "the ledger is damaged: bursar sets it aside and goes on from a backup",
    "gone": "the ledger was removed or replaced under us",
    "newer": "the ledger was made by a newer bursar: install that version",
    "in use": "another bursar uses this ledger: quit one of them",
    "broken": "the ledger cannot be written",
}

_KIND_OF_ERRNO: dict[int, Kind] = {
    errno.ENOSPC: "disk full",
    errno.EDQUOT: "disk full",
    errno.EFBIG: "disk full",
    errno.EROFS: "read-only",
    errno.EACCES: "read-only",
    errno.EPERM: "read-only",
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """A kind, and a sentence for a person."""

    kind: Kind
    why: str

    @classmethod
    def of(cls, kind: Kind, detail: str = "") -> Trouble:
        """Say what helps, and what the system said."""
        return cls(kind, f"{_ADVICE[kind]} ({detail})" if detail else _ADVICE[kind])


class LedgerUnavailable(RuntimeError):
    """The ledger cannot take this now; `trouble` says why. Nothing was changed."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.why)
        self.trouble = trouble


def recognise(error: Exception) -> Trouble:
    """Find the kind of trouble behind an error of the database or the file system."""
    if isinstance(error, LedgerUnavailable):
        return error.trouble
    if isinstance(error, sqlite3.Error):
        return Trouble.of(_kind_of_sqlite(error), str(error))
    if isinstance(error, OSError):
        return Trouble.of(_KIND_OF_ERRNO.get(error.errno or 0, "broken"), error.strerror or str(error))
    return Trouble.of("broken", f"{type(error).__name__}: {error}")


def _kind_of_sqlite(error: sqlite3.Error) -> Kind:
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_FULL:
            return "disk full"
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_AUTH:
            return "read-only"
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return "locked"
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return "damaged"
        case _:
            return "broken"
