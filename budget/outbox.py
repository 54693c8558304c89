"""The outbox: every alert recorded once, and for each destination whether it was told, waits, or was given up.

A recorded alert has no destinations yet; `plan` gives it those of that moment. Delivery is at least once: a process
that is killed between sending and `told` sends that one alert to that one destination again, at its next start.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from budget.database import open_reader
from budget.trouble import LedgerUnavailable, recognise

if TYPE_CHECKING:
    from budget.book import Book

T = TypeVar("T")

Facts = Mapping[str, str]
"""What an alert is about, as short texts: amounts in exact dollars, names, moments. Never what was asked of a model."""

_RECORD = """
INSERT INTO alerts (kind, day, subject, at, facts) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
"""
_UNPLANNED = "SELECT id, kind FROM alerts WHERE planned IS NULL ORDER BY id"
_PLAN = "INSERT INTO deliveries (alert, destination, due) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
_PLANNED = "UPDATE alerts SET planned = ? WHERE planned IS NULL"
_TOLD = """
UPDATE deliveries SET told = ?, due = NULL, trouble = '', tries = tries + 1
WHERE alert = ? AND destination = ? AND told IS NULL
"""
_FAILED = """
UPDATE deliveries SET due = ?, trouble = ?, tries = tries + 1 WHERE alert = ? AND destination = ? AND told IS NULL
"""
_GIVE_UP = "UPDATE deliveries SET due = NULL, trouble = ? WHERE destination = ? AND due IS NOT NULL"
_WAITING = """
SELECT id, kind, day, subject, at, facts, destination, tries, due FROM deliveries JOIN alerts ON id = alert
WHERE due IS NOT NULL ORDER BY id, destination
"""
_ALERTS = "SELECT id, kind, day, subject, at, facts, planned FROM alerts"
_DELIVERIES = "SELECT destination, tries, due, told, trouble FROM deliveries WHERE alert = ? ORDER BY destination"


class Kind(StrEnum):
    """What an alert is about."""

    threshold = "threshold"
    stopped = "stopped"
    upstream_down = "upstream_down"
    upstream_back = "upstream_back"
    unpriced = "unpriced"
    old_prices = "old_prices"
    burn = "burn"
    ledger = "ledger"
    report = "report"


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing that a person is told of, once a `day` for each `kind` and `subject`."""

    id: int
    kind: Kind
    day: date
    subject: str
    at: datetime
    facts: Facts


@dataclass(frozen=True, slots=True)
class Waiting:
    """An alert that a destination has not got yet; it is tried when `due`."""

    alert: Alert
    destination: str
    tries: int
    due: datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """How it went with one destination: told at a moment, to be tried at `due`, or given up where both are None."""

    destination: str
    tries: int
    due: datetime | None
    told: datetime | None
    trouble: str


@dataclass(frozen=True, slots=True)
class Sent:
    """An alert and what became of it; no deliveries and not `planned`: its destinations are not chosen yet."""

    alert: Alert
    is_planned: bool
    deliveries: tuple[Delivery, ...]


class Outbox:
    """The outbox of one ledger; every change is durable against a killed process when its call returns."""

    def __init__(self, database: Path, command: Callable[[Callable[[Book], Any]], Any]) -> None:
        self._database = database
        self._command = command

    def record(self, kind: Kind, subject: str, facts: Facts, day: date | None = None) -> bool:
        """Record an alert of the budget day, or another; False if there is one already. Raises LedgerUnavailable."""
        return bool(self._command(lambda book: record(book, kind, day.isoformat() if day else None, subject, facts)))

    def plan(self, destinations: Collection[str], muted: Collection[str] = ()) -> int:
        """Give new alerts these destinations, none to a muted kind; tells how many were new."""
        return int(self._command(lambda book: plan(book, destinations, muted)))

    def told(self, alert: int, destination: str) -> None:
        """Note that a destination got an alert."""
        self._command(lambda book: _change(book, _TOLD, (book.now_text, alert, destination)))

    def failed(self, alert: int, destination: str, trouble: str, again: datetime | None) -> None:
        """Note that a destination did not get an alert, and when it is tried again; None gives it up."""
        due = _text(again) if again else None
        self._command(lambda book: _change(book, _FAILED, (due, trouble, alert, destination)))

    def give_up(self, destination: str, trouble: str) -> None:
        """Take back all that waits for a destination."""
        self._command(lambda book: _change(book, _GIVE_UP, (trouble, destination)))

    def prune(self, before: date) -> None:
        """Let go of what was recorded before a day, unless it still waits."""
        self._command(lambda book: _prune(book, before))

    def waiting(self) -> list[Waiting]:
        """List what waits, the oldest alert first."""
        return waiting(self._database)

    def has_new(self) -> bool:
        """Tell whether alerts wait for their destinations."""
        with _reader(self._database) as reader:
            return reader.execute(_UNPLANNED).fetchone() is not None

    def newest(self, limit: int = 100, kinds: Iterable[Kind] = tuple(Kind)) -> list[Sent]:
        """List the newest alerts, oldest of them first."""
        return newest(self._database, limit, kinds)


def record(book: Book, kind: Kind, day: str | None, subject: str, facts: Facts) -> bool:
    """Record an alert in the transaction under way; False if this day has it already."""
    text = json.dumps(dict(facts), ensure_ascii=False)
    row = (kind.value, day or book.standing.day_text, subject, book.now_text, text)
    return book.connection.execute(_RECORD, row).rowcount > 0


def plan(book: Book, destinations: Collection[str], muted: Collection[str]) -> int:
    """Choose who is told of the alerts that are new."""
    new = book.connection.execute(_UNPLANNED).fetchall()
    named = [alert for alert, kind in new if kind not in muted]
    rows = [(alert, destination, book.now_text) for alert in named for destination in destinations]
    book.connection.executemany(_PLAN, rows)
    book.connection.execute(_PLANNED, (book.now_text,))
    return len(new)


def waiting(database: Path) -> list[Waiting]:
    """Read what waits for its destination."""
    with _reader(database) as reader:
        rows = reader.execute(_WAITING).fetchall()
    return [Waiting(_alert(row[:6]), row[6], row[7], datetime.fromisoformat(row[8])) for row in rows]


def newest(database: Path, limit: int, kinds: Iterable[Kind] = tuple(Kind)) -> list[Sent]:
    """Read the newest alerts, oldest of them first."""
    named = [kind.value for kind in kinds]
    among = ", ".join("?" * len(named))
    query = f"{_ALERTS} WHERE kind IN ({among}) ORDER BY id DESC LIMIT ?"
    with _reader(database) as reader:
        return [_sent(reader, row) for row in reversed(reader.execute(query, (*named, limit)).fetchall())]


@contextmanager
def _reader(database: Path) -> Iterator[sqlite3.Connection]:
    """Lend a connection that cannot write; raises LedgerUnavailable where there is nothing to read."""
    try:
        with open_reader(database) as reader:
            yield reader
    except sqlite3.Error as error:
        raise LedgerUnavailable(recognise(error)) from error


def _change(book: Book, statement: str, values: tuple[Any, ...]) -> None:
    book.connection.execute(statement, values)


def _prune(book: Book, before: date) -> None:
    old = "SELECT id FROM alerts WHERE at < ? AND id NOT IN (SELECT alert FROM deliveries WHERE due IS NOT NULL)"
    for table, column in (("deliveries", "alert"), ("alerts", "id")):
        book.connection.execute(f"DELETE FROM {table} WHERE {column} IN ({old})", (before.isoformat(),))


def _sent(reader: sqlite3.Connection, row: tuple[Any, ...]) -> Sent:
    deliveries = tuple(
        Delivery(destination, tries, _moment(due), _moment(told), trouble)
        for destination, tries, due, told, trouble in reader.execute(_DELIVERIES, (row[0],))
    )
    return Sent(_alert(row[:6]), row[6] is not None, deliveries)


def _alert(row: tuple[Any, ...]) -> Alert:
    number, kind, day, subject, at, facts = row
    return Alert(number, Kind(kind), date.fromisoformat(day), subject, datetime.fromisoformat(at), json.loads(facts))


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
