"""Cache misses: the ledger's book of them. Rows are kept for a while, their sums by day and kind for good."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from datetime import date, timedelta
from operator import add
from typing import TYPE_CHECKING, Any

from budget.baselinesums import SUBAGENT
from budget.cachemiss import Looked, Miss
from budget.jobs import Commanding
from pricing.money import Money

if TYPE_CHECKING:
    from budget.book import Book

KEPT_DAYS = 60
"""For so long each request is kept; a person's pauses of two months say what there is to learn of them."""

_ENTRY = "SELECT id, day, agent, model, likely FROM entries WHERE hold_id = ?"
_LOOKED = f"INSERT OR IGNORE INTO cache_looked VALUES ({', '.join('?' * 10)})"
_MISS = f"INSERT INTO cache_misses VALUES ({', '.join('?' * 14)})"
_DAY = """
INSERT INTO cache_days VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET misses = misses + excluded.misses, tokens = tokens + excluded.tokens,
    picos = picos + excluded.picos"""
_SUMMED = ("requests", "cloud", "compared", "compared_cloud", "if_5m", "if_1h")
_LIFE = f"""
INSERT INTO cache_lives VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET {", ".join(f"{name} = {name} + excluded.{name}" for name in _SUMMED)}"""
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


def _record_all(book: Book, looked: Iterable[Looked]) -> int:
    days, lives = _Summed(_DAY), _Summed(_LIFE)
    made = sum(_record(book, one, days, lives) for one in looked)
    days.write(book.connection)
    lives.write(book.connection)
    return made


class _Summed:
    """Rows to be added to a table of sums: those of one key take one statement together."""

    def __init__(self, statement: str) -> None:
        self._statement = statement
        self._rows: dict[tuple[Any, ...], tuple[int, ...]] = {}

    def add(self, key: tuple[Any, ...], *values: int) -> None:
        before = self._rows.get(key)
        self._rows[key] = tuple(map(add, before, values)) if before else values

    def write(self, connection: sqlite3.Connection) -> None:
        for key, values in self._rows.items():
            connection.execute(self._statement, (*key, *values))


def _record(book: Book, looked: Looked, days: _Summed, lives: _Summed) -> int:
    connection = book.connection
    entry = connection.execute(_ENTRY, (looked.hold_id,)).fetchone()
    if entry is None:
        return 0
    entry_id, day, agent, model, likely = entry
    _forget(connection, day)
    values = (looked.pause_ms, looked.prefix, looked.marked, looked.life, looked.local_between)
    if_so = (_picos(looked.if_5m), _picos(looked.if_1h))
    row = (entry_id, day, *values, *if_so, int(looked.is_plan))
    if not connection.execute(_LOOKED, row).rowcount:
        return 0
    whose = (day, SUBAGENT if agent else "", model, int(looked.is_plan))
    # No bill is lower than what of it was missed: if the answer turned out free, nothing was.
    for number, miss in enumerate(looked.misses if looked.amount.picos <= likely else ()):
        connection.execute(_MISS, _miss_row(entry_id, number, day, miss))
        kind = (miss.cause.kind.value, miss.cause.what.value)
        days.add((*whose, *kind), 1, miss.tokens, miss.amount.picos)
    compared = (0, 0, 0, 0) if if_so[0] is None or if_so[1] is None else (1, likely, *if_so)
    lives.add((*whose, looked.life), 1, likely, *compared)
    return 1


def _miss_row(entry_id: int, number: int, day: str, miss: Miss) -> tuple[Any, ...]:
    cause, rates = miss.cause, miss.rates
    each = json.dumps([rates.input, rates.cache_write_5m, rates.cache_write_1h, rates.cache_read])
    about = (cause.kind.value, cause.what.value, cause.how.value, cause.place, cause.back)
    counts = (miss.input, miss.cache_write_5m, miss.cache_write_1h)
    return (entry_id, number, day, *about, *counts, each, miss.amount.picos, miss.pause_ms)


def _forget(connection: sqlite3.Connection, day: str) -> None:
    """Let go of what is too old, with the first request of a day."""
    if connection.execute(_IS_FIRST_OF_DAY, (day,)).fetchone()[0]:
        oldest = (date.fromisoformat(day) - timedelta(days=KEPT_DAYS)).isoformat()
        for statement in _FORGET:
            connection.execute(statement, (oldest,))


def _picos(amount: Money | None) -> int | None:
    return None if amount is None else amount.picos
