"""A pace saves earlier in the day and never later, whatever the hours, the zone and the season; money is as it was."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budget.bands import Band, Limits, band
from budget.clock import budget_day, resets_at
from budget.workday import Workday, allowed, paced
from pricing.money import Money

TEN = Limits.of(Money.usd(10))
BERLIN, UTC_ZONE = ZoneInfo("Europe/Berlin"), ZoneInfo("UTC")
DAY = date(2026, 11, 21)
OFFICE = Workday(time(8), time(18))


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, 21, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "share"),
    [
        (at(0), "0"), (at(8), "0"), (at(9), "1/10"), (at(13), "1/2"), (at(18), "1"), (at(23, 59), "1"),
    ],
)  # fmt: skip
def test_the_share_of_the_workday_that_has_passed(moment: datetime, share: str) -> None:
    assert OFFICE.passed(moment, DAY, UTC_ZONE) == Fraction(share)


def test_a_night_worker_s_day_has_two_ends_and_a_pause_between() -> None:
    night = Workday(time(22), time(6))  # Six hours after midnight, two before the next.
    shares = [night.passed(at(hour), DAY, UTC_ZONE) for hour in (0, 3, 6, 21, 23)]
    assert shares == [0, Fraction(3, 8), Fraction(6, 8), Fraction(6, 8), Fraction(7, 8)]


@pytest.mark.parametrize(
    ("moment", "dollars"),
    [
        (at(7), "2"),  # 80 % of $10 by a quarter.
        (at(13), "5"),  # A quarter and half of the rest: 5/8 of $8.
        (at(18), "8"),
    ],
)
def test_a_quarter_may_go_at_once_and_the_rest_evenly(moment: datetime, dollars: str) -> None:
    assert allowed(TEN, OFFICE.passed(moment, DAY, UTC_ZONE)) == Money.usd(dollars)


def test_saving_begins_early_only_beyond_what_the_hour_allows() -> None:
    noon = Fraction(1, 2)
    assert paced(Band.normal, Money.usd("5"), TEN, noon) is Band.normal
    assert paced(Band.normal, Money.usd("5.01"), TEN, noon) is Band.saving


zones = st.sampled_from([BERLIN, UTC_ZONE, *map(ZoneInfo, ("America/New_York", "Africa/Cairo", "America/Santiago",
                         "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu"))])  # fmt: skip
hours = st.times(timezones=st.none())
workdays = st.builds(Workday, hours, hours)
amounts = st.integers(0, 20 * 10**12).map(Money)
limits = st.builds(
    lambda budget, more, saving: Limits(Money(budget), Money(budget + more), (50,), saving),
    st.integers(0, 15 * 10**12), st.integers(0, 5 * 10**12), st.integers(0, 120),
)  # fmt: skip
# Every day on which some clock of these is put forward or back is among them.
days = st.dates(date(2024, 1, 1), date(2027, 12, 31)) | st.sampled_from(
    [date(2026, 3, 29), date(2026, 10, 25), date(2026, 3, 8), date(2026, 11, 1), date(2026, 9, 6), date(2026, 4, 5)]
)
BANDS = list(Band)


@given(amounts, amounts, limits, st.fractions(0, 1))
def test_a_pace_never_loosens_a_band_and_leaves_reserve_and_cutoff_alone(
    settled: Money, held: Money, of: Limits, passed: Fraction
) -> None:
    plain = band(settled + held, of)
    found = paced(plain, settled, of, passed)
    assert BANDS.index(found) >= BANDS.index(plain)
    if plain is not Band.normal:
        assert found is plain
    assert found in (plain, Band.saving)


@given(amounts, amounts, limits, workdays, days, zones)
def test_at_the_end_of_the_day_it_is_the_plain_rule(
    settled: Money, held: Money, of: Limits, workday: Workday, day: date, zone: ZoneInfo
) -> None:
    passed = workday.passed(resets_at(day, zone), day, zone)
    assert passed == 1
    plain = band(settled + held, of)
    assert paced(plain, settled, of, passed) is plain


@given(workdays, days, zones, st.lists(st.integers(-3600, 30 * 3600), min_size=2, max_size=20))
def test_what_is_allowed_never_falls_during_a_day_not_even_where_the_clock_is_put_back(
    workday: Workday, day: date, zone: ZoneInfo, seconds: list[int]
) -> None:
    begins = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
    shares = [workday.passed(begins + timedelta(seconds=after), day, zone) for after in sorted(seconds)]
    assert shares == sorted(shares)
    assert all(0 <= share <= 1 for share in shares)


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25)])
def test_a_day_of_another_length_is_counted_in_the_hours_that_it_has(day: date, hours: int) -> None:
    whole = Workday(time(0), time(0))
    begins = datetime(day.year, day.month, day.day, tzinfo=BERLIN).astimezone(UTC)
    assert whole.passed(begins + timedelta(hours=hours) / 2, day, BERLIN) == Fraction(1, 2)
    assert budget_day(begins + timedelta(hours=hours), BERLIN) == day + timedelta(days=1)


def test_hours_that_a_day_does_not_have_allow_what_the_plain_rule_does() -> None:
    # Berlin has no 02:00 to 03:00 on that day.
    gone = Workday(time(2), time(3))
    assert gone.passed(datetime(2026, 3, 29, 0, 30, tzinfo=UTC), date(2026, 3, 29), BERLIN) == 1


def test_a_day_that_the_clock_says_is_over_is_not_measured_by_its_hours() -> None:
    tomorrow = at(9) + timedelta(days=1)
    assert OFFICE.passed(tomorrow, DAY, UTC_ZONE) == 1
