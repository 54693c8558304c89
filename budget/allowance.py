"""Allowances: what bursar's own requests may cost in a day, within the budget and beside no one else's money."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from budget.standing import Standing
from pricing.money import Money

PING = "ping"
"""The task class of a request that only reads a conversation's cache once more, so that it does not expire."""

# What was lost, by a power cut or with a database, belongs to no upstream: it may have been of any class.
_GONE = """
SELECT coalesce((SELECT sum(charged) FROM totals WHERE day = ?1 AND (task_class = ?2 OR upstream = '')), 0)
    + coalesce((SELECT sum(amount) FROM holds WHERE day = ?1 AND task_class = ?2), 0)
"""


@dataclass(frozen=True, slots=True)
class Allowance:
    """So much at most may requests of one task class come to in a day, held and settled together.

    Whoever has one never takes the day past its budget: what is beyond is kept for those who ask for answers.
    """

    kind: str
    most: Money


def allows(connection: sqlite3.Connection, standing: Standing, allowance: Allowance, amount: Money) -> bool:
    """Tell whether an amount fits, as the day stands in this transaction."""
    if standing.settled + standing.held + amount.picos > standing.limits.budget.picos:
        return False
    return gone_of(connection, standing.day_text, allowance.kind) + amount.picos <= allowance.most.picos


def gone_of(connection: sqlite3.Connection, day: str, kind: str) -> int:
    """Sum up what requests of a task class may have come to in a day, in picodollars, those under way included."""
    gone: int = connection.execute(_GONE, (day, kind)).fetchone()[0]
    return gone
