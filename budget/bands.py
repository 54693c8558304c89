"""Limits of a day, and the band that says how far the day's budget is gone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pricing.money import Money


class Band(StrEnum):
    """How far the budget is gone: it decides what still goes to a cloud."""

    normal = "normal"
    saving = "saving"
    reserve = "reserve"
    cutoff = "cutoff"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a person means to spend a day, what can never be passed, and when to say so (percent of the budget)."""

    budget: Money
    cutoff: Money
    alerts: tuple[int, ...] = (50, 80, 100)
    saving_from: int = 80

    def __post_init__(self) -> None:
        if self.budget.picos < 0 or self.cutoff.picos < 0:
            raise ValueError("budget and cutoff are zero or more")
        if any(percent <= 0 for percent in self.alerts) or self.saving_from < 0:
            raise ValueError("thresholds are percentages above zero")

    @classmethod
    def of(cls, budget: Money, cutoff: Money | None = None, *, alerts: tuple[int, ...] = (50, 80, 100)) -> Limits:
        """Fill in the usual cutoff, 120% of the budget, where a person set none."""
        return cls(budget, cutoff if cutoff is not None else Money(budget.picos * 6 // 5), alerts)


def band(gone: Money, limits: Limits) -> Band:
    """Place what is gone today (settled + held) between the limits."""
    if gone.picos >= limits.cutoff.picos:
        return Band.cutoff
    if gone.picos >= limits.budget.picos:
        return Band.reserve
    if gone.picos * 100 >= limits.budget.picos * limits.saving_from:
        return Band.saving
    return Band.normal
