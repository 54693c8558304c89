"""A week as data: what was spent on each day, by which model, for which tier."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from datetime import date, timedelta
from typing import Any, Protocol

from budget.localwork import local_of
from budget.today import DayTotal
from pricing.machine import LocalCost
from pricing.money import Money
from pricing.usage import Usage


@dataclass(frozen=True, slots=True)
class Share:
    """What went one way: `charged` is what the cutoff counts, `likely` the best figure there is."""

    name: str
    is_local: bool
    requests: int
    voided: int
    charged: Money
    likely: Money
    usage: Usage
    local: LocalCost | None = None
    """What the local machine spent on it, as far as known."""

    @property
    def answered(self) -> int:
        """Count the requests that were answered, and no failed ones."""
        return self.requests - self.voided


@dataclass(frozen=True, slots=True)
class Week:
    """Seven days, and the same spend cut two ways."""

    since: date
    until: date
    days: tuple[DayTotal, ...]
    models: tuple[Share, ...]
    tiers: tuple[Share, ...]

    @property
    def charged(self) -> Money:
        """What the cutoffs of the week counted."""
        return Money.total(day.settled for day in self.days)

    @property
    def likely(self) -> Money:
        """What was most likely spent; the rest of `charged` is unconfirmed."""
        return Money.total(day.likely for day in self.days)

    @property
    def local(self) -> LocalCost | None:
        """What the local machine spent in the week, as far as known; no cutoff counts it."""
        return LocalCost.total(share.local for share in self.models if share.local is not None)

    @property
    def local_usage(self) -> Usage:
        """The tokens of all local models."""
        return sum((share.usage for share in self.models if share.is_local), Usage())


_YEARS = range(1970, 9000)
"""Those that have weeks before and after them in which sums can be made."""


def week_of(text: str) -> date:
    """Find the Monday of an ISO week such as "2026-W47"; ValueError if it is none."""
    named = re.fullmatch(r"([0-9]{4})-W([0-9]{1,2})", text)
    if named and int(named[1]) in _YEARS and 1 <= int(named[2]) <= _weeks_in(int(named[1])):
        return date.fromisocalendar(int(named[1]), int(named[2]), 1)
    raise ValueError(f"not a week such as 2026-W47: {text!r:.40}")


def _weeks_in(year: int) -> int:
    return date(year, 12, 28).isocalendar().week


class Sums(Protocol):
    """Where sums come from: the ledger that runs, or one at rest."""

    def days(self, since: date, until: date) -> list[DayTotal]:
        """List the sums of days, both ends included."""

    def totals(self, since: date, until: date) -> list[dict[str, Any]]:
        """List sums by day, upstream, model, tier and task class."""


def week(ledger: Sums, monday: date) -> Week:
    """Sum up the seven days from a Monday, or from any other day, from the day totals alone."""
    until = monday + timedelta(days=6)
    rows = ledger.totals(monday, until)
    return Week(
        since=monday,
        until=until,
        days=tuple(ledger.days(monday, until)),
        models=_shares(rows, lambda row: str(row["model"])),
        tiers=_shares(rows, lambda row: str(row["tier"])),
    )


def _shares(rows: Iterable[dict[str, Any]], name: Callable[[dict[str, Any]], str]) -> tuple[Share, ...]:
    groups: dict[tuple[str, bool], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault((name(row), bool(row["is_local"])), []).append(row)
    return tuple(_share(*key, groups[key]) for key in sorted(groups))


def _share(name: str, is_local: bool, rows: list[dict[str, Any]]) -> Share:
    return Share(
        name=name,
        is_local=is_local,
        requests=sum(row["requests"] for row in rows),
        voided=sum(row["voided"] for row in rows),
        charged=Money(sum(row["charged"] for row in rows)),
        likely=Money(sum(row["likely"] for row in rows)),
        usage=Usage(**{count.name: sum(row[count.name] for row in rows) for count in fields(Usage)}),
        local=LocalCost.total(cost for row in rows if (cost := local_of(row)) is not None),
    )
