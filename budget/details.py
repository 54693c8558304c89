"""Details: what an entry rests on – usage as it came, terms, rates –, kept for a set time; the entry itself stays.

They take two thirds of an entry's room, and what they say stays in its tokens and amounts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from budget.database import open_reader

if TYPE_CHECKING:
    from budget.book import Book

AT_ONCE = 2000
"""So many are let go in one transaction: requests wait for no longer than that takes, some milliseconds."""

_NAMES = ("raw_usage", "terms", "rates")
_ASKED = 500
_READ = f"SELECT entry_id, {', '.join(_NAMES)} FROM details WHERE entry_id IN ({{}})"
_UNTIL = """
SELECT coalesce((SELECT min(first_entry) FROM days WHERE day >= ?), (SELECT max(id) + 1 FROM entries), 0)
"""
_PRUNE = "DELETE FROM details WHERE entry_id IN (SELECT entry_id FROM details WHERE entry_id < ? LIMIT ?)"


class Details:
    """The details of one ledger; safe to call from any thread."""

    def __init__(self, command: Callable[[Callable[[Book], Any]], Any]) -> None:
        self._command = command

    def prune(self, before: date) -> int:
        """Let go of the details of entries of before a budget day; gives how many. Raises LedgerUnavailable.

        Those of a request that was still under way when a kept day began stay as long as that day's.
        """
        gone = 0
        while some := int(self._command(lambda book: prune(book, before))):
            gone += some
        return gone


def details_of(database: Path, entries: Sequence[int]) -> dict[int, dict[str, str]]:
    """Read what is kept of some entries; nothing of those whose time is over, or in a ledger older than details."""
    found: dict[int, dict[str, str]] = {}
    with open_reader(database) as reader:
        if reader.execute("SELECT 1 FROM sqlite_schema WHERE name = 'details'").fetchone() is None:
            return {}
        for first in range(0, len(entries), _ASKED):
            some = entries[first : first + _ASKED]
            for entry_id, *texts in reader.execute(_READ.format(", ".join("?" * len(some))), some):
                found[entry_id] = dict(zip(_NAMES, texts, strict=True))
    return found


def prune(book: Book, before: date) -> int:
    """Let go of some of the oldest."""
    (until,) = book.connection.execute(_UNTIL, (before.isoformat(),)).fetchone()
    return book.connection.execute(_PRUNE, (until, AT_ONCE)).rowcount
