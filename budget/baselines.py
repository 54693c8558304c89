"""Baselines: the ledger's book of what requests would have cost at Claude alone, and their sums; never edited.

A better figure is the next version of a row; the sums then change by the difference, in the same transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from budget import baselinesums
from budget.baseline import DIVERGED, Baseline
from budget.baselinerows import KNOWN, make_up, record
from budget.book import Book
from budget.database import open_reader
from budget.jobs import Commanding
from budget.saved import Saved


@dataclass(frozen=True, slots=True)
class Known:
    """What the tables know of a session: whether it has diverged from Claude alone, and when it was active last."""

    has_diverged: bool = False
    until: datetime | None = None


class Baselines:
    """The ledger's baselines; safe to call from any thread."""

    def __init__(self, database: Path, put: Callable[[Commanding[int]], None], book: Callable[[], Book | None]) -> None:
        self._database, self._put, self._book = database, put, book

    def record(self, baselines: Iterable[Baseline]) -> Future[int]:
        """Keep baselines of entries that are written, in one transaction; gives how many rows that made.

        An entry that has a baseline keeps it, unless that one says nothing. Never blocks.
        """
        rows = tuple(baselines)
        return self._do(lambda book: record(book, rows))

    def make_up(self) -> Future[int]:
        """Give every entry without a baseline the one that can be told from the tables alone, or none; count them.

        That is what a killed process left, and what a full queue let fall.
        """
        return self._do(make_up)

    def totals(self, since: date, until: date) -> list[dict[str, Any]]:
        """List the sums between two days, both included; columns are those of the table `baseline_totals`."""
        return baselinesums.totals(self._database, since, until)

    def sessions(self, since: date, until: date) -> list[dict[str, Any]]:
        """List the sums by session between two days, both included; columns are those of `baseline_sessions`."""
        return baselinesums.sessions(self._database, since, until)

    def known(self, session: str) -> Known:
        """Say what is known of a session from all its days. Raises sqlite3.Error."""
        with open_reader(self._database) as connection:
            rows = connection.execute(KNOWN, (session,)).fetchall()
        if not rows:
            return Known()
        diverged = any(part in DIVERGED for part, _ in rows)
        until = max(datetime.fromisoformat(until) for _, until in rows)
        return Known(diverged, until)

    def of_request(self, request_id: str) -> list[dict[str, Any]]:
        """List the baselines that count of a request's entries, oldest first: the columns of the table `baselines`."""
        return baselinesums.of_request(self._database, request_id)

    def saved(self, since: date, until: date) -> Saved:
        """Sum up what was saved between two of the last days, from memory."""
        book = self._book()
        if book is None:
            return Saved()
        days = book.saved.items()
        return sum((saved for day, saved in days if since.isoformat() <= day <= until.isoformat()), Saved())

    def _do(self, work: Callable[[Book], int]) -> Future[int]:
        job = Commanding(work)
        self._put(job)
        return job.future
