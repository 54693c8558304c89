"""What is remembered beside the database: the mark and the tip, and whether a database is the one they speak of."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import date

from budget.folder import Folder
from budget.mark import BadMark, Height, Mark
from budget.tip import Last, Tip, digest_of, read_tip

NONE = Last(0, bytes(8))

_LAST_HOLD = """
SELECT id, instance FROM (
    SELECT id, instance FROM (SELECT id, instance FROM holds ORDER BY id DESC LIMIT 1)
    UNION ALL SELECT hold_id, instance FROM (
        SELECT hold_id, instance FROM entries WHERE hold_id IS NOT NULL ORDER BY hold_id DESC LIMIT 1)
) ORDER BY id DESC LIMIT 1
"""
_LAST_ENTRY = "SELECT id, instance FROM entries ORDER BY id DESC LIMIT 1"
_OF_HOLD = """
SELECT instance FROM holds WHERE id = ?1 UNION ALL SELECT instance FROM entries WHERE hold_id = ?1 LIMIT 1
"""
_OF_ENTRY = "SELECT instance FROM entries WHERE id = ?"


@dataclass(frozen=True, slots=True)
class Remembered:
    """A mark's height and a tip, as far as they are there."""

    height: Height | None
    tip: Tip | None

    @classmethod
    def read(cls, folder: Folder) -> Remembered:
        """Look without making or changing a file; a mark that cannot be believed counts as missing."""
        try:
            height = Mark.read(folder.mark).height
        except BadMark:
            height = None
        return cls(height, read_tip(folder.tip))

    def days(self) -> dict[date, int]:
        """Give how high each day of which something is known may stand, in picodollars."""
        days = {self.height.day: self.height.picos} if self.height else {}
        if self.tip:
            days[self.tip.day] = max(days.get(self.tip.day, 0), self.tip.gone)
        return days


def last_hold(connection: sqlite3.Connection) -> Last:
    """Find the hold with the highest id, open or ended."""
    return _last(connection, _LAST_HOLD)


def last_entry(connection: sqlite3.Connection) -> Last:
    """Find the newest entry."""
    return _last(connection, _LAST_ENTRY)


def has_all_of(connection: sqlite3.Connection, tip: Tip) -> bool:
    """Say whether a database holds all that was ever committed here: an old copy or another machine's does not."""
    return _has(connection, _OF_HOLD, tip.hold) and _has(connection, _OF_ENTRY, tip.entry)


def is_anothers(connection: sqlite3.Connection, tip: Tip) -> bool:
    """Say whether other runs wrote what the tip speaks of: no power cut does that, nor an older copy."""
    return _is_of_another(connection, _OF_HOLD, tip.hold) or _is_of_another(connection, _OF_ENTRY, tip.entry)


def _has(connection: sqlite3.Connection, query: str, last: Last) -> bool:
    return not last.id or _writer(connection, query, last) == last.by


def _is_of_another(connection: sqlite3.Connection, query: str, last: Last) -> bool:
    return bool(last.id) and _writer(connection, query, last) not in (None, last.by)


def _writer(connection: sqlite3.Connection, query: str, last: Last) -> bytes | None:
    row = connection.execute(query, (last.id,)).fetchone()
    return digest_of(row[0]) if row else None


def _last(connection: sqlite3.Connection, query: str) -> Last:
    row = connection.execute(query).fetchone()
    return Last(row[0], digest_of(row[1])) if row else NONE
