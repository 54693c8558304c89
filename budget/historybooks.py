"""The books of imported history: gathered aside, compared with what is there, added or let go of, summed up.

They are a table of their own in the ledger's database. No day, limit or total of the ledger knows of them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from budget.historyrow import Row, Values, row_of
from budget.historytable import COLUMNS, FIRST
from budget.trouble import LedgerUnavailable, recognise

if TYPE_CHECKING:
    from budget.book import Book

BATCH = 1000
"""Rows that are written at once: few enough that no request waits for them."""

_OUR_ID = "msg_" + "[0-9a-f]" * 24
"""The form of the ids that bursar gives to local answers; Claude's own have other letters and another length."""

_NAMES = COLUMNS.split(", ")
_INSERT = f"INSERT INTO history ({COLUMNS}) VALUES ({', '.join('?' * len(_NAMES))})"
_PUT = _INSERT.replace("INSERT", "INSERT OR REPLACE", 1)
_LONGER = " ".join(
    (
        _INSERT,
        "ON CONFLICT DO UPDATE SET",
        ", ".join(f"{name} = excluded.{name}" for name in _NAMES[2:]),
        "WHERE excluded.output > history.output",
    )
)

_FORGET = "DELETE FROM history WHERE (message_id, request_id) IN (SELECT message_id, request_id FROM history LIMIT ?)"
_THROUGH = """
UPDATE main.history SET through = 1 WHERE request_id <> '' AND
    (request_id IN (SELECT upstream_id FROM books.entries) OR request_id IN (SELECT request_id FROM books.entries))"""
# What a local model answered cost nothing at Claude, whatever model was asked for.
_OURS = f"""
UPDATE main.history SET through = 1, picos = 0, provisional = 0
WHERE request_id = '' AND message_id GLOB '{_OUR_ID}'"""

_MINE, _KEPT = (", ".join(f"{table}.{name}" for name in _NAMES) for table in ("mine", "kept"))
_BOTH = "FROM main.history mine LEFT JOIN books.history kept USING (message_id, request_id)"
# A row of the books stays where the logs have lost the end of an answer since.
_SAYS_MORE = f"({_MINE}) <> ({_KEPT}) AND mine.output >= kept.output"
_FRESH = f"SELECT {_MINE} {_BOTH} WHERE kept.message_id IS NULL OR {_SAYS_MORE}"
_NEW = f"SELECT count(*) {_BOTH} WHERE kept.message_id IS NULL"

_SUMS = """
count(*) AS requests, sum(through) AS through, count(*) FILTER (WHERE provisional) AS unpriced,
coalesce(sum(picos) FILTER (WHERE NOT provisional), 0) AS picos,
coalesce(sum(picos) FILTER (WHERE NOT provisional AND NOT through), 0) AS picos_beside,
coalesce(sum(picos) FILTER (WHERE provisional), 0) AS unpriced_picos,
sum(input) AS input, sum(cache_write_5m) AS cache_write_5m, sum(cache_write_1h) AS cache_write_1h,
sum(cache_read) AS cache_read, sum(output) AS output"""


@dataclass(frozen=True, slots=True)
class Compared:
    """How what was gathered stands beside the books: rows that are new, that say more now, and that are there."""

    new: int
    changed: int
    same: int


class Gathered:
    """What was read from logs, in a database of its own that is gone when it is closed; `with` it."""

    def __init__(self) -> None:
        # An empty name is a file of SQLite's own, which it begins only when memory gets short.
        self.connection = sqlite3.connect("", uri=True, isolation_level=None)
        for statement in FIRST:
            self.connection.execute(statement)
        self._has_books = False

    def add(self, rows: Sequence[Row]) -> int:
        """Add the answers of a file; gives how many of them other files had before."""
        had = self._count()
        self.connection.execute("BEGIN")
        self.connection.executemany(_LONGER, (row.values() for row in rows))
        self.connection.execute("COMMIT")
        return len(rows) - (self._count() - had)

    def beside(self, database: Path) -> Compared:
        """Mark what came through bursar, and compare with the books, if there are any. Raises LedgerUnavailable."""
        self.connection.execute(_OURS)
        with readable():
            return self._compared(database)

    def _compared(self, database: Path) -> Compared:
        self._has_books = database.exists() and self._attach(database)
        if not self._has_books:
            return Compared(self._count(), 0, 0)
        self.connection.execute(_THROUGH)
        fresh = self._one(f"SELECT count(*) FROM ({_FRESH})")
        new = self._one(_NEW)
        return Compared(new, fresh - new, self._count() - fresh)

    def fresh(self) -> Iterator[list[Values]]:
        """Give what the books do not have, in batches."""
        found = self.connection.execute(_FRESH if self._has_books else f"SELECT {COLUMNS} FROM main.history")
        while rows := found.fetchmany(BATCH):
            yield rows

    def _attach(self, database: Path) -> bool:
        self.connection.execute("ATTACH ? AS books", (f"{database.absolute().as_uri()}?mode=ro",))
        # Before its first start with this version a ledger has no history.
        found = self._one("SELECT count(*) FROM books.sqlite_master WHERE name = 'history'")
        return bool(found)

    def _count(self) -> int:
        return self._one("SELECT count(*) FROM main.history")

    def _one(self, query: str) -> int:
        return int(self.connection.execute(query).fetchone()[0])

    def __enter__(self) -> Gathered:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()


class History:
    """The ledger's book of history; each call is one transaction, and durable when it returns."""

    def __init__(self, database: Path, command: Callable[[Callable[[Book], Any]], Any]) -> None:
        self._database, self._command = database, command

    def add(self, rows: Sequence[Sequence[Any]]) -> int:
        """Add rows, or put them in the place of what they say more than. Raises ValueError, LedgerUnavailable."""
        checked = [row_of(row).values() for row in rows]
        self._command(lambda book: book.connection.executemany(_PUT, checked))
        return len(checked)

    def forget(self) -> int:
        """Let go of all of it, batch by batch; gives how many rows there were. Raises LedgerUnavailable."""
        gone = 0
        while some := int(self._command(lambda book: book.connection.execute(_FORGET, (BATCH,)).rowcount)):
            gone += some
        return gone


def sums(connection: sqlite3.Connection, by: str) -> list[dict[str, Any]]:
    """Sum up by a column: day, model or project; amounts in picodollars.

    `picos` leaves out what has no price, `picos_beside` also what came through bursar and has entries.
    """
    found = connection.execute(f"SELECT {by} AS name, {_SUMS} FROM history GROUP BY {by} ORDER BY {by}")
    return _dicts(found)


def whole(connection: sqlite3.Connection) -> dict[str, Any]:
    """Sum up everything, with its span and how many sessions, sub-agents and turns were seen."""
    found = connection.execute(
        f"SELECT {_SUMS}, min(at) AS since, max(at) AS until, count(DISTINCT session) AS sessions, "
        "count(DISTINCT agent) FILTER (WHERE agent <> '') AS sub_agents, count(DISTINCT turn) AS turns, "
        "count(*) FILTER (WHERE tier = '') AS untaken FROM history"
    )
    return _dicts(found)[0]


@contextmanager
def readable() -> Iterator[None]:
    """Say in the ledger's own words what is wrong with books that cannot be read: raises LedgerUnavailable."""
    try:
        yield
    except sqlite3.Error as error:
        raise LedgerUnavailable(recognise(error)) from error


@contextmanager
def kept(database: Path) -> Iterator[sqlite3.Connection | None]:
    """Lend the books for a look; None where there are none yet. Raises LedgerUnavailable."""
    if not database.exists():
        yield None
        return
    with readable(), closing(reader(database)) as connection:
        found = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'history'").fetchone()
        yield connection if found[0] else None


def reader(database: Path) -> sqlite3.Connection:
    """Open the ledger's database for reading only."""
    return sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True, timeout=1.0)


def rows_of(database: Path, since: date, until: date, *, beside: bool = False) -> list[Row]:
    """Give the rows of days, in the order of their moments; `beside`: only those that did not come through bursar."""
    query = f"SELECT {COLUMNS} FROM history WHERE day BETWEEN ? AND ?"
    if beside:
        query += " AND NOT through"
    given = (since.isoformat(), until.isoformat())
    with kept(database) as connection:
        found = connection.execute(f"{query} ORDER BY at, message_id", given) if connection else ()
        return [row_of(values) for values in found]


def _dicts(found: sqlite3.Cursor) -> list[dict[str, Any]]:
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found]
