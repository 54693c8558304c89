"""Week books: what a report is made of, read in one transaction, so that all its figures are of the same moment."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from budget.database import open_reader
from budget.imported import ROWS as IMPORTED
from budget.imported import first_imported
from budget.localwork import local_of
from budget.outbox import Kind
from budget.reading import day_total
from budget.tallies import Tally, What
from budget.today import DayTotal
from pricing.machine import LocalCost

Row = dict[str, Any]

_ON_DAYS = "WHERE day BETWEEN :since AND :until"
_ALERTS = f"""
SELECT kind, day, subject, at FROM alerts {_ON_DAYS} AND (
    kind = '{Kind.threshold}' AND subject = '100' OR kind = '{Kind.unpriced}'
    OR kind = '{Kind.stopped}' AND subject LIKE 'cutoff %') ORDER BY id"""


@dataclass(frozen=True, slots=True)
class Said:
    """An alert that a report tells again: the budget used up, the cutoff reached, or a model without a price."""

    kind: Kind
    day: date
    subject: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Books:
    """Some days of a ledger: their sums, spend, baselines and sessions as rows of their tables, tallies, alerts.

    `imported` are rows of what agents' own logs say beside it.
    """

    days: tuple[DayTotal, ...] = ()
    totals: tuple[Row, ...] = ()
    baselines: tuple[Row, ...] = ()
    sessions: tuple[Row, ...] = ()
    tallies: tuple[Tally, ...] = ()
    alerts: tuple[Said, ...] = ()
    imported: tuple[Row, ...] = ()
    lives: tuple[Row, ...] = ()
    """Rows of the table `cache_lives`: what either lifetime of Claude's cache would have cost."""

    def between(self, since: date, until: date) -> Books:
        """Keep what is of some days only, both included."""
        first, last = since.isoformat(), until.isoformat()

        def rows(found: Sequence[Row]) -> tuple[Row, ...]:
            return tuple(row for row in found if first <= row["day"] <= last)

        return Books(
            days=tuple(day for day in self.days if since <= day.day <= until),
            totals=rows(self.totals),
            baselines=rows(self.baselines),
            sessions=rows(self.sessions),
            tallies=tuple(tally for tally in self.tallies if since <= tally.day <= until),
            alerts=tuple(alert for alert in self.alerts if since <= alert.day <= until),
            lives=rows(self.lives),
            imported=rows(self.imported),
        )


def read(database: Path, since: date, until: date, *, with_sessions: bool = True) -> Books:
    """Read days, both included; nothing where there is no ledger yet. Raises sqlite3.Error.

    Without sessions what was imported is left out too.
    """
    if not database.exists():
        return Books()
    given = {"since": since.isoformat(), "until": until.isoformat()}
    with open_reader(database) as connection:
        connection.execute("BEGIN")
        found = {
            table: _rows(connection, f"SELECT * FROM {table} {_ON_DAYS}", given)
            for table in ("days", "totals", "baseline_totals", "tallies", "cache_lives")
        }
        sessions = _rows(connection, f"SELECT * FROM baseline_sessions {_ON_DAYS}", given) if with_sessions else ()
        imported = _rows(connection, IMPORTED, given) if with_sessions else ()
        alerts = _rows(connection, _ALERTS, given)
    return Books(
        days=_days(found["days"], found["totals"]),
        totals=found["totals"],
        baselines=found["baseline_totals"],
        sessions=sessions,
        tallies=tuple(_tally(row) for row in found["tallies"]),
        alerts=tuple(_said(row) for row in alerts),
        imported=imported,
        lives=found["cache_lives"],
    )


def first_day(database: Path) -> date | None:
    """Find the first day on which anything was asked, or of which anything was imported; None before it."""
    if not database.exists():
        return None
    with open_reader(database) as connection:
        (day,) = connection.execute("SELECT min(day) FROM days WHERE requests > 0").fetchone()
    found = (date.fromisoformat(day) if day else None, first_imported(database))
    return min((each for each in found if each), default=None)


def monday(day: date) -> date:
    """Give the Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def _rows(connection: sqlite3.Connection, query: str, given: dict[str, str]) -> tuple[Row, ...]:
    try:
        cursor = connection.execute(query, given)
    except sqlite3.OperationalError as error:
        if "no such" in str(error):
            # A ledger at rest that is older than this table; the next start brings it up to date.
            return ()
        raise
    names = [column[0] for column in cursor.description]
    return tuple(dict(zip(names, row, strict=True)) for row in cursor)


def _days(days: Sequence[Row], totals: Sequence[Row]) -> tuple[DayTotal, ...]:
    costs: dict[str, list[LocalCost]] = {}
    for row in totals:
        if (cost := local_of(row)) is not None:
            costs.setdefault(row["day"], []).append(cost)
    rows = sorted(days, key=lambda row: str(row["day"]))
    return tuple(day_total(row, LocalCost.total(costs.get(row["day"], ()))) for row in rows)


def _tally(row: Row) -> Tally:
    what = cast(What, row["what"])
    return Tally(date.fromisoformat(row["day"]), what, row["tier"], row["why"], row["number"])


def _said(row: Row) -> Said:
    day, at = date.fromisoformat(row["day"]), datetime.fromisoformat(row["at"])
    return Said(Kind(row["kind"]), day, row["subject"], at)
