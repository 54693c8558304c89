"""The tip: which commit was the last, written without fsync after each one, to tell a kill from a power cut.

After a kill the database is at least as new as the tip and the machine still runs, so the day needs no surcharge.
After a power cut the boot differs; after an old copy was put back the database is older than the tip, and another
machine's has rows of other runs. Then the day is taken to stand at the mark, or where the tip says. The tip also
remembers how wall clock and elapsed time stood to each other.
"""

from __future__ import annotations

import hashlib
import os
import struct
import zlib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from budget.files import open_private

_FORMAT = struct.Struct("<16sq8sq8sqqqdd")
_SUM = struct.Struct("<I")
_SIZE = _FORMAT.size + _SUM.size


@dataclass(frozen=True, slots=True)
class Last:
    """The last row of a kind: its id, 0 if there is none, and a digest of the run that wrote it."""

    id: int
    by: bytes


@dataclass(frozen=True, slots=True)
class Tip:
    """The last hold and entry in the database, the highest hold id ever given, how the day stood, both clocks then.

    `boot` is a digest, all zeros if unknown; `gone` are picodollars, settled and held.
    """

    boot: bytes
    hold: Last
    entry: Last
    highest: int
    day: date
    gone: int
    wall_s: float
    elapsed_s: float

    @property
    def wall(self) -> datetime:
        """The wall clock at the last commit."""
        return datetime.fromtimestamp(self.wall_s, UTC)


def digest_of(run: str) -> bytes:
    """Shorten the name of a run to what a tip has room for."""
    return hashlib.sha256(run.encode()).digest()[:8]


def read_tip(path: Path) -> Tip | None:
    """Give the last tip without making a file, or None when there is none to believe."""
    try:
        with path.open("rb") as file:
            return _parsed(file.read(_SIZE + 1))
    except OSError:
        return None


class TipFile:
    """A hundred bytes, overwritten in place: they need no space on a full disk."""

    def __init__(self, path: Path, boot: str | None) -> None:
        self._fd: int | None = open_private(path)
        self.boot = hashlib.sha256(boot.encode()).digest()[:16] if boot else bytes(16)

    def read(self) -> Tip | None:
        """Give the last tip, or None when there is none to believe."""
        if self._fd is None:
            return None
        os.lseek(self._fd, 0, os.SEEK_SET)
        return _parsed(os.read(self._fd, _SIZE + 1))

    def write(
        self, hold: Last, entry: Last, highest: int, day: date, gone: int, wall_s: float, elapsed_s: float
    ) -> None:
        """Note the last commit; it is a hint, so the caller may ignore an OSError."""
        if self._fd is None:
            return
        data = _FORMAT.pack(
            self.boot, hold.id, hold.by, entry.id, entry.by, highest, day.toordinal(), gone, wall_s, elapsed_s
        )
        _overwrite(self._fd, data + _SUM.pack(zlib.crc32(data)))

    def same_boot(self, tip: Tip | None) -> bool:
        """Say whether the machine has run on since that tip."""
        return tip is not None and tip.boot == self.boot and any(self.boot)

    def close(self) -> None:
        """Let go of the file; closing twice is harmless."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def _parsed(data: bytes) -> Tip | None:
    if len(data) != _SIZE or _SUM.unpack(data[-_SUM.size :])[0] != zlib.crc32(data[: -_SUM.size]):
        return None
    boot, hold, hold_by, entry, entry_by, highest, day, gone, wall_s, elapsed_s = _FORMAT.unpack(data[: -_SUM.size])
    last_hold, last_entry = Last(hold, hold_by), Last(entry, entry_by)
    return Tip(boot, last_hold, last_entry, highest, date.fromordinal(day), gone, wall_s, elapsed_s)


def _overwrite(fd: int, data: bytes) -> None:
    if hasattr(os, "pwrite"):
        os.pwrite(fd, data, 0)
    else:
        os.lseek(fd, 0, os.SEEK_SET)
        os.write(fd, data)
