"""Recent spend: what went to a cloud lately, entry by entry and by the clock, for whoever watches it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from budget.database import open_reader

MOST = 20_000

_SPENT = """
SELECT id, at, session, model, charged, flags FROM entries
WHERE id > max(?, (SELECT coalesce(max(id), 0) FROM entries) - ?) AND at >= ? AND hold_id IS NOT NULL AND NOT is_local
ORDER BY id
"""
# Moments are all UTC and written alike, so they are ordered as text and the epoch second can be computed.
_BUCKETS = """
SELECT CAST(strftime('%s', at) AS INTEGER) / ? AS slot, sum(charged) FROM entries
WHERE id > (SELECT coalesce(max(id), 0) FROM entries) - ? AND at >= ? AND at < ? AND hold_id IS NOT NULL
    AND NOT is_local AND charged > 0
GROUP BY slot
"""
_MOST_OF_WEEKS = 200_000


@dataclass(frozen=True, slots=True)
class Spent:
    """What one request to a cloud was charged."""

    entry_id: int
    at: datetime
    session: str
    model: str
    picos: int
    is_provisional: bool


def spent(database: Path, *, after: int, since: datetime) -> list[Spent]:
    """List what was charged after an entry and since a moment, oldest first; of the last MOST entries only."""
    with open_reader(database) as reader:
        rows = reader.execute(_SPENT, (after, MOST, _text(since))).fetchall()
    return [
        Spent(number, datetime.fromisoformat(at), session, model, charged, PROVISIONAL in flags.splitlines())
        for number, at, session, model, charged, flags in rows
    ]


def spent_by_slot(database: Path, *, slot_s: int, since: datetime, until: datetime) -> list[int]:
    """Sum what was charged by slots of the clock, in picodollars; slots in which nothing was are left out."""
    with open_reader(database) as reader:
        rows = reader.execute(_BUCKETS, (slot_s, _MOST_OF_WEEKS, _text(since), _text(until))).fetchall()
    return [picos for _, picos in rows]


PROVISIONAL = "provisional price"
"""The flag of an entry whose model has no price of its own."""


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
