"""Tallies: what no entry tells, counted by day, tier and reason: requests refused, and those served second best."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from budget.database import open_reader
from budget.jobs import Commanding

if TYPE_CHECKING:
    from budget.book import Book

What = Literal["refused", "degraded"]

_COUNT = "INSERT INTO tallies VALUES (?, ?, ?, ?, 1) ON CONFLICT DO UPDATE SET number = number + 1"


_OF_DAY = "SELECT coalesce(sum(number) FILTER (WHERE what = ?), 0) FROM tallies WHERE day = ?"
_THERE = "SELECT 1 FROM sqlite_schema WHERE name = 'tallies'"


@dataclass(frozen=True, slots=True)
class Tally:
    """So many requests of a tier on a day; `why` is a word such as "cutoff", empty for none."""

    day: date
    what: What
    tier: str
    why: str
    number: int


@dataclass(frozen=True, slots=True)
class DayTally:
    """So many requests of one day."""

    refused: int = 0
    degraded: int = 0


class Tallies:
    """Counts for a ledger; safe from any thread, never blocks. What cannot be written is not counted."""

    def __init__(self, database: Path, put: Callable[[Commanding[None]], None]) -> None:
        self._database, self._put = database, put

    def of_day(self, day: date) -> DayTally:
        """Say how many requests of a day were refused, and how many served second best. Raises sqlite3.Error."""
        return of_day(self._database, day)

    def refused(self, tier: str, why: str) -> None:
        """Count a request that bursar itself refused."""
        self._put(Commanding(lambda book: count(book, "refused", tier, why)))

    def degraded(self, tier: str) -> None:
        """Count a request that went local although it is work for Claude."""
        self._put(Commanding(lambda book: count(book, "degraded", tier, "")))


def of_day(database: Path, day: date) -> DayTally:
    """Count what a ledger has of a day."""
    with open_reader(database) as reader:
        if reader.execute(_THERE).fetchone() is None:
            return DayTally()  # It is older than tallies; the next start brings it up to date.
        found = [reader.execute(_OF_DAY, (what, day.isoformat())).fetchone()[0] for what in ("refused", "degraded")]
    return DayTally(*found)


def count(book: Book, what: What, tier: str, why: str) -> None:
    """Count one more, in the transaction that is under way."""
    book.connection.execute(_COUNT, (book.standing.day_text, what, tier, why))
