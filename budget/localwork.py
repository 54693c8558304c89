"""What local work cost, as the tables keep it: four columns, of which the last says how the others are known."""

from __future__ import annotations

import sqlite3
from typing import Any

from pricing.machine import LocalCost
from pricing.money import Money

# The sources of a sum are listed up to this many characters: settings may change while a day goes on.
MOST_SOURCES = 1000

_NOTHING = (0, 0, 0, "")
_OF_DAY = (
    "SELECT local_marginal, local_full, joules_milli, local_source FROM totals WHERE day = ? AND local_source <> ''"
)


def columns_of(cost: LocalCost | None) -> tuple[int, int, int, str]:
    """Give what an entry or a total keeps: picodollars of energy alone, of everything, millijoules, the source."""
    return _NOTHING if cost is None else (cost.marginal.picos, cost.full.picos, cost.joules_milli, cost.provenance)


def local_of(row: dict[str, Any]) -> LocalCost | None:
    """Read what local work cost from a row of entries or totals; None if nothing is known, as in an older ledger."""
    source = row.get("local_source", "")
    if not source:
        return None
    return LocalCost(Money(row["local_marginal"]), Money(row["local_full"]), row["joules_milli"], source)


def local_of_day(connection: sqlite3.Connection, day: str) -> LocalCost | None:
    """Sum up a day; None if nothing is known. Raises sqlite3.OperationalError in a ledger older than local costs."""
    rows = connection.execute(_OF_DAY, (day,)).fetchall()
    return LocalCost.total(
        LocalCost(Money(marginal), Money(full), joules, source) for marginal, full, joules, source in rows
    )


def added(sum_so_far: LocalCost | None, cost: LocalCost) -> LocalCost:
    """Add one to a sum; its source is named too while there is room."""
    if sum_so_far is None:
        return cost
    source = sum_so_far.provenance
    if len(source) <= MOST_SOURCES and cost.provenance not in source.splitlines():
        source += "\n" + cost.provenance
    return LocalCost(
        sum_so_far.marginal + cost.marginal,
        sum_so_far.full + cost.full,
        sum_so_far.joules_milli + cost.joules_milli,
        source,
    )
