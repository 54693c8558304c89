"""Tallies: what no entry tells, counted by day, tier and reason: requests refused, and those served second best."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal

from budget.jobs import Commanding

if TYPE_CHECKING:
    from budget.book import Book

What = Literal["refused", "degraded"]

_COUNT = "INSERT INTO tallies VALUES (?, ?, ?, ?, 1) ON CONFLICT DO UPDATE SET number = number + 1"


@dataclass(frozen=True, slots=True)
class Tally:
    """So many requests of a tier on a day; `why` is a word such as "cutoff", empty for none."""

    day: date
    what: What
    tier: str
    why: str
    number: int


class Tallies:
    """Counts for a ledger; safe from any thread, never blocks. What cannot be written is not counted."""

    def __init__(self, put: Callable[[Commanding[None]], None]) -> None:
        self._put = put

    def refused(self, tier: str, why: str) -> None:
        """Count a request that bursar itself refused."""
        self._put(Commanding(lambda book: _count(book, "refused", tier, why)))

    def degraded(self, tier: str) -> None:
        """Count a request that went local although it is work for Claude."""
        self._put(Commanding(lambda book: _count(book, "degraded", tier, "")))


def _count(book: Book, what: What, tier: str, why: str) -> None:
    book.connection.execute(_COUNT, (book.standing.day_text, what, tier, why))
