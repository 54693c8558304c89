"""Conversed: what entries say of conversations – who asked when, and how much of it was in Claude's cache."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

from budget.allowance import PING
from budget.database import open_reader

MOST_LEARNED = 30_000
"""So many of the newest entries say what there is to learn of pauses."""

_ENDS = "SELECT min(first_entry), max(last_entry) FROM days WHERE day BETWEEN ? AND ?"
_OF_KEPT = f"AND session IN (SELECT session FROM entries WHERE id BETWEEN :first AND :last AND task_class = '{PING}')"
# Only what Claude or a local model answered goes on: not a ping, nor what is asked beside a conversation.
_IS_OWN = f"task_class <> '{PING}' AND (is_local OR cache_read + cache_write_5m + cache_write_1h > 0)"
_ROWS = f"""
SELECT day, since, at, session, agent, coalesce(nullif(model_asked, ''), model) AS asked, model, task_class, is_local,
    input, cache_write_5m, cache_write_1h, cache_read, likely, note,
    turn <> '' AND turn IS lead(turn) OVER (
        PARTITION BY session, agent, coalesce(nullif(model_asked, ''), model), {_IS_OWN} ORDER BY since, id)
FROM entries WHERE id BETWEEN :first AND :last AND day BETWEEN :since AND :until AND session <> '' {{}}
    AND outcome IN ('complete', 'interrupted', 'client_left', 'unknown', 'flagged')
ORDER BY since, id"""


class Conversed(NamedTuple):
    """One answered request of a conversation, or a ping; tokens by where they were, `likely` in picodollars.

    `goes_on`: the conversation's next request is of the same turn.
    """

    day: date
    since: datetime
    until: datetime
    session: str
    agent: str
    asked: str
    model: str
    task_class: str
    is_local: bool
    input: int
    written_5m: int
    written_1h: int
    read: int
    likely: int
    note: str
    goes_on: bool

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


def conversed(
    database: Path, since: date, until: date, *, most: int | None = None, only_kept: bool = False
) -> Iterator[Conversed]:
    """Read what was asked between two days, both included, in the order in which it was asked, one row at a time.

    `most`: only so many of the newest entries. `only_kept`: only sessions that were pinged. Raises sqlite3.Error.
    """
    if not database.exists():
        return
    with open_reader(database) as connection:
        days = since.isoformat(), until.isoformat()
        first, last = connection.execute(_ENDS, days).fetchone()
        if first is None:
            return
        first = max(first, last - most + 1) if most is not None else first
        given = {"first": first, "last": last, "since": days[0], "until": days[1]}
        yield from map(_row, connection.execute(_ROWS.format(_OF_KEPT if only_kept else ""), given))


def has_pings(database: Path, since: date, until: date) -> bool:
    """Tell whether there was any ping between two days, both included, without reading entries."""
    if not database.exists():
        return False
    query = "SELECT 1 FROM totals WHERE day BETWEEN ? AND ? AND task_class = ? LIMIT 1"
    with open_reader(database) as connection:
        return connection.execute(query, (since.isoformat(), until.isoformat(), PING)).fetchone() is not None


def _row(row: tuple[str, str, str, *tuple[Any, ...]]) -> Conversed:
    day, since, at, *rest = row
    return Conversed(date.fromisoformat(day), datetime.fromisoformat(since), datetime.fromisoformat(at), *rest)
