"""Upkeep beside the work: a backup a day, and a look at every page of a ledger too large to check at the start."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from datetime import date

from budget.backups import Backups
from budget.database import CHECKED_AT_OPEN, Unusable, faults, open_reader
from budget.folder import Folder

_log = logging.getLogger(__name__)


class Upkeep:
    """Does what is due whenever it is asked to; never in the way of a request."""

    def __init__(
        self, folder: Folder, backups: Backups, day: Callable[[], date], damaged: Callable[[str], None]
    ) -> None:
        self._folder = folder
        self._backups = backups
        self._day = day
        self._damaged = damaged
        self._checked = False

    def once(self) -> None:
        """Check what was not checked yet, then back up what has no backup today."""
        try:
            if not self._checked:
                self._check()
            if self._backups.due(self._day()):
                self._backups.make(self._day())
        except (OSError, sqlite3.Error, Unusable) as error:
            _log.warning("ledger: upkeep failed, and is tried again: %s", error)

    def _check(self) -> None:
        if self._folder.database.stat().st_size > CHECKED_AT_OPEN:
            with open_reader(self._folder.database) as connection:
                found = faults(connection)
            if found:
                self._damaged(found[0])
        self._checked = True
