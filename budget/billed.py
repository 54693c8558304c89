"""Billed: our entries as the provider's reports would count them – by UTC day, model and kind, with corrections."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

from budget.database import open_reader
from budget.details import details_of
from budget.entries import Outcome
from pricing.money import Money
from pricing.providerreport import Kind
from pricing.usage import Usage

# A request belongs to the UTC day on which it began. Corrections count for the entry that they correct. What an entry
# of before the table of details rests on stands in its own row.
_ENTRIES = """
SELECT raw_usage, id, substr(since, 1, 10), model, outcome,
    input, cache_write_5m, cache_write_1h, cache_read, output, web_searches,
    charged + coalesce((SELECT sum(charged) FROM entries more WHERE more.corrects = entries.id), 0),
    likely + coalesce((SELECT sum(likely) FROM entries more WHERE more.corrects = entries.id), 0)
FROM entries
WHERE hold_id IS NOT NULL AND NOT is_local AND outcome <> 'voided' AND since >= ? AND since < ?
ORDER BY id
"""
_ON_A_PLAN = (
    "SELECT id FROM entries WHERE is_plan AND since >= ? AND since < ?",
    "SELECT entry_id FROM baselines JOIN entries ON id = entry_id WHERE baselines.is_plan AND since >= ? AND since < ?",
)


@dataclass(frozen=True, slots=True)
class Ours:
    """One request as the ledger stands to it now; `kind` None: what it was is not kept, or never came."""

    entry_id: int
    day: date
    model: str
    outcome: Outcome
    usage: Usage
    charged: Money
    likely: Money
    kind: Kind | None = None

    @property
    def is_confirmed(self) -> bool:
        """Whether its usage came from the provider."""
        return self.outcome is Outcome.complete


@dataclass(frozen=True, slots=True)
class Books:
    """What went to Claude; `on_a_plan` counts the requests that a Pro or Max plan paid, which no report has."""

    rows: tuple[Ours, ...] = ()
    on_a_plan: int = 0


def books(database: Path, since: date, until: date) -> Books:
    """Read what went to Claude on UTC days, both included."""
    given = (since.isoformat(), (until + timedelta(days=1)).isoformat())
    with open_reader(database) as reader:
        rows = reader.execute(_ENTRIES, given).fetchall()
        plan = _on_a_plan(reader, given)
    raw = details_of(database, [row[1] for row in rows])
    found = [_ours(raw.get(row[1], {}).get("raw_usage", ""), *row) for row in rows if row[1] not in plan]
    return Books(tuple(_guessed(found)), sum(row[1] in plan for row in rows))


def _on_a_plan(reader: sqlite3.Connection, given: tuple[str, str]) -> set[int]:
    found: set[int] = set()
    for query in _ON_A_PLAN:
        try:
            found |= {entry for (entry,) in reader.execute(query, given)}
        except sqlite3.OperationalError:
            continue  # A ledger at rest may be of a version that did not know.
    return found


def _ours(kept: str, in_row: str, entry_id: int, day: str, model: str, outcome: str, *figures: int) -> Ours:
    usage, (charged, likely) = Usage(*figures[:6]), figures[6:]
    row = Ours(entry_id, date.fromisoformat(day), model, Outcome(outcome), usage, Money(charged), Money(likely))
    try:
        told = json.loads(kept or in_row or "null")
    except ValueError:
        told = None
    return replace(row, kind=Kind.of(told, usage.prompt)) if isinstance(told, dict) else row


def _guessed(rows: Iterable[Ours]) -> Iterable[Ours]:
    """Take an answer that broke off before it said its kind for what most others of its day and model were."""
    whole = list(rows)
    seen = Counter((row.day, row.model, row.kind) for row in whole if row.kind)
    usual = {(day, model): kind for (day, model, kind), _ in reversed(seen.most_common())}
    for row in whole:
        if row.kind or row.is_confirmed:
            yield row
        else:
            yield replace(row, kind=usual.get((row.day, row.model), Kind.of({}, row.usage.prompt)))
