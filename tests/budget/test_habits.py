"""The hours in which a person usually works are learned from the days before, and only from enough of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

from budget.allowance import PING
from budget.habits import LEAST_DAYS, Habits
from budget.ledger import Ask, Held, Labels, Ledger, Offer
from budget.workday import Workday
from pricing.money import Money
from tests.budget.desk import BERLIN, Desk, complete, spend

OFFICE, FIRST = Workday(), 2
"""November 2nd, 2026."""


Hours = tuple[tuple[int, int], tuple[int, int]]


def worked(desk: Desk, *days: Hours, late: Callable[[Ledger], None] = lambda _: None) -> Habits:
    """Work on some days of November, each from one moment to another in UTC; `late` is what else happens at its end."""
    desk.now = datetime(2026, 11, FIRST, tzinfo=UTC)
    ledger = desk.open()
    for number, ends in enumerate(days):
        for hour, minute in ends:
            ahead = datetime(2026, 11, FIRST + number, hour, minute, tzinfo=UTC) - desk.now
            desk.pass_time(seconds=ahead.total_seconds())
            spend(ledger, "0.01", f"r{number} {hour}")
        late(ledger)
    return Habits(ledger.file)


def ping(ledger: Ledger) -> None:
    """Read a cache once more, as the keeper does."""
    offer = Offer("anthropic", "claude", Money.usd("0.01"), is_local=False)
    held = ledger.reserve(Ask("ping", (offer,), Labels(task_class=PING)))
    assert isinstance(held, Held)
    ledger.settle(held.hold_id, complete("0.01")).result(5)


def hours_after(habits: Habits, days: int, zone: ZoneInfo = BERLIN) -> Workday:
    return habits.workday(date(2026, 11, FIRST + days), zone)


def test_the_usual_hours_are_those_of_a_middling_day_to_the_quarter(desk: Desk) -> None:
    days = [((8, 20), (17, 5)), ((8, 40), (17, 20)), ((6, 0), (22, 30)), ((8, 31), (16, 50)), ((11, 0), (17, 10))]
    # In Berlin an hour later: the middling day begins at 9:31 and ends at 18:10.
    assert hours_after(worked(desk, *days), len(days)) == Workday(time(9, 30), time(18, 15))


def test_too_few_days_are_no_habit(desk: Desk) -> None:
    assert hours_after(worked(desk, *[((8, 0), (16, 0))] * (LEAST_DAYS - 1)), LEAST_DAYS) == OFFICE


def test_today_is_no_habit_yet(desk: Desk) -> None:
    habits = worked(desk, *[((8, 0), (16, 0))] * LEAST_DAYS)
    assert hours_after(habits, LEAST_DAYS - 1) == OFFICE
    assert hours_after(habits, LEAST_DAYS) == Workday(time(9), time(17))


def test_pings_for_hours_after_the_last_request_and_corrections_are_no_work(desk: Desk) -> None:
    def late(ledger: Ledger) -> None:
        desk.pass_time(seconds=4 * 3600)
        ping(ledger)
        ledger.correct(1, Money.usd("0.02"), Money.usd("0.02"), "as billed")

    habits = worked(desk, *[((8, 0), (16, 0))] * LEAST_DAYS, late=late)
    assert hours_after(habits, LEAST_DAYS) == Workday(time(9), time(17))


def test_a_day_of_nothing_but_pings_counts_as_none(desk: Desk) -> None:
    opened: list[Ledger] = []
    habits = worked(desk, *[((8, 0), (16, 0))] * (LEAST_DAYS - 1), late=opened.append)
    desk.pass_time(seconds=24 * 3600)
    ping(opened[0])
    assert hours_after(habits, LEAST_DAYS) == OFFICE


def test_a_few_minutes_a_day_are_no_workday(desk: Desk) -> None:
    assert hours_after(worked(desk, *[((8, 0), (8, 20))] * LEAST_DAYS), LEAST_DAYS) == OFFICE


def test_who_works_until_midnight_has_a_day_that_ends(desk: Desk) -> None:
    habits = worked(desk, *[((8, 0), (22, 55))] * LEAST_DAYS)
    assert hours_after(habits, LEAST_DAYS) == Workday(time(9), time(23, 59))


def test_without_a_ledger_the_hours_are_those_of_an_office(tmp_path: Path) -> None:
    assert Habits(tmp_path / "none").workday(date(2026, 11, 21), BERLIN) == OFFICE
