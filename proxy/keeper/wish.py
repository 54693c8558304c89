"""The wish: what a person wants of the cache keeper; off until they say otherwise."""

from __future__ import annotations

from dataclasses import dataclass

from pricing.money import Money

DEFAULT_ALLOWANCE = Money.usd(2)
"""A day. What is held for a ping is what writing its whole prefix would cost, of which it usually costs a tenth to a
twenty-fifth: an allowance below a dollar leaves the largest conversations out, whose caches are worth most."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Whether caches are kept, what pings may cost a day, and whether those of Pro and Max plans are kept too."""

    enabled: bool = False
    allowance: Money = DEFAULT_ALLOWANCE
    plans: bool = False
