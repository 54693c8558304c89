"""What is gone today by tier, settled and held: a figure in memory that the tables can always give again."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from pricing.money import ZERO, Money

_OF_DAY = """
SELECT tier, sum(picos) FROM (
    SELECT tier, charged AS picos FROM totals WHERE day = ?1
    UNION ALL SELECT tier, amount FROM holds WHERE day = ?1)
GROUP BY tier HAVING sum(picos) <> 0
"""


def gone_of_day(connection: sqlite3.Connection, day: str) -> Mapping[str, Money]:
    """Sum up a day's entries and open holds; a tier that nothing is gone for is not there."""
    return {tier: Money(picos) for tier, picos in connection.execute(_OF_DAY, (day,))}


def moved(gone: Mapping[str, Money], tier: str, picos: int) -> Mapping[str, Money]:
    """Add to one tier, perhaps less than nothing. Gives a new mapping: readers keep the one that they were given."""
    if not picos:
        return gone
    sum_of_tier = gone.get(tier, ZERO).picos + picos
    if sum_of_tier:
        return {**gone, tier: Money(sum_of_tier)}
    return {name: sum_so_far for name, sum_so_far in gone.items() if name != tier}
