"""Days, zones and clocks that do not behave, through the ledger."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from budget.events import ClockJumped, DayChanged, Event, Resumed
from budget.ledger import Held, Ledger, Limits, Mode
from pricing.money import ZERO, Money
from tests.budget.desk import TEN, Desk, ask, complete, held, refused, spend

TODAY = date(2026, 11, 21)


def listen(ledger: Ledger) -> list[Event]:
    events: list[Event] = []
    ledger.subscribe(events.append)
    return events


def test_a_new_day_brings_a_fresh_cutoff_and_lifts_the_stop_that_came_from_it(desk: Desk) -> None:
    ledger = desk.open()
    spend(ledger, "12")
    events = listen(ledger)
    desk.pass_time(hours=11)
    assert ledger.today().day == TODAY + timedelta(days=1)
    assert (ledger.today().gone, ledger.today().stop) == (ZERO, None)
    spend(ledger, "1")
    assert DayChanged(TODAY, TODAY + timedelta(days=1)) in events
    assert Resumed("day") in events


def test_a_persons_stop_outlasts_the_day(desk: Desk) -> None:
    ledger = desk.open()
    ledger.stop("person")
    desk.pass_time(days=1)
    assert refused(ledger, "1").why == "stopped"
    assert ledger.today().stop is not None


def test_the_day_of_admission_is_charged(desk: Desk) -> None:
    ledger = desk.open()
    hold = held(ledger, "5")
    desk.pass_time(hours=11)
    spend(ledger, "1")
    ledger.settle(hold.hold_id, complete("4")).result(5)
    yesterday, today = ledger.days(TODAY, TODAY + timedelta(days=1))
    assert (yesterday.settled, yesterday.held, today.settled) == (Money.usd(4), ZERO, Money.usd(1))
    assert ledger.check() == []


def test_a_clock_set_back_brings_no_fresh_allowance(desk: Desk) -> None:
    ledger = desk.open()
    spend(ledger, "11")
    desk.now -= timedelta(days=3)
    assert not isinstance(ledger.reserve(ask("2")), Held)
    assert ledger.today().day == TODAY
    ledger.close()
    again = desk.open()
    assert again.today().day == TODAY
    assert refused(again, "2").settled == Money.usd(11)


def test_a_clock_that_jumps_two_days_ahead_stays_on_its_day_until_a_person_confirms(desk: Desk) -> None:
    ledger = desk.open()
    spend(ledger, "11")
    events = listen(ledger)
    desk.now += timedelta(hours=37)
    assert refused(ledger, "2").settled == Money.usd(11)
    assert ledger.today().clock_held_back
    assert [event for event in events if isinstance(event, ClockJumped)] == [ClockJumped(timedelta(hours=37), True)]
    ledger.confirm_day()
    assert not ledger.today().clock_held_back
    assert ledger.today().day == date(2026, 11, 23)
    held(ledger, "2")


def test_the_held_back_day_survives_a_restart_of_the_program(desk: Desk) -> None:
    ledger = desk.open()
    spend(ledger, "11")
    desk.now += timedelta(hours=40)
    refused(ledger, "2")
    desk.kill(ledger)
    again = desk.open()
    assert again.today().day == TODAY
    assert again.today().clock_held_back


def test_a_clock_that_is_set_right_again_needs_no_confirmation(desk: Desk) -> None:
    ledger = desk.open()
    desk.now += timedelta(hours=40)
    spend(ledger, "1")
    desk.now -= timedelta(hours=40)
    spend(ledger, "1")
    assert not ledger.today().clock_held_back


def test_a_clock_set_a_day_ahead_and_back_gives_one_day_not_two(desk: Desk) -> None:
    ledger = desk.open()
    spend(ledger, "11")
    desk.now += timedelta(days=1)
    spend(ledger, "11")
    desk.now -= timedelta(days=1)
    assert refused(ledger, "2").day == TODAY + timedelta(days=1)


def test_a_weekend_asleep_is_no_jump(desk: Desk) -> None:
    ledger = desk.open()
    events = listen(ledger)
    desk.pass_time(hours=60)
    spend(ledger, "11")
    assert ledger.today().day == date(2026, 11, 24)
    assert not any(isinstance(event, ClockJumped) for event in events)


@pytest.mark.parametrize("asleep_s", [0, 9 * 3600])
def test_a_lid_closed_over_midnight_begins_the_new_day_and_asks_nobody(desk: Desk, asleep_s: float) -> None:
    """The second clock stands still in the sleep of a system that has no better one, and goes on in any other's."""
    ledger = desk.open()
    spend(ledger, "11")
    desk.pass_time(hours=8)  # 21:00 in Berlin; the lid is closed until six.
    desk.now += timedelta(hours=9)
    desk.seconds += asleep_s
    assert (ledger.today().day, ledger.today().clock_held_back) == (TODAY + timedelta(days=1), False)
    spend(ledger, "11")
    assert not ledger.today().clock_held_back


def test_a_holiday_with_the_machine_off_is_no_jump(desk: Desk) -> None:
    desk.open().close()
    desk.pass_time(days=14)
    desk.restart_machine()
    ledger = desk.open()
    assert ledger.today().day == date(2026, 12, 5)
    assert not ledger.today().clock_held_back


def test_a_clock_years_ahead_after_a_restart_of_the_machine_is_not_believed(desk: Desk) -> None:
    desk.open().close()
    desk.restart_machine()
    desk.now += timedelta(days=365)
    ledger = desk.open()
    assert ledger.today().day == TODAY
    assert ledger.today().clock_held_back


def test_small_steps_of_the_clock_are_told_and_nothing_else(desk: Desk) -> None:
    ledger = desk.open()
    events = listen(ledger)
    desk.now += timedelta(minutes=5)
    spend(ledger, "1")
    spend(ledger, "1")
    assert [event for event in events if isinstance(event, ClockJumped)] == [ClockJumped(timedelta(minutes=5), False)]


def test_a_zone_further_east_may_begin_the_next_day_and_one_further_west_never_goes_back(desk: Desk) -> None:
    ledger = desk.open()
    ledger.set_limits(TEN, ZoneInfo("Pacific/Kiritimati"))
    assert ledger.today().day == date(2026, 11, 22)
    spend(ledger, "11")
    ledger.set_limits(TEN, ZoneInfo("Pacific/Pago_Pago"))
    assert refused(ledger, "2").day == date(2026, 11, 22)
    assert ledger.today().resets_at == datetime(2026, 11, 23, 11, tzinfo=UTC)


def test_a_zone_changed_while_nobody_ran_never_goes_back_either(desk: Desk) -> None:
    desk.zone = ZoneInfo("Pacific/Kiritimati")
    first = desk.open()
    spend(first, "11")
    first.close()
    desk.zone = ZoneInfo("Pacific/Pago_Pago")
    assert desk.open().today().settled == Money.usd(11)


def test_the_25_hour_day_has_one_cutoff(desk: Desk) -> None:
    desk.now = datetime(2026, 10, 24, 22, 0, tzinfo=UTC)  # 00:00 in Berlin
    ledger = desk.open()
    spend(ledger, "11")
    desk.pass_time(hours=24, minutes=59)
    assert refused(ledger, "2").day == date(2026, 10, 25)
    desk.pass_time(minutes=1)
    assert held(ledger, "2").day == date(2026, 10, 26)


def test_more_allowed_today_is_for_today_only(desk: Desk) -> None:
    ledger = desk.open()
    spend(ledger, "12")
    ledger.allow_more_today(Money.usd(3))
    assert ledger.today().stop is None
    spend(ledger, "3")
    assert ledger.today().limits.cutoff == Money.usd(15)
    desk.pass_time(days=1)
    assert ledger.today().limits.cutoff == Money.usd(12)
    assert refused(ledger, "12.5").cutoff == Money.usd(12)


def test_limits_of_a_past_day_stay_as_they_were(desk: Desk) -> None:
    ledger = desk.open()
    spend(ledger, "1")
    desk.pass_time(days=1)
    ledger.set_limits(Limits(Money.usd(50), Money.usd(60)))
    before, after = ledger.days(TODAY, TODAY + timedelta(days=1))
    assert (before.budget, after.budget) == (Money.usd(10), Money.usd(50))


def test_the_first_mode_is_observe_and_the_chosen_one_stays(desk: Desk) -> None:
    ledger = desk.open()
    assert ledger.today().mode is Mode.observe
    ledger.set_mode(Mode.auto)
    desk.kill(ledger)
    assert desk.open().today().mode is Mode.auto
