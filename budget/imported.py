"""Imported: what agents' own logs say of days, beside the ledger and in none of its sums.

Only what did not come through bursar: what did has entries of its own.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta
from pathlib import Path
from statistics import median_low
from typing import Any

from budget.database import open_reader
from pricing.money import PICOS_PER_DOLLAR, ZERO, Money
from pricing.usage import Usage

Row = dict[str, Any]

_TOKENS = tuple(each.name for each in fields(Usage))
_TOKEN_SUMS = ", ".join(f"sum({name}) AS {name}" for name in _TOKENS)
_SUMS = f"""
    count(*) AS requests, count(*) FILTER (WHERE provisional) AS unpriced,
    coalesce(sum(picos) FILTER (WHERE NOT provisional), 0) AS picos, {_TOKEN_SUMS}
FROM history WHERE day BETWEEN :since AND :until AND NOT through"""
ROWS = f"SELECT day, model, project, {_SUMS} GROUP BY day, model, project"
"""The rows of days, by model and project; amounts leave out what has no price."""
# A year of days may have a million rows: no more is read of them than what is shown.
_DAYS = """
SELECT day, coalesce(sum(picos) FILTER (WHERE NOT provisional), 0) AS picos FROM history
WHERE day BETWEEN :since AND :until AND NOT through GROUP BY day"""


_LATELY = """
SELECT day, sum(picos) AS picos FROM history WHERE NOT provisional GROUP BY day HAVING sum(picos) > 0
ORDER BY day DESC LIMIT :most"""


@dataclass(frozen=True, slots=True)
class UsualDay:
    """What half of some days came to at most, at list prices; only days with spend count."""

    days: int
    since: date
    until: date
    cost: Money

    @property
    def budget(self) -> str:
        """Give it in whole dollars, one at least, as a person would set it."""
        return str(max(1, (self.cost.picos + PICOS_PER_DOLLAR // 2) // PICOS_PER_DOLLAR))


@dataclass(frozen=True, slots=True)
class ImportedDay:
    """One day: `cost` at its own list prices; `unpriced` requests, of models without a price, are not in it."""

    day: date
    requests: int
    unpriced: int
    cost: Money
    usage: Usage


@dataclass(frozen=True, slots=True)
class Imported:
    """The days of which anything was imported, and the rows that they sum up."""

    days: tuple[ImportedDay, ...] = ()
    rows: tuple[Row, ...] = ()

    @property
    def requests(self) -> int:
        """How many requests there were."""
        return sum(day.requests for day in self.days)

    @property
    def unpriced(self) -> int:
        """How many of them have no price."""
        return sum(day.unpriced for day in self.days)

    @property
    def cost(self) -> Money:
        """What the others cost at list prices."""
        return Money.total(day.cost for day in self.days)


NOTHING = Imported()


def imported(rows: Sequence[Row]) -> Imported:
    """Sum up rows by day."""
    by_day: dict[str, list[Row]] = {}
    for row in rows:
        by_day.setdefault(row["day"], []).append(row)
    return Imported(tuple(_day(day, by_day[day]) for day in sorted(by_day)), tuple(rows))


def imported_weeks(database: Path, oldest: date, newest: date) -> dict[date, Money]:
    """Tell what each week from one Monday to another, both included, cost; weeks without anything are not there.

    Raises sqlite3.Error.
    """
    given = {"since": oldest.isoformat(), "until": (newest + timedelta(days=6)).isoformat()}
    weeks: dict[date, Money] = {}
    for row in _read(database, _DAYS, given):
        day = date.fromisoformat(row["day"])
        monday = day - timedelta(days=day.weekday())
        weeks[monday] = weeks.get(monday, ZERO) + Money(row["picos"])
    return weeks


def usual_day(database: Path, most: int = 60) -> UsualDay | None:
    """Tell what the newest imported days with spend usually came to, by their median; None without any.

    Requests that went through bursar count as well: they were spent. Raises sqlite3.Error.
    """
    rows = _read(database, _LATELY, {"most": str(most)})
    if not rows:
        return None
    days = [date.fromisoformat(row["day"]) for row in rows]
    middle = Money(median_low(row["picos"] for row in rows))
    return UsualDay(len(rows), min(days), max(days), middle)


def first_imported(database: Path) -> date | None:
    """Find the first day of which anything was imported; None without any. Raises sqlite3.Error."""
    found = [row["day"] for row in _read(database, "SELECT min(day) AS day FROM history", {}) if row["day"]]
    return date.fromisoformat(found[0]) if found else None


def _read(database: Path, query: str, given: dict[str, str]) -> list[Row]:
    with open_reader(database) as connection:
        try:
            cursor = connection.execute(query, given)
        except sqlite3.OperationalError as error:
            if "no such" in str(error):  # A ledger at rest that is older than this table.
                return []
            raise
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]


def _day(day: str, rows: Iterable[Row]) -> ImportedDay:
    kept = list(rows)
    return ImportedDay(
        day=date.fromisoformat(day),
        requests=sum(row["requests"] for row in kept),
        unpriced=sum(row["unpriced"] for row in kept),
        cost=Money(sum(row["picos"] for row in kept)),
        usage=Usage(*(sum(row[name] for row in kept) for name in _TOKENS)),
    )
