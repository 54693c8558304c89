"""What some days missed of Claude's cache: by kind, by session, and what either lifetime would have cost."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from budget.allowance import PING
from budget.cachemiss import Kind, What
from budget.cachemisslife import Lives, Pauses, pauses_of
from budget.database import open_reader
from pricing.money import ZERO, Money

MOST_SESSIONS = 20

_ON_DAYS = "day BETWEEN :since AND :until"
_BILL = f"SELECT coalesce(sum(likely), 0) FROM totals WHERE is_local = 0 AND task_class <> '{PING}' AND {_ON_DAYS}"
_KINDS = f"""
SELECT kind, what, sum(misses), sum(tokens), sum(picos) FROM cache_days WHERE {_ON_DAYS}
GROUP BY kind, what ORDER BY sum(picos) DESC, kind, what"""
_DAYS = f"SELECT day, kind, sum(picos) FROM cache_days WHERE {_ON_DAYS} GROUP BY day, kind"
_LIVES = f"""
SELECT agent, life, sum(requests), sum(cloud), sum(compared), sum(compared_cloud), sum(if_5m), sum(if_1h)
FROM cache_lives WHERE {_ON_DAYS} GROUP BY agent, life"""
_PLAN = f"SELECT coalesce(sum(cloud), 0) FROM cache_lives WHERE is_plan AND {_ON_DAYS}"
_PINGED = f"""
SELECT session, agent, min(id) AS first FROM entries WHERE task_class = '{PING}' AND {_ON_DAYS} AND id BETWEEN
    (SELECT min(first_entry) FROM days WHERE {_ON_DAYS}) AND (SELECT max(last_entry) FROM days WHERE {_ON_DAYS})
GROUP BY session, agent"""
_KEPT_WARM = f"""
SELECT count(*) FROM cache_looked l JOIN entries e ON e.id = l.entry_id
JOIN ({_PINGED}) p ON e.session = p.session AND e.agent = p.agent AND e.id > p.first
WHERE l.if_5m IS NULL AND l.{_ON_DAYS}"""
_HAS_PINGS = f"SELECT count(*) FROM totals WHERE task_class = '{PING}' AND {_ON_DAYS}"
_PAUSES = f"""
SELECT e.agent <> '', l.pause_ms FROM cache_looked l JOIN entries e ON e.id = l.entry_id
WHERE l.{_ON_DAYS} AND l.pause_ms IS NOT NULL"""
_AFTER_LOCAL = f"""
SELECT coalesce(sum(m.picos), 0) FROM cache_misses m JOIN cache_looked l ON l.entry_id = m.entry_id
WHERE m.kind = 'expired' AND l.local_between > 0 AND m.{_ON_DAYS}"""
_SESSIONS = f"""
SELECT e.session, max(e.project), count(*), sum(e.likely), sum(l.pause_ms IS NOT NULL)
FROM cache_looked l JOIN entries e ON e.id = l.entry_id WHERE l.{_ON_DAYS} AND e.session <> '' GROUP BY e.session"""
_REASONS = f"""
SELECT e.session, m.kind, m.what, count(*), sum(m.input + m.cache_write_5m + m.cache_write_1h), sum(m.picos),
    min(m.place), max(m.place) FROM cache_misses m JOIN entries e ON e.id = m.entry_id
WHERE m.{_ON_DAYS} AND e.session <> '' GROUP BY e.session, m.kind, m.what ORDER BY sum(m.picos) DESC"""


@dataclass(frozen=True, slots=True)
class Cut:
    """The misses of one kind; `places` are the first and the last that changed, where all of it have one."""

    kind: Kind
    what: What
    misses: int
    tokens: int
    amount: Money
    places: tuple[int, int] | None = None

    @property
    def is_avoidable(self) -> bool:
        """Whether it could have been otherwise: what a conversation says first has to be written once."""
        return self.kind is not Kind.first


@dataclass(frozen=True, slots=True)
class Session:
    """What one session missed; `continued` of its requests went on from an earlier one. Dearest kind first."""

    name: str
    project: str
    requests: int
    continued: int
    cost: Money
    cuts: tuple[Cut, ...]

    @property
    def amount(self) -> Money:
        """What it missed and need not have."""
        return Money.total(cut.amount for cut in self.cuts if cut.is_avoidable)

    @property
    def misses(self) -> int:
        """How often."""
        return sum(cut.misses for cut in self.cuts if cut.is_avoidable)


@dataclass(frozen=True, slots=True)
class Missed:
    """Some days. `bill` is all that agents' requests to Claude cost, `judged` the part of it whose prompts were known.

    `listed` of that is on a plan: list prices, no dollars. `after_local` of what was missed expired while a local model
    answered. `kept_warm` requests are not in `lives`, because the cache keeper kept their conversation meanwhile.
    """

    since: date
    until: date
    requests: int = 0
    bill: Money = ZERO
    judged: Money = ZERO
    listed: Money = ZERO
    after_local: Money = ZERO
    kept_warm: int = 0
    cuts: tuple[Cut, ...] = ()
    days: tuple[tuple[date, tuple[tuple[Kind, Money], ...]], ...] = ()
    sessions: tuple[Session, ...] = ()
    lives: tuple[Lives, ...] = ()
    pauses: tuple[Pauses, ...] = field(default=())

    @property
    def amount(self) -> Money:
        """What was missed in all."""
        return Money.total(cut.amount for cut in self.cuts)

    @property
    def avoidable(self) -> Money:
        """The same without first requests."""
        return Money.total(cut.amount for cut in self.cuts if cut.is_avoidable)

    def permille(self, amount: Money) -> int | None:
        """Give an amount as a share of the judged bill, in thousandths; None of nothing."""
        return (2000 * amount.picos + self.judged.picos) // (2 * self.judged.picos) if self.judged.picos else None


def missed(database: Path, since: date, until: date) -> Missed:
    """Read what two days and those between missed; nothing in a ledger older than that. Raises sqlite3.Error."""
    if not database.exists():
        return Missed(since, until)
    given = {"since": since.isoformat(), "until": until.isoformat()}
    with open_reader(database) as connection:
        connection.execute("BEGIN")
        if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'cache_looked'").fetchone():
            return Missed(since, until)
        return _missed(connection, since, until, given)


def _missed(connection: sqlite3.Connection, since: date, until: date, given: dict[str, str]) -> Missed:
    def rows(query: str) -> list[tuple[Any, ...]]:
        return connection.execute(query, given).fetchall()

    lives = rows(_LIVES)
    return Missed(
        since=since,
        until=until,
        requests=sum(row[2] for row in lives),
        bill=Money(rows(_BILL)[0][0]),
        judged=Money(sum(row[3] for row in lives)),
        listed=Money(rows(_PLAN)[0][0]),
        after_local=Money(rows(_AFTER_LOCAL)[0][0]),
        kept_warm=rows(_KEPT_WARM)[0][0] if rows(_HAS_PINGS)[0][0] else 0,
        cuts=tuple(_cut(row) for row in rows(_KINDS)),
        days=_days(rows(_DAYS)),
        sessions=_sessions(rows(_SESSIONS), rows(_REASONS)),
        lives=Lives.of(lives),
        pauses=pauses_of(rows(_PAUSES)),
    )


def _cut(row: Sequence[Any]) -> Cut:
    kind, what, misses, tokens, picos = row
    return Cut(Kind(kind), What(what), misses, tokens, Money(picos))


def _days(rows: Sequence[tuple[Any, ...]]) -> tuple[tuple[date, tuple[tuple[Kind, Money], ...]], ...]:
    found: dict[str, list[tuple[Kind, Money]]] = {}
    for day, kind, picos in rows:
        found.setdefault(day, []).append((Kind(kind), Money(picos)))
    return tuple((date.fromisoformat(day), tuple(kinds)) for day, kinds in sorted(found.items()))


def _sessions(rows: Sequence[tuple[Any, ...]], reasons: Sequence[tuple[Any, ...]]) -> tuple[Session, ...]:
    cuts: dict[str, list[Cut]] = {}
    for name, kind, what, misses, tokens, picos, first, last in reasons:
        places = None if first is None else (first, last)
        cuts.setdefault(name, []).append(Cut(Kind(kind), What(what), misses, tokens, Money(picos), places))
    every = (
        Session(name, project, requests, continued, Money(cost), tuple(cuts.get(name, ())))
        for name, project, requests, cost, continued in rows
    )
    found = sorted((one for one in every if one.misses), key=lambda one: (-one.amount.picos, one.name))
    return tuple(found[:MOST_SESSIONS])
