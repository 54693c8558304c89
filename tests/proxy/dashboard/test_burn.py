"""The burn rate and what follows from it, and where the figures come to stand in a picture."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budget.today import DayTotal
from pricing.money import ZERO, Money
from proxy.dashboard.burn import Burn, burn_of
from proxy.dashboard.charts import FULL, bars, day_chart, gauge

BEGIN = datetime(2026, 11, 20, tzinfo=UTC)
END = BEGIN + timedelta(days=1)
BUDGET, CUTOFF = Money.usd(10), Money.usd(12)


def at(hour: int, minute: int = 0) -> datetime:
    return BEGIN + timedelta(hours=hour, minutes=minute)


def burn(steps: dict[datetime, Money], now: datetime) -> Burn | None:
    gone = Money.total(steps.values())
    return burn_of(steps, now, END, gone, BUDGET, CUTOFF)


def test_the_last_hour_sets_the_rate():
    # 2.00 an hour from 13:00 to 14:00; 10 - 6 = 4.00 are left: two hours.
    found = burn({at(9): Money.usd(4), at(13): Money.usd(1), at(13, 30): Money.usd(1)}, at(14))
    assert found == Burn(
        per_hour=Money.usd(2),
        over=timedelta(hours=1),
        budget_ends=at(16),
        cutoff_ends=at(17),
        day_comes_to=Money.usd(26),  # 6 + 10 h x 2
    )


def test_a_quiet_beginning_of_the_last_hour_counts_too():
    found = burn({at(9): Money.usd(4), at(13, 50): Money.usd(1)}, at(14))
    assert found
    assert (found.per_hour, found.over) == (Money.usd(1), timedelta(hours=1))


def test_a_day_that_has_just_begun_is_measured_from_its_first_spend():
    found = burn({at(13, 30): Money.usd(1)}, at(14))
    assert found
    assert (found.per_hour, found.over) == (Money.usd(2), timedelta(minutes=30))


def test_the_first_minutes_are_not_taken_for_a_rate():
    found = burn({at(14): Money.usd(1)}, at(14, 1))
    assert found
    assert found.per_hour == Money.usd(4)  # 1.00 in no less than 15 minutes


def test_an_hour_without_spend_has_no_rate():
    assert burn({at(9): Money.usd(4)}, at(14)) is None
    assert burn({}, at(14)) is None


def test_a_budget_that_lasts_the_day_has_no_end():
    found = burn({at(13): Money.usd("0.10")}, at(14))
    assert found
    assert (found.budget_ends, found.cutoff_ends, found.day_comes_to) == (None, None, Money.usd("1.10"))


def test_a_budget_that_is_used_up_ends_no_more_but_the_cutoff_does():
    found = burn({at(13): Money.usd(11)}, at(14))
    assert found
    assert found.budget_ends is None
    assert found.cutoff_ends
    assert found.cutoff_ends.replace(microsecond=0) == at(14, 5) + timedelta(seconds=27)  # 1.00 at 11.00 an hour


def test_a_correction_downwards_is_no_rate():
    assert burn({at(13): Money.usd(-1)}, at(14)) is None


def test_the_gauge_goes_to_the_cutoff_or_beyond():
    found = gauge(Money.usd(6), Money.usd(3), BUDGET, CUTOFF, (50, 80, 100))
    assert (found.settled, found.held) == (500, 250)
    assert [(mark.kind, mark.at) for mark in found.marks] == [
        *(("alert", 416), ("alert", 666), ("alert", 833)),
        *(("budget", 833), ("cutoff", 1000)),
    ]
    over = gauge(Money.usd(24), ZERO, BUDGET, CUTOFF, ())
    assert (over.settled, [mark.at for mark in over.marks]) == (1000, [416, 500])
    assert gauge(ZERO, ZERO, ZERO, ZERO, (50,)).settled == 0


AMOUNTS = st.dictionaries(
    st.integers(0, 143).map(lambda step: BEGIN + timedelta(minutes=10 * step)),
    st.integers(-(10**12), 10**14).map(Money),
    max_size=30,
)


@given(AMOUNTS, st.integers(0, 24 * 60), st.integers(0, 10**14), st.integers(0, 10**14))
def test_nothing_is_ever_drawn_outside_the_picture(steps, minute: int, per_hour: int, budget: int):
    found = day_chart(
        steps,
        begins=BEGIN,
        ends=END,
        now=BEGIN + timedelta(minutes=minute),
        per_hour=Money(per_hour),
        limits=(("budget", Money(budget)), ("cutoff", Money(budget * 6 // 5))),
        zone=ZoneInfo("UTC"),
    )
    points = [pair.split(",") for line in (found.line, found.area, found.ahead) for pair in line.split()]
    assert all(0 <= int(number) <= FULL for pair in points for number in pair)
    assert all(0 <= mark.at <= FULL for mark in (*found.limits, *found.hours))


@pytest.mark.parametrize(("zone", "hours"), [("UTC", 24), ("Europe/Berlin", 25)])
def test_a_day_of_twenty_five_hours_has_its_hours_where_they_are(zone: str, hours: int):
    begin = datetime(2026, 10, 25, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    limits = (("budget", BUDGET), ("cutoff", CUTOFF))
    end = begin + timedelta(hours=hours)
    found = day_chart({}, begins=begin, ends=end, now=begin, per_hour=ZERO, limits=limits, zone=ZoneInfo(zone))
    noon = next(mark for mark in found.hours if mark.text == "12:00")
    assert noon.at == 1000 * (hours - 12) // hours


def test_days_stand_side_by_side_and_the_highest_fills_the_picture():
    days = [
        DayTotal(date(2026, 11, day), Money.usd(spent), ZERO, ZERO, BUDGET, CUTOFF, 1)
        for day, spent in ((18, 5), (19, 20))
    ]
    first, second = bars(days)
    assert (first.high, first.budget, first.over) == (250, 500, False)
    assert (second.high, second.budget, second.over) == (1000, 500, True)
    assert first.at + first.width < second.at
    assert bars([]) == ()
