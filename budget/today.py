"""Today at a glance, and the totals of past days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from budget.bands import Band, Limits
from budget.state import Mode, Stop
from pricing.machine import LocalCost
from pricing.money import Money


@dataclass(frozen=True, slots=True)
class Today:
    """How the budget day stands; `limits.cutoff` is the one in force, with what a person allowed for today only."""

    day: date
    settled: Money
    held: Money
    likely: Money
    limits: Limits
    band: Band
    mode: Mode
    stop: Stop | None
    resets_at: datetime
    trouble: str | None
    open_holds: int
    waiting: int
    unrecorded: int
    clock_held_back: bool
    local: LocalCost | None = None
    """What the local machine spent today, as far as known; no limit counts it."""
    gone_by_tier: Mapping[str, Money] = field(default_factory=dict)
    """Settled and held by the name of the tier; what belongs to none is under the empty name. Adds up to `gone`."""

    @property
    def gone(self) -> Money:
        """Settled and held: what bands look at."""
        return self.settled + self.held

    @property
    def left(self) -> Money:
        """What still fits under the cutoff; never below zero."""
        return max(Money(0), self.limits.cutoff - self.gone)


@dataclass(frozen=True, slots=True)
class DayTotal:
    """A day's sums, without reading its entries."""

    day: date
    settled: Money
    held: Money
    likely: Money
    budget: Money
    cutoff: Money
    requests: int
    local: LocalCost | None = None
    """What the local machine spent that day, as far as known; the cutoff counts none of it."""
