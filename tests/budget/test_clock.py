"""The budget day: 23, 24.5 and 25 hours long, in zones without a midnight too."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budget.clock import budget_day, elapsed, resets_at


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "day", "resets"),
    [
        ("UTC", date(2026, 11, 21), utc(2026, 11, 22)),
        ("Europe/Berlin", date(2026, 11, 21), utc(2026, 11, 21, 23)),
        ("America/Los_Angeles", date(2026, 7, 14), utc(2026, 7, 15, 7)),
        ("Pacific/Kiritimati", date(2026, 11, 21), utc(2026, 11, 21, 10)),
        # No midnight: clocks go from 23:59:59 to 01:00.
        ("America/Sao_Paulo", date(2018, 11, 3), utc(2018, 11, 4, 3)),
        ("Africa/Cairo", date(2026, 4, 23), utc(2026, 4, 23, 22)),
        # Midnight twice: at 24:00 it is 23:00 again, so the day is an hour longer.
        ("America/Havana", date(2026, 10, 31), utc(2026, 11, 1, 4)),
        # The new day lasts one minute, then the old one comes back for an hour. The first instant counts.
        ("America/St_Johns", date(2006, 10, 28), utc(2006, 10, 29, 2, 30)),
        # 30 December 2011 never happened in Samoa.
        ("Pacific/Apia", date(2011, 12, 29), utc(2011, 12, 30, 10)),
    ],
)
def test_the_day_ends_at_the_first_instant_of_the_next_local_date(zone: str, day: date, resets: datetime) -> None:
    assert resets_at(day, ZoneInfo(zone)) == resets


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
        ("Australia/Lord_Howe", date(2026, 10, 4), 23.5),
        ("Asia/Kathmandu", date(2026, 10, 4), 24),
    ],
)
def test_days_of_a_clock_change_are_as_long_as_they_are(zone: str, day: date, hours: float) -> None:
    home = ZoneInfo(zone)
    assert resets_at(day, home) - resets_at(day - timedelta(days=1), home) == timedelta(hours=hours)


ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/Sao_Paulo",
    "America/Havana",
    "Asia/Beirut",
    "Australia/Lord_Howe",
    "Asia/Tehran",
]


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(ZONES), st.dates(date(2005, 1, 1), date(2035, 12, 31)))
def test_one_second_before_the_reset_it_is_still_the_old_day(zone: str, day: date) -> None:
    home = ZoneInfo(zone)
    reset = resets_at(day, home)
    assert budget_day(reset, home) > day
    assert budget_day(reset - timedelta(seconds=1), home) <= day


def test_elapsed_time_never_goes_back() -> None:
    readings = [elapsed() for _ in range(100)]
    assert readings == sorted(readings)
