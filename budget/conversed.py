"""Conversed: what entries say of conversations – who asked when, and how much of it was in Claude's cache."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from budget.allowance import PING
from budget.database import open_reader

_ENDS = "SELECT min(first_entry), max(last_entry) FROM days WHERE day BETWEEN ? AND ?"
_ROWS = """
SELECT day, since, at, session, agent, coalesce(nullif(model_asked, ''), model), model, turn, task_class, is_local,
    input, cache_write_5m, cache_write_1h, cache_read, likely, note
FROM entries WHERE id BETWEEN ? AND ? AND day BETWEEN ? AND ? AND session <> ''
    AND outcome IN ('complete', 'interrupted', 'client_left', 'unknown', 'flagged')"""


@dataclass(frozen=True, slots=True)
class Conversed:
    """One answered request of a conversation, or a ping; tokens by where they were, `likely` in picodollars."""

    day: date
    since: datetime
    until: datetime
    session: str
    agent: str
    asked: str
    model: str
    turn: str
    task_class: str
    is_local: bool
    input: int
    written_5m: int
    written_1h: int
    read: int
    likely: int
    note: str

    @property
    def thread(self) -> str:
        """Name the conversation: a session, or a sub-agent's part of it, with the model that it asks for."""
        return f"{self.session}/{self.agent}/{self.asked}"

    @property
    def is_ping(self) -> bool:
        """Whether it only read the cache once more."""
        return self.task_class == PING

    @property
    def prefix(self) -> int:
        """The tokens that were in the cache after it."""
        return self.read + self.written_5m + self.written_1h


def conversed(database: Path, since: date, until: date) -> Sequence[Conversed]:
    """Read what was asked between two days, both included, in the order in which it was asked. Raises sqlite3.Error."""
    if not database.exists():
        return ()
    with open_reader(database) as connection:
        days = since.isoformat(), until.isoformat()
        first, last = connection.execute(_ENDS, days).fetchone()
        rows = connection.execute(_ROWS, (first, last, *days)).fetchall() if first is not None else ()
    return sorted(map(_row, rows), key=lambda row: row.since)


def has_pings(database: Path, since: date, until: date) -> bool:
    """Tell whether there was any ping between two days, both included, without reading entries."""
    if not database.exists():
        return False
    query = "SELECT 1 FROM totals WHERE day BETWEEN ? AND ? AND task_class = ? LIMIT 1"
    with open_reader(database) as connection:
        return connection.execute(query, (since.isoformat(), until.isoformat(), PING)).fetchone() is not None


def _row(row: sqlite3.Row | tuple[object, ...]) -> Conversed:
    day, since, at, *rest = row
    moments = date.fromisoformat(str(day)), datetime.fromisoformat(str(since)), datetime.fromisoformat(str(at))
    return Conversed(*moments, *rest)
