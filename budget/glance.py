"""Glance: what a person looks at in the books – a day's course, attempts, sessions – without reading all of them.

Every query here walks a bounded range of entry ids, newest first or one day's: a million entries take no longer.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from budget import reading
from budget.database import open_reader
from budget.entries import Entry
from pricing.money import ZERO, Money

Unreadable = sqlite3.Error
"""What every function here raises while the books cannot be read."""

STEP = timedelta(minutes=10)
"""How finely a day's course is told."""
WINDOW = 20_000
"""How many entries are looked through for those that match a filter."""
MOST_OF_DAY = 20_000
"""How many of a day's entries, its newest, sessions are summed up from."""

Course = Mapping[datetime, Money]
"""What was charged in each STEP that begins at a moment; steps without spend are not there."""


@dataclass(frozen=True, slots=True)
class Attempts:
    """Entries that match, newest first; `older` is the id to go on before, None at the beginning of the books."""

    entries: tuple[Entry, ...]
    older: int | None


@dataclass(frozen=True, slots=True)
class SessionSum:
    """What one session came to on a day. `local` and `requests` count attempts that were not voided."""

    session: str
    project: str
    agent: str
    since: datetime
    until: datetime
    requests: int
    local: int
    failed: int
    charged: Money
    likely: Money
    local_full: Money
    tokens_in: int
    tokens_out: int
    tier: str
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Alone:
    """What an attempt would have cost had everything gone to Claude as asked; `basis` none: nobody knows."""

    part: str
    basis: str
    low: Money
    likely: Money
    high: Money
    note: str


_ALONE = "SELECT part, basis, low, likely, high, note FROM baselines WHERE entry_id = ? ORDER BY version DESC LIMIT 1"

# One bound below: of two, SQLite would begin at the lower.
_FROM = "id > max({least}, (SELECT first_entry FROM days WHERE day = :day) - 1)"
_TO = "id <= (SELECT last_entry FROM days WHERE day = :day)"

_COURSE = f"""
SELECT substr(at, 1, 15), sum(charged), max(id) FROM entries
WHERE {_FROM.format(least=":after")} AND {_TO} AND day = :day AND charged <> 0 GROUP BY 1"""

_NEWEST = "SELECT coalesce(max(id), 0) FROM entries"

_SESSIONS = f"""
SELECT session, max(project), max(agent), min(since), max(at),
    count(*) FILTER (WHERE outcome NOT IN ('voided', 'corrected')) AS requests,
    count(*) FILTER (WHERE is_local AND outcome NOT IN ('voided', 'corrected')),
    count(*) FILTER (WHERE outcome = 'voided'),
    sum(charged), sum(likely), sum(local_full),
    sum(input + cache_write_5m + cache_write_1h + cache_read), sum(output), max(tier),
    group_concat(DISTINCT model)
FROM entries WHERE {_FROM.format(least=f"(SELECT last_entry FROM days WHERE day = :day) - {MOST_OF_DAY}")}
    AND {_TO} AND day = :day
GROUP BY session ORDER BY max(id) DESC LIMIT :most"""


def course(path: Path, day: date, after: int = 0) -> tuple[dict[datetime, Money], int]:
    """Tell how a day's spend was spread over it, from the entries after an id; gives the last id as well."""
    with open_reader(path) as connection:
        rows = connection.execute(_COURSE, {"day": day.isoformat(), "after": after}).fetchall()
    steps: dict[datetime, Money] = {}
    for begin, picos, _ in rows:
        moment = datetime.fromisoformat(f"{begin}0:00").replace(tzinfo=UTC)
        steps[moment] = steps.get(moment, ZERO) + Money(picos)
    return steps, max((row[2] for row in rows), default=after)


def attempts(
    path: Path, *, before: int | None = None, most: int = 100, is_local: bool | None = None, **equal: str
) -> Attempts:
    """List the newest entries that match, by columns such as tier, outcome, session, model: no more than WINDOW back.

    An empty text matches everything. Only names of columns may be keys.
    """
    wanted = {name: value for name, value in equal.items() if value}
    with open_reader(path) as connection:
        top = before if before is not None else connection.execute(_NEWEST).fetchone()[0] + 1
    conditions = ["id < :top AND id >= :floor", *(f"{name} = :{name}" for name in wanted)]
    if is_local is not None:
        conditions.append(f"is_local = {int(is_local)}")
    floor = max(1, top - WINDOW)
    found = reading.newest(path, " AND ".join(conditions), {**wanted, "top": top, "floor": floor}, most)
    older = found[-1].id if len(found) == most else floor
    return Attempts(tuple(found), older if older > 1 else None)


def moment_of(path: Path, entry: int) -> datetime | None:
    """Tell when the request of an entry began; None if there is no such entry."""
    with open_reader(path) as connection:
        row = connection.execute("SELECT since FROM entries WHERE id = ?", (entry,)).fetchone()
    return datetime.fromisoformat(row[0]) if row else None


def sessions(path: Path, day: date, most: int = 200) -> list[SessionSum]:
    """Sum up the sessions of a day, the last active first."""
    with open_reader(path) as connection:
        return [_session(row) for row in connection.execute(_SESSIONS, {"day": day.isoformat(), "most": most})]


def alone(path: Path, entries: Iterable[Entry]) -> dict[int, Alone]:
    """Tell what entries would have cost at Claude alone, by their ids; those without a word on it are not there."""
    with open_reader(path) as connection:
        rows = {entry.id: connection.execute(_ALONE, (entry.id,)).fetchone() for entry in entries}
    return {
        number: Alone(row[0], row[1], Money(row[2]), Money(row[3]), Money(row[4]), row[5])
        for number, row in rows.items()
        if row
    }


def neighbours(path: Path, day: date) -> tuple[date | None, date | None]:
    """Find the days with entries before and after one."""
    with open_reader(path) as connection:
        given = (day.isoformat(),)
        before = _one(connection, "SELECT max(day) FROM days WHERE requests > 0 AND day < ?", given)
        after = _one(connection, "SELECT min(day) FROM days WHERE requests > 0 AND day > ?", given)
    return (date.fromisoformat(before) if before else None), (date.fromisoformat(after) if after else None)


def has_entries(path: Path) -> bool:
    """Tell whether anything was ever entered."""
    with open_reader(path) as connection:
        return bool(_one(connection, "SELECT EXISTS (SELECT 1 FROM entries)", ()))


def _one(connection: sqlite3.Connection, query: str, given: tuple[Any, ...]) -> Any:
    return connection.execute(query, given).fetchone()[0]


def _session(row: tuple[Any, ...]) -> SessionSum:
    name, project, agent, since, until, requests, local, failed, charged, likely, full, read, written, tier, models = (
        row
    )
    return SessionSum(
        session=name,
        project=project,
        agent=agent,
        since=datetime.fromisoformat(since),
        until=datetime.fromisoformat(until),
        requests=requests,
        local=local,
        failed=failed,
        charged=Money(charged),
        likely=Money(likely),
        local_full=Money(full),
        tokens_in=read,
        tokens_out=written,
        tier=tier,
        models=tuple(models.split(",")) if models else (),
    )
