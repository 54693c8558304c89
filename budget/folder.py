"""Where the ledger's files lie, and what else lies with them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

BALLAST_BYTES = 4 * 2**20


@dataclass(frozen=True, slots=True)
class Folder:
    """A ledger's own folder."""

    path: Path

    @property
    def database(self) -> Path:
        """The ledger itself; SQLite keeps a -wal and a -shm beside it."""
        return self.path / "ledger.db"

    @property
    def mark(self) -> Path:
        """The high-water file."""
        return self.path / "ledger.mark"

    @property
    def tip(self) -> Path:
        """The last commit, unsynced."""
        return self.path / "ledger.tip"

    @property
    def lock(self) -> Path:
        """The lock that keeps a second writer out."""
        return self.path / "ledger.lock"

    @property
    def ballast(self) -> Path:
        """Space that is given up when the disk is full, so that settling goes on."""
        return self.path / "ledger.ballast"

    @property
    def backups(self) -> Path:
        """Daily copies."""
        return self.path / "backups"

    def parts(self) -> tuple[Path, ...]:
        """Name the database's files, which only make sense together."""
        return tuple(self.database.with_name(self.database.name + suffix) for suffix in ("", "-wal", "-shm"))

    def set_aside(self, why: str, now: datetime) -> Path | None:
        """Rename the database and its companions, for whoever wants to look; None if none of them is there."""
        stamp = now.strftime("%Y%m%dT%H%M%S")
        aside = next(
            path
            for number in range(1000)
            if not os.path.lexists(path := self.database.with_name(f"ledger.{why}-{stamp}-{number}.db"))
        )
        moved = None
        for part, suffix in zip(self.parts(), ("", "-wal", "-shm"), strict=True):
            if os.path.lexists(part):
                part.replace(aside.with_name(aside.name + suffix))
                moved = aside
        return moved
