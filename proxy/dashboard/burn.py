"""Burn: how fast the day's money goes, and when the budget ends if it goes on like that."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from budget import glance
from pricing.money import ZERO, Money

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LOOK = timedelta(hours=1)
LEAST = timedelta(minutes=15)
"""A day's first minutes are not taken for its rate."""


@dataclass(frozen=True, slots=True)
class Burn:
    """What the last hour cost, or the time since the day's first spend if that is shorter."""

    per_hour: Money
    over: timedelta
    budget_ends: datetime | None
    """When the budget is used up at this rate; None if it is already, or lasts the day."""
    cutoff_ends: datetime | None
    day_comes_to: Money
    """What the day will have cost when it ends, at this rate and without a cutoff."""


def burn_of(
    steps: Mapping[datetime, Money], now: datetime, resets_at: datetime, gone: Money, budget: Money, cutoff: Money
) -> Burn | None:
    """Work out the rate from a day's course; None if nothing was spent in the last hour."""
    window = _step_of(now - LOOK)
    spent = Money.total(amount for begin, amount in steps.items() if begin >= window)
    if not spent.picos > 0:
        return None
    first = min(begin for begin, amount in steps.items() if amount)
    over = max(LEAST, now - max(first, window))
    seconds = int(over.total_seconds())
    per_hour = Money(spent.picos * 3600 // seconds)
    left_s = max(0, int((resets_at - now).total_seconds()))
    return Burn(
        per_hour=per_hour,
        over=over,
        budget_ends=_ends(now, resets_at, budget - gone, per_hour),
        cutoff_ends=_ends(now, resets_at, cutoff - gone, per_hour),
        day_comes_to=gone + Money(per_hour.picos * left_s // 3600),
    )


def _step_of(moment: datetime) -> datetime:
    """Find the beginning of the step that a moment lies in."""
    return moment - (moment - EPOCH) % glance.STEP


def _ends(now: datetime, resets_at: datetime, left: Money, per_hour: Money) -> datetime | None:
    if left <= ZERO or not per_hour:
        return None
    seconds = left.picos * 3600 // per_hour.picos
    if seconds >= (resets_at - now).total_seconds():
        return None
    return now + timedelta(seconds=seconds)


class Courses:
    """The course of the day at hand, read on from where the last look ended; safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._file: Path | None = None
        self._day: date | None = None
        self._steps: dict[datetime, Money] = {}
        self._after = 0

    def of(self, file: Path, day: date) -> dict[datetime, Money]:
        """Give what was spent in each ten minutes of a day. Raises Unreadable."""
        with self._lock:
            if (file, day) != (self._file, self._day):
                self._file, self._day, self._steps, self._after = file, day, {}, 0
            found, self._after = glance.course(file, day, self._after)
            for begin, spent in found.items():
                self._steps[begin] = self._steps.get(begin, ZERO) + spent
            return dict(self._steps)
