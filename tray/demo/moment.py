"""The moment of a simulated day: both clocks of one bursar, moved from outside and always together."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from budget.clock import Elapsed, budget_day

BEGINS = time(8, 40)


class Moment:
    """Stands still until it is moved, and never goes back; reading it is safe from any thread."""

    def __init__(self, begins: datetime) -> None:
        self._begins = begins
        self._passed_s = 0.0
        self._real: Elapsed = lambda: 0.0

    @classmethod
    def in_the_morning(cls, now: datetime, zone: ZoneInfo, days_ago: int) -> Moment:
        """Begin in the morning of the day that it really is, or of one before."""
        day = budget_day(now, zone) - timedelta(days=days_ago)
        return cls(datetime.combine(day, BEGINS, zone).astimezone(UTC))

    def clock(self) -> datetime:
        """Give the wall clock's time."""
        return self._begins + timedelta(seconds=self.elapsed())

    def elapsed(self) -> float:
        """Give the seconds that have passed since the morning."""
        return self._passed_s + self._real()

    def turn_to(self, passed_s: float) -> None:
        """Let it be so many seconds after the beginning, unless it is later already."""
        self._passed_s = max(self._passed_s, passed_s)

    def let_pass(self, seconds: float) -> None:
        """Let some time pass."""
        self._passed_s += seconds

    def run_on(self, real: Elapsed) -> None:
        """Go on from here as fast as a real clock does."""
        since = real()
        self._real = lambda: real() - since
