"""Clocks, and the budget day: a person's own day, from the first instant that bears its date to the next."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]
Elapsed = Callable[[], float]

# The widest offsets in use are -12:00 and +14:00; both ends get an hour to spare.
_EARLIEST = timedelta(hours=15)
_WIDEST_SEARCH = timedelta(hours=60)


def budget_day(at: datetime, zone: ZoneInfo) -> date:
    """Say whose day an instant belongs to: its local date."""
    return at.astimezone(zone).date()


def resets_at(day: date, zone: ZoneInfo) -> datetime:
    """Find the first instant, in UTC, whose local date lies after `day`.

    Local midnight is never constructed: in some zones and years it does not exist, in others it comes twice.
    The search walks, because with such zones "is it tomorrow yet" is not monotone and bisection may miss the first yes.
    """
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
    at, end = midnight - _EARLIEST, midnight + _WIDEST_SEARCH
    minute = _first_after(day, zone, at, end, timedelta(minutes=1))
    return _first_after(day, zone, minute - timedelta(minutes=1), minute, timedelta(seconds=1))


def _first_after(day: date, zone: ZoneInfo, at: datetime, end: datetime, step: timedelta) -> datetime:
    while at < end and budget_day(at, zone) <= day:
        at += step
    return at


def _sleepless() -> Elapsed:
    for name in ("CLOCK_BOOTTIME", "CLOCK_MONOTONIC"):
        if hasattr(time, name):
            return partial(time.clock_gettime, getattr(time, name))
    return time.monotonic


elapsed: Elapsed = _sleepless()
"""Seconds that go on while the machine sleeps, whatever happens to the wall clock.

Linux stops CLOCK_MONOTONIC during suspend and has CLOCK_BOOTTIME for us; macOS's CLOCK_MONOTONIC goes on
although `time.monotonic()` does not; on Windows `time.monotonic()` goes on.
"""
