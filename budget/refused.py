"""Refused: requests that bursar itself refused, which leave no entry; the newest are kept so that a person can see why.

Like entries they hold labels and no word of a prompt; they go when details of entries do, and sooner if they are many.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from budget.database import open_reader
from budget.jobs import Commanding
from budget.tallies import count

if TYPE_CHECKING:
    from budget.book import Book

MOST_KEPT = 10_000
"""An agent that tries for ever must not fill a disk: of more, the oldest go."""
LONGEST = 1000
"""Characters of a sentence or a name that are kept."""

TABLE = """
CREATE TABLE refusals (
    id INTEGER PRIMARY KEY,
    day TEXT NOT NULL REFERENCES days (day),
    at TEXT NOT NULL,
    request_id TEXT NOT NULL,
    session TEXT NOT NULL,
    agent TEXT NOT NULL,
    project TEXT NOT NULL,
    model_asked TEXT NOT NULL,
    task_class TEXT NOT NULL,
    tier TEXT NOT NULL,
    mode TEXT NOT NULL,
    band TEXT NOT NULL,
    why TEXT NOT NULL,
    reason TEXT NOT NULL,
    said TEXT NOT NULL
) STRICT
"""

_TEXTS = (
    *("request_id", "session", "agent", "project", "model_asked", "task_class", "tier", "mode", "band"),
    *("why", "reason", "said"),
)
_KEEP = f"INSERT INTO refusals (day, at, {', '.join(_TEXTS)}) VALUES (?, ?, {', '.join('?' * len(_TEXTS))})"
_TOO_MANY = "DELETE FROM refusals WHERE id <= (SELECT max(id) FROM refusals) - ?"
_PRUNE = "DELETE FROM refusals WHERE day < ?"
_THERE = "SELECT 1 FROM sqlite_schema WHERE name = 'refusals'"


@dataclass(frozen=True, slots=True)
class RefusedRequest:
    """A request and why it was refused: `why` is a word such as "cutoff", `said` the sentence that its agent got."""

    at: datetime
    request_id: str
    session: str = ""
    agent: str = ""
    project: str = ""
    model_asked: str = ""
    task_class: str = ""
    tier: str = ""
    mode: str = ""
    band: str = ""
    why: str = ""
    reason: str = ""
    said: str = ""
    id: int = 0
    """Its number in the ledger; later ones are higher."""


class RefusedRequests:
    """Those of one ledger; safe from any thread."""

    def __init__(self, database: Path, put: Callable[[Any], None], command: Callable[..., Any]) -> None:
        self._database, self._put, self._command = database, put, command

    def keep(self, refused: RefusedRequest) -> None:
        """Keep and count a request that was refused; never blocks. What cannot be written is not kept."""
        self._put(Commanding(lambda book: _keep(book, refused)))

    def newest(
        self, most: int, *, before: int | None = None, since: datetime | None = None, until: datetime | None = None
    ) -> list[RefusedRequest]:
        """List the newest, newest first. Raises sqlite3.Error."""
        return newest(self._database, most, before=before, since=since, until=until)

    def find(self, request_id: str) -> RefusedRequest | None:
        """Find a request's refusal; None if it was not refused, or long ago. Raises sqlite3.Error."""
        return find(self._database, request_id)

    def prune(self, before: date) -> None:
        """Let go of those of before a budget day. Raises LedgerUnavailable."""
        self._command(lambda book: book.connection.execute(_PRUNE, (before.isoformat(),)))


def newest(
    database: Path,
    most: int,
    *,
    before: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[RefusedRequest]:
    """List the newest of a ledger, newest first: below a number, from one moment on and before another."""
    conditions = {"id < ?": before, "at >= ?": since and since.isoformat(), "at < ?": until and until.isoformat()}
    asked = {text: value for text, value in conditions.items() if value is not None}
    where = " AND ".join(asked) or "1"
    return _read(database, f"WHERE {where} ORDER BY id DESC LIMIT ?", (*asked.values(), most))


def find(database: Path, request_id: str) -> RefusedRequest | None:
    """Find the refusal of a request in a ledger."""
    return next(iter(_read(database, "WHERE request_id = ? ORDER BY id DESC LIMIT 1", (request_id,))), None)


def _keep(book: Book, refused: RefusedRequest) -> None:
    count(book, "refused", refused.tier, refused.why)
    texts = (getattr(refused, name)[:LONGEST] for name in _TEXTS)
    book.connection.execute(_KEEP, (book.standing.day_text, refused.at.isoformat(), *texts))
    book.connection.execute(_TOO_MANY, (MOST_KEPT,))


def _read(database: Path, which: str, given: tuple[Any, ...]) -> list[RefusedRequest]:
    with open_reader(database) as reader:
        if reader.execute(_THERE).fetchone() is None:
            return []  # It is older than this table; the next start brings it up to date.
        rows = reader.execute(f"SELECT id, at, {', '.join(_TEXTS)} FROM refusals {which}", given).fetchall()
    return [_row(row) for row in rows]


def _row(row: tuple[Any, ...]) -> RefusedRequest:
    number, at, *texts = row
    return RefusedRequest(datetime.fromisoformat(at), **dict(zip(_TEXTS, texts, strict=True)), id=number)
