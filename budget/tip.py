"""The tip: which commit was the last, written without fsync after each one, to tell a kill from a power cut.

After a kill the database is at least as new as the tip and the machine still runs, so the day needs no surcharge.
After a power cut the boot differs; after an old copy was put back the database is older than the tip. In both cases
the day is taken to stand at the mark. The tip also remembers how wall clock and elapsed time stood to each other.
"""

from __future__ import annotations

import hashlib
import os
import struct
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from budget.files import open_private

_FORMAT = struct.Struct("<16sqqqdd")
_SUM = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class Tip:
    """The last hold and entry in the database, the highest hold id ever given, and both clocks then.

    `boot` is a digest, all zeros if unknown.
    """

    boot: bytes
    hold: int
    entry: int
    highest: int
    wall_s: float
    elapsed_s: float

    @property
    def wall(self) -> datetime:
        """The wall clock at the last commit."""
        return datetime.fromtimestamp(self.wall_s, UTC)


class TipFile:
    """Seventy bytes, overwritten in place: they need no space on a full disk."""

    def __init__(self, path: Path, boot: str | None) -> None:
        self._fd: int | None = open_private(path)
        self.boot = hashlib.sha256(boot.encode()).digest()[:16] if boot else bytes(16)

    def read(self) -> Tip | None:
        """Give the last tip, or None when there is none to believe."""
        if self._fd is None:
            return None
        os.lseek(self._fd, 0, os.SEEK_SET)
        data = os.read(self._fd, _FORMAT.size + _SUM.size)
        if len(data) != _FORMAT.size + _SUM.size or _SUM.unpack(data[-4:])[0] != zlib.crc32(data[:-4]):
            return None
        return Tip(*_FORMAT.unpack(data[:-4]))

    def write(self, hold: int, entry: int, highest: int, wall_s: float, elapsed_s: float) -> None:
        """Note the last commit; it is a hint, so the caller may ignore an OSError."""
        data = _FORMAT.pack(self.boot, hold, entry, highest, wall_s, elapsed_s)
        if self._fd is None:
            return
        _overwrite(self._fd, data + _SUM.pack(zlib.crc32(data)))

    def same_boot(self, tip: Tip | None) -> bool:
        """Say whether the machine has run on since that tip."""
        return tip is not None and tip.boot == self.boot and any(self.boot)

    def close(self) -> None:
        """Let go of the file; closing twice is harmless."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def _overwrite(fd: int, data: bytes) -> None:
    if hasattr(os, "pwrite"):
        os.pwrite(fd, data, 0)
    else:
        os.lseek(fd, 0, os.SEEK_SET)
        os.write(fd, data)
