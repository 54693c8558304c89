"""The workday: the hours in which a day's budget is meant to last, and whether more is gone than they allow so far."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from budget.bands import Band, Limits
from pricing.money import Money

HEAD_START = Fraction(1, 4)
"""What may be gone at any hour, as a share of what may be gone at the end: every morning needs a start."""


@dataclass(frozen=True, slots=True)
class Workday:
    """From when to when a person works, by the clock on the wall; past midnight if it ends before it begins."""

    begins: time = time(8)
    ends: time = time(20)

    def __str__(self) -> str:
        return f"{self.begins:%H:%M}-{self.ends:%H:%M}"

    def passed(self, at: datetime, day: date, zone: ZoneInfo) -> Fraction:
        """Say which share of a budget day's working time has passed, from 0 to 1.

        Counted in real seconds, so that it never goes back where the clock on the wall does.
        """
        spans = self._spans(day, zone)
        whole = sum((end - begin for begin, end in spans), timedelta())
        if not whole:
            return Fraction(1)
        gone = sum((max(timedelta(), min(at, end) - begin) for begin, end in spans), timedelta())
        return Fraction(gone // _TICK, whole // _TICK)

    def _spans(self, day: date, zone: ZoneInfo) -> list[tuple[datetime, datetime]]:
        def instant(on: date, wall: time) -> datetime:
            return datetime.combine(on, wall, zone).astimezone(UTC)

        if self.begins < self.ends:
            spans = [(instant(day, self.begins), instant(day, self.ends))]
        else:
            tomorrow = instant(day + timedelta(days=1), time())
            spans = [(instant(day, time()), instant(day, self.ends)), (instant(day, self.begins), tomorrow)]
        # Where the clock is put forward, an hour that is not there may begin after it ends.
        return [(begin, max(begin, end)) for begin, end in spans]


_TICK = timedelta(microseconds=1)


def allowed(limits: Limits, passed: Fraction) -> Money:
    """Say what may be gone by now, in band normal: a head start, then evenly, at the end what the plain rule allows."""
    share = HEAD_START + (1 - HEAD_START) * passed
    return Money(int(limits.budget.picos * limits.saving_from * share / 100))


def paced(plain: Band, settled: Money, limits: Limits, passed: Fraction) -> Band:
    """Give the band for routing: saving begins early where far more is spent than the hours so far allow.

    Never later than by the plain rule; reserve and cutoff are as they are.
    """
    is_ahead = plain is Band.normal and settled.picos > allowed(limits, passed).picos
    return Band.saving if is_ahead else plain
