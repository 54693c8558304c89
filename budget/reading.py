"""Reading entries, holds and days back, through connections that cannot write."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

from budget.baselinesums import unbalanced
from budget.database import faults, open_reader
from budget.details import details_of
from budget.entries import Entry, OpenHold, Outcome
from budget.holds import Labels
from budget.localwork import local_of
from budget.schema import LABELS
from budget.today import DayTotal
from pricing.machine import LocalCost
from pricing.money import Money
from pricing.usage import Usage

_LABELS = tuple(LABELS.split(", "))
_COUNTS = ("input", "cache_write_5m", "cache_write_1h", "cache_read", "output", "web_searches")


# Of the entries between the day's first and last, those of the day.
ON_DAY = """day = :day AND id BETWEEN (SELECT first_entry FROM days WHERE day = :day)
    AND (SELECT last_entry FROM days WHERE day = :day)"""


def entries(path: Path, where: str, given: dict[str, Any], limit: int) -> list[Entry]:
    """Read entries, oldest first, by a condition with named parameters."""
    return _entries(path, f"WHERE {where} ORDER BY id LIMIT :limit", {**given, "limit": limit})


def newest(path: Path, where: str, given: dict[str, Any], limit: int) -> list[Entry]:
    """Read entries, newest first, by a condition with named parameters."""
    return _entries(path, f"WHERE {where} ORDER BY id DESC LIMIT :limit", {**given, "limit": limit})


def _entries(path: Path, which: str, given: dict[str, Any]) -> list[Entry]:
    rows = list(_rows(path, f"SELECT * FROM entries {which}", given))
    kept = details_of(path, [row["id"] for row in rows])
    # An entry of an older version has its details in its own row.
    return [_entry({**row, **kept.get(row["id"], {})}) for row in rows]


def holds(path: Path) -> list[OpenHold]:
    """Read the holds of requests under way, oldest first."""
    return [_hold(row) for row in _rows(path, "SELECT * FROM holds ORDER BY id", {})]


def days(path: Path, since: date, until: date) -> list[DayTotal]:
    """Read the sums of the days between two dates, both included."""
    given = {"since": since.isoformat(), "until": until.isoformat()}
    rows = _rows(path, "SELECT * FROM days WHERE day BETWEEN :since AND :until ORDER BY day", given)
    spent: dict[str, list[LocalCost]] = {}
    for row in totals(path, since, until):
        cost = local_of(row)
        if cost is not None:
            spent.setdefault(row["day"], []).append(cost)
    return [day_total(row, LocalCost.total(spent.get(row["day"], ()))) for row in rows]


def totals(path: Path, since: date, until: date) -> list[dict[str, Any]]:
    """Read the totals by day, upstream, model, tier and task class between two dates, both included."""
    given = {"since": since.isoformat(), "until": until.isoformat()}
    return list(_rows(path, "SELECT * FROM totals WHERE day BETWEEN :since AND :until", given))


def check(path: Path) -> list[str]:
    """Prove the books: day totals equal their entries and holds, every hold ended once, the file is sound."""
    with open_reader(path) as connection:
        return [*_unbalanced(connection), *unbalanced(connection), *_twice(connection), *faults(connection)]


def _unbalanced(connection: sqlite3.Connection) -> Iterator[str]:
    for table, column, source in (
        ("entries", "settled", "charged"),
        ("entries", "likely", "likely"),
        ("holds", "held", "amount"),
    ):
        query = f"""
            SELECT day, {column}, coalesce(true_sum, 0) FROM days
            LEFT JOIN (SELECT day, sum({source}) AS true_sum FROM {table} GROUP BY day) USING (day)
            WHERE {column} <> coalesce(true_sum, 0)"""
        for day, shown, true_sum in connection.execute(query):
            yield f"{day}: {column} is {shown}, its {table} sum to {true_sum}"
    query = """
        SELECT day, settled, coalesce(true_sum, 0) FROM days
        LEFT JOIN (SELECT day, sum(charged) AS true_sum FROM totals GROUP BY day) USING (day)
        WHERE settled <> coalesce(true_sum, 0)"""
    for day, shown, true_sum in connection.execute(query):
        yield f"{day}: settled is {shown}, its totals sum to {true_sum}"
    query = """
        SELECT day, shown, true_sum FROM (SELECT day, sum(local_full) AS shown FROM totals GROUP BY day)
        JOIN (SELECT day, sum(local_full) AS true_sum FROM entries GROUP BY day) USING (day) WHERE shown <> true_sum"""
    for day, shown, true_sum in connection.execute(query):
        yield f"{day}: the totals' local cost is {shown}, its entries sum to {true_sum}"


def _twice(connection: sqlite3.Connection) -> Iterator[str]:
    for (hold_id,) in connection.execute("SELECT id FROM holds WHERE id IN (SELECT hold_id FROM entries)"):
        yield f"hold {hold_id} is open and has an entry"


def _rows(path: Path, query: str, given: dict[str, Any]) -> Iterable[dict[str, Any]]:
    from sqlite_utils import Database  # Takes 80 ms, and who starts bursar should not wait for it.

    with open_reader(path) as connection:
        database = Database(connection, execute_plugins=False, recursive_triggers=False)
        return list(database.query(query, given))


def _labels(row: dict[str, Any]) -> Labels:
    # A ledger at rest may be of a version that did not know who pays.
    return Labels(**{**{name: row[name] for name in _LABELS[:-1]}, "is_plan": bool(row.get("is_plan"))})


def _entry(row: dict[str, Any]) -> Entry:
    return Entry(
        id=row["id"],
        hold_id=row["hold_id"],
        corrects=row["corrects"],
        day=date.fromisoformat(row["day"]),
        at=datetime.fromisoformat(row["at"]),
        since=datetime.fromisoformat(row["since"]),
        instance=row["instance"],
        request_id=row["request_id"],
        upstream=row["upstream"],
        model=row["model"],
        is_local=bool(row["is_local"]),
        held=Money(row["held"]),
        charged=Money(row["charged"]),
        likely=Money(row["likely"]),
        outcome=Outcome(row["outcome"]),
        usage=Usage(**{name: row[name] for name in _COUNTS}),
        raw_usage=row["raw_usage"],
        terms=row["terms"],
        rates=row["rates"],
        status=row["status"],
        upstream_id=row["upstream_id"],
        flags=tuple(row["flags"].splitlines()),
        duration_ms=row["duration_ms"],
        first_byte_ms=row["first_byte_ms"],
        note=row["note"],
        labels=_labels(row),
        local=local_of(row),
    )


def _hold(row: dict[str, Any]) -> OpenHold:
    return OpenHold(
        id=row["id"],
        day=date.fromisoformat(row["day"]),
        since=datetime.fromisoformat(row["since"]),
        request_id=row["request_id"],
        upstream=row["upstream"],
        model=row["model"],
        is_local=bool(row["is_local"]),
        amount=Money(row["amount"]),
        labels=_labels(row),
    )


def day_total(row: dict[str, Any], local: LocalCost | None) -> DayTotal:
    """Read a row of the table `days`."""
    return DayTotal(
        day=date.fromisoformat(row["day"]),
        settled=Money(row["settled"]),
        held=Money(row["held"]),
        likely=Money(row["likely"]),
        budget=Money(row["budget"]),
        cutoff=Money(row["cutoff"] + row["extra"]),
        requests=row["requests"],
        local=local,
    )
