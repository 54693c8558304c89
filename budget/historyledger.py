"""Recorded: past requests for a replay, from the ledger's own entries or from imported history, in one form."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

from budget.historybooks import readable, reader, rows_of
from budget.historyrow import Row
from pricing.money import ZERO, Money
from pricing.usage import Usage

Source = Literal["ledger", "history", "both"]


@dataclass(frozen=True, slots=True)
class Recorded:
    """One request as it was: `row.cost` is what Claude charged, `machine` what the local machine spent on it.

    `estimated`: it was answered locally, and its tokens are the local model's own count, not Claude's. `as_asked`: the
    model that was asked for answered, and no other was tried.
    """

    row: Row
    is_local: bool = False
    machine: Money = ZERO
    estimated: bool = False
    as_asked: bool = True


# Of a request's attempts the last that was not voided is its answer; all of them cost. Pings were asked by nobody.
_ENTRIES = """
SELECT e.request_id, e.outcome, e.is_local, e.since, e.day, e.session, e.agent, e.project, e.model, e.model_asked,
    e.turn, e.tier, e.task_class, e.likely, e.local_full,
    e.input, e.cache_write_5m, e.cache_write_1h, e.cache_read, e.output, e.web_searches,
    b.input AS claude_input, b.cache_write_5m AS claude_write_5m, b.cache_write_1h AS claude_write_1h,
    b.cache_read AS claude_read, b.output AS claude_output
FROM entries e LEFT JOIN baselines b
    ON b.entry_id = e.id AND b.version = (SELECT max(version) FROM baselines WHERE entry_id = e.id)
WHERE e.id BETWEEN
    (SELECT min(first_entry) FROM days WHERE day >= :since) AND (SELECT max(last_entry) FROM days WHERE day <= :until)
    AND e.day BETWEEN :since AND :until AND e.task_class <> 'ping' ORDER BY e.id"""


def recorded(database: Path, since: date, until: date, source: Source) -> list[Recorded]:
    """Give what was recorded of days, both included, in the order of its moments; nothing of it twice.

    Raises LedgerUnavailable.
    """
    found: list[Recorded] = []
    if source in ("ledger", "both") and database.exists():
        found += of_ledger(database, since, until)
    if source in ("history", "both"):
        rows = rows_of(database, since, until, beside=source == "both")
        # What came through bursar and has no id of Claude's was answered locally.
        found += [_logged(row, is_local=row.through and not row.request_id) for row in rows]
    return sorted(found, key=lambda each: each.row.at)


def first_day(database: Path, source: Source) -> date | None:
    """Find the first day of which something was recorded."""
    queries = {
        "ledger": "SELECT min(day) FROM days WHERE requests > 0",
        "history": "SELECT min(day) FROM history",
    }
    if not database.exists():
        return None
    with readable(), closing(reader(database)) as connection:
        days = [_day(connection, query) for name, query in queries.items() if source in (name, "both")]
    return min((day for day in days if day), default=None)


def of_ledger(database: Path, since: date, until: date) -> Iterator[Recorded]:
    """Give the requests that came through bursar: one for all attempts and corrections of a request."""
    found: dict[str, Recorded] = {}
    with readable(), closing(reader(database)) as connection:
        connection.row_factory = sqlite3.Row
        days = {"since": since.isoformat(), "until": until.isoformat()}
        for entry in connection.execute(_ENTRIES, days):
            before = found.get(entry["request_id"])
            cost = Money(entry["likely"]) + (before.row.cost if before else ZERO)
            machine = Money(entry["local_full"]) + (before.machine if before else ZERO)
            if entry["outcome"] in ("voided", "corrected", "lost"):
                if before:
                    found[entry["request_id"]] = replace(before, row=replace(before.row, cost=cost), machine=machine)
                continue
            again = _recorded(entry, cost, machine)
            found[entry["request_id"]] = replace(again, as_asked=again.as_asked and (not before or before.as_asked))
    yield from found.values()


def _recorded(entry: sqlite3.Row, cost: Money, machine: Money) -> Recorded:
    usage, estimated = _usage(entry)
    row = Row(
        message_id=entry["request_id"],
        request_id=entry["request_id"],
        at=datetime.fromisoformat(entry["since"]),
        day=date.fromisoformat(entry["day"]),
        session=entry["session"],
        agent=entry["agent"],
        project=entry["project"],
        model=entry["model_asked"] or entry["model"],
        turn=entry["turn"],
        tier=entry["tier"],
        task_class=entry["task_class"],
        usage=usage,
        cost=cost,
        provisional=False,
        through=True,
    )
    as_asked = not entry["is_local"] and entry["model_asked"] in ("", entry["model"])
    return Recorded(row, bool(entry["is_local"]), machine, estimated, as_asked)


def _logged(row: Row, *, is_local: bool) -> Recorded:
    return Recorded(row, is_local, estimated=is_local, as_asked=not is_local)


def _usage(entry: sqlite3.Row) -> tuple[Usage, bool]:
    """Give the tokens as Claude would count them; for local work those of the baseline, where it has any."""
    names = ("input", "cache_write_5m", "cache_write_1h", "cache_read", "output", "web_searches")
    own = tuple(entry[name] for name in names)
    if not entry["is_local"]:
        return Usage(*own), False
    claude = tuple(entry[f"claude_{name}"] or 0 for name in ("input", "write_5m", "write_1h", "read", "output"))
    return (Usage(*claude), False) if any(claude) else (Usage(*own), True)


def _day(connection: sqlite3.Connection, query: str) -> date | None:
    try:
        found: Any = connection.execute(query).fetchone()[0]
    except sqlite3.OperationalError:  # Before its first start with this version a ledger has no history.
        return None
    return date.fromisoformat(found) if found else None
