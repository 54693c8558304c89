"""Daily backups, through SQLite's backup API only, each checked before it replaces an older one."""

from __future__ import annotations

import threading
from datetime import date
from pathlib import Path

from budget.database import copy_to, open_reader
from budget.files import private_folder
from budget.folder import Folder
from budget.recovery import newest_backups

KEPT = 5


class Backups:
    """The copies in a ledger's folder, one a day."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._one_at_a_time = threading.Lock()

    def make(self, day: date) -> Path:
        """Copy the ledger as of now; raises OSError, sqlite3.Error or Unusable, and then older copies stay."""
        private_folder(self._folder.backups)
        target = self._folder.backups / f"ledger-{day.isoformat()}.db"
        with self._one_at_a_time, open_reader(self._folder.database) as source:
            copy_to(source, target)
            for old in newest_backups(self._folder)[KEPT:]:
                old.unlink(missing_ok=True)
        return target

    def due(self, day: date) -> bool:
        """Say whether this day has no backup yet."""
        newest = newest_backups(self._folder)
        return not newest or newest[0].name < f"ledger-{day.isoformat()}.db"
