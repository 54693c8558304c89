"""Sums of baselines, by what reports ask for and by session: what a week reads instead of a million rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from operator import add, itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from budget.database import open_reader
from budget.manyrows import insert
from budget.saved import Saved, saved_of
from budget.schema import BASELINE_KEY, BASELINE_SESSION_KEY, BASELINE_VALUES

if TYPE_CHECKING:
    from budget.book import Book

KEPT_DAYS = 31
"""How many of the last days' savings are kept in memory."""
SUBAGENT = "sub-agent"
"""What stands for every sub-agent in the sums: each has an id of its own, that nobody reads a report by."""


@dataclass(frozen=True, slots=True)
class Row:
    """One baseline with the columns of its entry, amounts in picodollars; `cloud` is what Claude likely charged."""

    ENTRY: ClassVar[tuple[str, ...]] = (
        *("id", "day", "since", "at", "session", "agent", "project", "mode", "tier", "task_class"),
        *("model_asked", "model", "is_local", "outcome", "local_marginal", "local_full"),
    )

    entry: Mapping[str, Any]
    part: str
    basis: str
    low: int
    likely: int
    high: int
    predicted: int | None
    local_idle: int
    is_plan: int
    would: str
    cloud: int

    def at(self, amount: int) -> Row:
        """Give the same with another baseline."""
        return replace(self, low=amount, likely=amount, high=amount)

    @property
    def values(self) -> tuple[int, ...]:
        """What it adds to each sum, in the order of BASELINE_VALUES."""
        entry, predicted = self.entry, self.predicted
        # What was voided cost nothing and saved nothing: it is no request that a share could be taken of.
        requests = int(self.part != "void")
        local = (entry["local_marginal"], entry["local_full"], self.local_idle)
        told = (0, 0, 0, 0) if predicted is None else (1, predicted, self.cloud, abs(predicted - self.cloud))
        would = (1, self.likely) if self.would else (0, 0)
        return (requests, self.low, self.likely, self.high, self.cloud, *local, *told, *would)

    @property
    def key(self) -> tuple[Any, ...]:
        """What it is summed up by, in the order of BASELINE_KEY."""
        entry = self.entry
        agent = SUBAGENT if entry["agent"] else ""
        return (*_keyed(entry), agent, self.is_plan, self.part, self.basis)


_keyed = itemgetter("day", "mode", "tier", "task_class", "model_asked", "model", "is_local", "project")
_NAMES = (*BASELINE_KEY.split(", "), *BASELINE_VALUES.split(", "))
_ADDED = ", ".join(f"{name} = {name} + excluded.{name}" for name in BASELINE_VALUES.split(", "))
_TOTAL = f"INSERT INTO baseline_totals ({BASELINE_KEY}, {BASELINE_VALUES})"
_ADD_TOTAL = f"ON CONFLICT DO UPDATE SET {_ADDED}"
_SESSION = f"INSERT INTO baseline_sessions ({BASELINE_SESSION_KEY}, project, since, until, {BASELINE_VALUES})"
_ADD_SESSION = f"""
ON CONFLICT DO UPDATE SET project = max(project, excluded.project), since = min(since, excluded.since),
    until = max(until, excluded.until), {_ADDED}"""
_OF_REQUEST = """
SELECT b.* FROM entries e JOIN baselines b ON b.entry_id = e.id
WHERE e.request_id = ? AND version = (SELECT max(version) FROM baselines WHERE entry_id = e.id) ORDER BY e.id"""
_WITHIN = "day BETWEEN :since AND :until"


class Sums:
    """What rows change in the sums: those of one key are one row together, and those of a table one statement."""

    def __init__(self) -> None:
        self._totals: dict[tuple[Any, ...], tuple[int, ...]] = {}
        self._sessions: dict[tuple[Any, ...], tuple[Any, ...]] = {}

    def add(self, row: Row, times: int = 1) -> None:
        """Add a row, or take it out again with -1."""
        entry, total_key, values = row.entry, row.key, row.values
        if times != 1:
            values = tuple(times * value for value in values)
        self._totals[total_key] = _plus(self._totals.get(total_key), values)
        key = (entry["session"], entry["day"], row.is_plan, row.part, row.basis)
        project, since, until = entry["project"], entry["since"], entry["at"]
        if before := self._sessions.get(key):
            project, since, until = max(project, before[0]), min(since, before[1]), max(until, before[2])
        self._sessions[key] = (project, since, until, *_plus(before[3:] if before else None, values))

    def write(self, book: Book) -> None:
        """Write them; memory follows when the group is committed."""
        totals = [(*key, *values) for key, values in self._totals.items()]
        insert(book.connection, _TOTAL, totals, _ADD_TOTAL)
        for row in totals:
            saved = saved_of(dict(zip(_NAMES, row, strict=True)))
            book.after.append(partial(_remember, book, row[0], saved))
        insert(book.connection, _SESSION, [(*key, *values) for key, values in self._sessions.items()], _ADD_SESSION)


def totals(path: Path, since: date, until: date) -> list[dict[str, Any]]:
    """Read the sums between two days, both included."""
    return list(_rows(path, f"SELECT * FROM baseline_totals WHERE {_WITHIN}", since, until))


def sessions(path: Path, since: date, until: date) -> list[dict[str, Any]]:
    """Read the sums by session between two days, both included."""
    return list(_rows(path, f"SELECT * FROM baseline_sessions WHERE {_WITHIN}", since, until))


def of_request(path: Path, request_id: str) -> list[dict[str, Any]]:
    """Read the baselines that count of a request's entries, oldest first."""
    with open_reader(path) as connection:
        return list(_dicts(connection.execute(_OF_REQUEST, (request_id,))))


def saved_by_day(connection: sqlite3.Connection, today: date) -> dict[str, Saved]:
    """Sum up the last days; nothing in a ledger older than baselines."""
    found: dict[str, Saved] = {}
    try:
        given = {"since": (today - timedelta(days=KEPT_DAYS)).isoformat(), "until": date.max.isoformat()}
        for row in _dicts(connection.execute(f"SELECT * FROM baseline_totals WHERE {_WITHIN}", given)):
            found[row["day"]] = found.get(row["day"], Saved()) + saved_of(row)
    except sqlite3.OperationalError:
        return {}
    return found


def saved_between(path: Path, since: date, until: date) -> Saved:
    """Sum up days of a ledger at rest; nothing where it cannot be read."""
    try:
        with open_reader(path) as connection:
            days = saved_by_day(connection, until).items()
    except sqlite3.Error:
        return Saved()
    return sum((saved for day, saved in days if since.isoformat() <= day <= until.isoformat()), Saved())


def unbalanced(connection: sqlite3.Connection) -> Iterator[str]:
    """Prove that both tables of sums equal the baselines that count; list what does not."""
    query = """
        SELECT day, sum(shown), sum(really) FROM (
            SELECT day, {column} AS shown, 0 AS really FROM {table}
            UNION ALL SELECT e.day, 0, {source} FROM baselines b JOIN entries e ON e.id = b.entry_id
                WHERE NOT EXISTS (SELECT 1 FROM baselines WHERE entry_id = b.entry_id AND version > b.version)
        ) GROUP BY day HAVING sum(shown) <> sum(really)"""
    cloud = "(SELECT sum(likely) FROM entries WHERE id = e.id OR corrects = e.id)"
    for table in ("baseline_totals", "baseline_sessions"):
        for column, source in (("likely", "b.likely"), ("local_full", "e.local_full"), ("cloud", cloud)):
            for day, shown, really in connection.execute(query.format(table=table, column=column, source=source)):
                yield f"{day}: {column} of {table} is {shown}, its baselines sum to {really}"


def _plus(before: tuple[int, ...] | None, values: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(map(add, before, values)) if before else values


def _remember(book: Book, day: str, saved: Saved) -> None:
    """Replace what is shown: readers keep the mapping that they were given."""
    days = {**book.saved, day: book.saved.get(day, Saved()) + saved}
    for old in sorted(days)[:-KEPT_DAYS]:
        del days[old]
    book.saved = days


def _rows(path: Path, query: str, since: date, until: date) -> Iterator[dict[str, Any]]:
    with open_reader(path) as connection:
        yield from _dicts(connection.execute(query, {"since": since.isoformat(), "until": until.isoformat()}))


def _dicts(cursor: sqlite3.Cursor) -> Iterator[dict[str, Any]]:
    names = [column[0] for column in cursor.description]
    return (dict(zip(names, row, strict=True)) for row in cursor)
