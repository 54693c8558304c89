"""Shares: parts of a day's budget that are kept for the tiers that may not go local."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from budget.bands import Limits
from pricing.money import ZERO, Money


@dataclass(frozen=True, slots=True)
class Shares:
    """Percent of the budget kept for L3, and for L2; none by default."""

    l3_percent: int = 0
    l2_percent: int = 0

    def __post_init__(self) -> None:
        if min(self.l3_percent, self.l2_percent) < 0 or self.l3_percent + self.l2_percent > 100:
            raise ValueError("shares are percentages of the budget, zero or more, and 100 together at most")


NONE = Shares()


def keep_for(tier: str, shares: Shares, limits: Limits, gone_by_tier: Mapping[str, Money]) -> Money:
    """Give what must stay free beside a request of this tier: what the tiers above it have not used of their shares.

    What a higher tier uses of its share is taken off here and added to what is gone, so it changes nothing for those
    below; only what it uses beyond its share does. A name that is no tier stands below all of them. A cutoff below the
    budget is all that can be spent, so it is what the shares are of.
    """
    whole = min(limits.budget, limits.cutoff)
    match tier:
        case "L3":
            above: tuple[tuple[str, int], ...] = ()
        case "L2":
            above = (("L3", shares.l3_percent),)
        case _:
            above = (("L3", shares.l3_percent), ("L2", shares.l2_percent))
    return Money.total(_unused(whole, percent, gone_by_tier.get(name, ZERO)) for name, percent in above)


def _unused(whole: Money, percent: int, gone: Money) -> Money:
    return max(ZERO, Money(whole.picos * percent // 100) - gone)
