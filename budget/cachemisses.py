"""Cache misses: the ledger's book of them. Rows are kept for a while, their sums by day and kind for good."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from operator import add
from typing import TYPE_CHECKING, Any

from budget.baselinesums import SUBAGENT
from budget.cachemiss import Looked, Miss
from budget.jobs import Commanding
from budget.manyrows import insert, select
from pricing.money import Money

if TYPE_CHECKING:
    from budget.book import Book

KEPT_DAYS = 60
"""For so long each request is kept; a person's pauses of two months say what there is to learn of them."""

_COLUMNS = (
    "e.hold_id",
    *(f"e.{name}" for name in ("id", "day", "agent", "model", "likely")),
    "EXISTS (SELECT 1 FROM cache_looked WHERE entry_id = e.id)",
)
_OF_HOLDS = "FROM json_each(?) CROSS JOIN entries e ON e.hold_id = value"
_LOOKED = "INSERT INTO cache_looked"
_MISS = "INSERT INTO cache_misses"
_DAY = "INSERT INTO cache_days"
_ADD_DAY = """
ON CONFLICT DO UPDATE SET misses = misses + excluded.misses, tokens = tokens + excluded.tokens,
    picos = picos + excluded.picos"""
_SUMMED = ("requests", "cloud", "compared", "compared_cloud", "if_5m", "if_1h")
_LIFE = "INSERT INTO cache_lives"
_ADD_LIFE = f"ON CONFLICT DO UPDATE SET {', '.join(f'{name} = {name} + excluded.{name}' for name in _SUMMED)}"
_IS_FIRST_OF_DAY = "SELECT NOT EXISTS (SELECT 1 FROM cache_looked WHERE day = ?)"
_FORGET = ("DELETE FROM cache_misses WHERE day < ?", "DELETE FROM cache_looked WHERE day < ?")


class CacheMisses:
    """The ledger's cache misses; safe to call from any thread."""

    def __init__(self, put: Callable[[Commanding[int]], None]) -> None:
        self._put = put

    def record(self, looked: Iterable[Looked]) -> Future[int]:
        """Keep what was found of requests whose entries are written, in one transaction; gives how many that were.

        A request that is there already stays as it is. Never blocks.
        """
        found = tuple(looked)
        job = Commanding(lambda book: _record_all(book, found))
        self._put(job)
        return job.future


@dataclass(frozen=True, slots=True)
class _Judged:
    """A request that was looked at, and what there is to know of its entry."""

    looked: Looked
    entry_id: int
    day: str
    agent: str
    model: str
    likely: int

    @property
    def misses(self) -> tuple[Miss, ...]:
        """What it missed. No bill is lower than what of it was missed: if the answer turned out free, nothing was."""
        return self.looked.misses if self.looked.amount.picos <= self.likely else ()

    @property
    def whose(self) -> tuple[Any, ...]:
        """What it is summed up by, whatever it missed."""
        return (self.day, SUBAGENT if self.agent else "", self.model, int(self.looked.is_plan))


def _record_all(book: Book, looked: Iterable[Looked]) -> int:
    made = _new(book.connection, tuple(looked))
    for day, judged in groupby(made, lambda one: one.day):
        _forget(book.connection, day)
        _write(book.connection, tuple(judged))
    return len(made)


def _new(connection: sqlite3.Connection, looked: tuple[Looked, ...]) -> list[_Judged]:
    """Look up the entries of requests, and leave those out that have none or are there already."""
    entries = {row[0]: row[1:] for row in select(connection, _COLUMNS, _OF_HOLDS, {one.hold_id for one in looked})}
    found = []
    for one in looked:
        *entry, is_there = entries.pop(one.hold_id, (True,))
        if not is_there:
            found.append(_Judged(one, *entry))
    return found


def _write(connection: sqlite3.Connection, judged: Sequence[_Judged]) -> None:
    insert(connection, _LOOKED, [_looked_row(one) for one in judged])
    misses = [(one, *each) for one in judged for each in enumerate(one.misses)]
    insert(connection, _MISS, [_miss_row(one, number, miss) for one, number, miss in misses])
    days, lives = _Summed(), _Summed()
    for one, _, miss in misses:
        days.add((*one.whose, miss.cause.kind.value, miss.cause.what.value), 1, miss.tokens, miss.amount.picos)
    for one in judged:
        lives.add((*one.whose, one.looked.life), 1, one.likely, *_compared(one))
    insert(connection, _DAY, days.rows, _ADD_DAY)
    insert(connection, _LIFE, lives.rows, _ADD_LIFE)


class _Summed:
    """Rows to be added to a table of sums: those of one key are one row together."""

    def __init__(self) -> None:
        self._rows: dict[tuple[Any, ...], tuple[int, ...]] = {}

    def add(self, key: tuple[Any, ...], *values: int) -> None:
        before = self._rows.get(key)
        self._rows[key] = tuple(map(add, before, values)) if before else values

    @property
    def rows(self) -> list[tuple[Any, ...]]:
        return [(*key, *values) for key, values in self._rows.items()]


def _compared(one: _Judged) -> tuple[int, int, int, int]:
    """Give what is summed up of requests that either lifetime is known of: their number, cost, and cost with each."""
    short, long = one.looked.if_5m, one.looked.if_1h
    return (0, 0, 0, 0) if short is None or long is None else (1, one.likely, short.picos, long.picos)


def _looked_row(one: _Judged) -> tuple[Any, ...]:
    looked = one.looked
    values = (looked.pause_ms, looked.prefix, looked.marked, looked.life, looked.local_between)
    return (one.entry_id, one.day, *values, _picos(looked.if_5m), _picos(looked.if_1h), int(looked.is_plan))


def _miss_row(one: _Judged, number: int, miss: Miss) -> tuple[Any, ...]:
    cause, rates = miss.cause, miss.rates
    each = json.dumps([rates.input, rates.cache_write_5m, rates.cache_write_1h, rates.cache_read])
    about = (cause.kind.value, cause.what.value, cause.how.value, cause.place, cause.back)
    counts = (miss.input, miss.cache_write_5m, miss.cache_write_1h)
    return (one.entry_id, number, one.day, *about, *counts, each, miss.amount.picos, miss.pause_ms)


def _forget(connection: sqlite3.Connection, day: str) -> None:
    """Let go of what is too old, with the first request of a day."""
    if connection.execute(_IS_FIRST_OF_DAY, (day,)).fetchone()[0]:
        oldest = (date.fromisoformat(day) - timedelta(days=KEPT_DAYS)).isoformat()
        for statement in _FORGET:
            connection.execute(statement, (oldest,))


def _picos(amount: Money | None) -> int | None:
    return None if amount is None else amount.picos
