"""A week's report says what plain SQL over the raw rows says, to the picodollar, also where that is a loss."""

import random
import sqlite3
from contextlib import closing
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from budget.ledger import Ledger, Limits
from budget.savings import Parts
from budget.weekly import Report, Sums, overview, report
from pricing.money import ZERO, Money
from tests.budget.desk import BERLIN, Desk
from tests.kit.weeks import WeekMaker

MONDAY = date(2026, 11, 16)
AT = datetime(2026, 11, 16, 8, tzinfo=UTC)
AFTER = datetime(2026, 11, 23, 6, tzinfo=UTC)

RECOUNT = """
WITH b AS (SELECT * FROM baselines one
    WHERE version = (SELECT max(version) FROM baselines WHERE entry_id = one.entry_id)),
known AS (
    SELECT e.*, b.part, b.basis, b.is_plan AS on_plan, b.local_idle, b.low AS b_low, b.likely AS b_likely,
        b.high AS b_high,
        (SELECT sum(likely) FROM entries WHERE id = e.id OR corrects = e.id) AS cloud
    FROM entries e JOIN b ON b.entry_id = e.id WHERE b.basis <> 'none')
SELECT
    (SELECT sum(charged) FROM entries WHERE day BETWEEN :since AND :until),
    (SELECT sum(likely) FROM entries WHERE day BETWEEN :since AND :until),
    (SELECT sum(local_full) FROM entries WHERE day BETWEEN :since AND :until),
    (SELECT sum(joules_milli) FROM entries WHERE day BETWEEN :since AND :until),
    sum(b_low) FILTER (WHERE NOT on_plan), sum(b_likely) FILTER (WHERE NOT on_plan),
    sum(b_high) FILTER (WHERE NOT on_plan),
    sum(b_likely - cloud) FILTER (WHERE NOT on_plan) - sum(local_full),
    sum(b_likely - cloud - local_full) FILTER (WHERE on_plan),
    sum(b_likely - cloud) FILTER (WHERE NOT on_plan AND part = 'moved'),
    sum(b_likely - cloud) FILTER (WHERE NOT on_plan AND part IN ('kept', 'cold')),
    -sum(local_marginal) FILTER (WHERE part = 'moved'),
    -sum(local_full - local_marginal - local_idle) FILTER (WHERE part = 'moved'),
    -sum(local_idle) FILTER (WHERE part = 'moved'),
    -sum(local_full) FILTER (WHERE part = 'attempt'),
    count(*) FILTER (WHERE part = 'attempt')
FROM known WHERE day BETWEEN :since AND :until
"""


@pytest.fixture
def desk(tmp_path: Path):
    desk = Desk(tmp_path / "ledger")
    desk.now = AT
    yield desk
    desk.close_all()


def maker(desk: Desk, ledger: Ledger) -> WeekMaker:
    """Put requests into a desk's ledger, each at its moment."""
    return WeekMaker(ledger, lambda at: desk.pass_time(seconds=(at - desk.now).total_seconds()))


def made(desk: Desk, since: date = MONDAY, now: datetime = AFTER) -> Report:
    """Make a report as it is made on the Monday after."""
    return report(desk.files.database, since, now=now, zone=BERLIN)


def any_week(week: WeekMaker, seed: int) -> None:
    """Live a week in which all kinds of things happen."""
    dice = random.Random(seed)
    at = AT
    for _ in range(80):
        at += timedelta(minutes=dice.randrange(5, 110))
        labels = {
            "session": f"s{dice.randrange(6)}",
            "mode": dice.choice(("auto", "cloud")),
            "agent": dice.choice(("", "a")),
        }
        dollars, alone = f"0.{dice.randrange(10**6):06d}", f"0.{dice.randrange(10**6):06d}"
        is_plan = dice.random() < 0.2
        match dice.randrange(6):
            case 0:
                week.at_claude(at, dollars, said=alone, is_plan=is_plan, tier="L2", **labels)
            case 1:
                week.at_claude(at, dollars, alone=alone, is_plan=is_plan, tier="L3", **labels)
            case 2 | 3:
                week.at_home(at, alone, idle="0.0000001", wear=dollars, is_plan=is_plan, tier="L0", **labels)
            case 4:
                week.in_vain(at, energy="0.000000000007", wear=dollars, idle="0.003", **labels)
            case _:
                week.voided(at, **labels)


@pytest.mark.parametrize("seed", range(3))
def test_every_figure_is_what_plain_sql_over_the_raw_rows_says(desk: Desk, seed: int):
    ledger = desk.open()
    any_week(maker(desk, ledger), seed)
    for number in (3, 9, 14):
        [entry] = [entry for entry in ledger.entries(limit=100) if entry.id == number]
        if entry.charged:
            ledger.correct(number, Money.usd("0.123456789012"), Money.usd("0.1"), "as billed")
    found = made(desk)
    with closing(sqlite3.connect(desk.files.database)) as connection:
        given = {"since": "2026-11-16", "until": "2026-11-22"}
        row = connection.execute(RECOUNT, given).fetchone()
    told, parts = found.sums, found.savings.total.paid.parts
    figures = (
        *(found.spend.charged, found.spend.likely, told.local_full, Money(told.millijoules)),
        *(told.baseline.low, told.baseline.likely, told.baseline.high, told.saved.likely, told.plan_saved.likely),
        *(parts.moved, parts.cold, parts.energy, parts.wear, parts.idle, parts.escalated, Money(told.attempts)),
    )
    assert tuple(figure.picos for figure in figures) == tuple(value or 0 for value in row)
    assert parts.total == told.saved.likely
    assert told.claude == found.spend.likely
    assert sum(day.saved.likely.picos for day in found.days) == told.saved.likely.picos
    assert sum(day.requests for day in found.days) == told.requests == sum(tier.answered for tier in found.spend.tiers)
    for name, cuts in found.savings.by.items():
        assert Money.total(cut.paid.saved.likely for cut in cuts) == told.saved.likely, name
    assert overview(desk.files.database, MONDAY, MONDAY) == {MONDAY: told}


def test_a_week_of_escalations_cold_caches_and_idle_hours_is_a_loss_part_by_part(desk: Desk):
    week = maker(desk, desk.open())
    week.at_home(AT + timedelta(hours=1), "0.05", energy="0.001", wear="0.002", idle="0.09")
    week.in_vain(AT + timedelta(hours=2), energy="0.001", wear="0.003", idle="0.04")
    week.at_claude(AT + timedelta(hours=3), "0.40", alone="0.10")
    found = made(desk)
    # Alone 0.05 + 0 + 0.10; Claude 0.40; this machine 0.093 + 0.044.
    assert (found.sums.baseline.likely, found.sums.claude) == (Money.usd("0.15"), Money.usd("0.4"))
    assert found.sums.local_full == Money.usd("0.137")
    assert found.sums.saved.likely == Money.usd("-0.387")
    assert {part.name: getattr(found.savings.total.paid.parts, part.name).exact() for part in fields(Parts)} == {
        "moved": "0.05",
        "swapped": "0",
        "cold": "-0.3",
        "energy": "-0.001",
        "wear": "-0.002",
        "idle": "-0.09",
        "escalated": "-0.044",
    }
    assert [one.topic for one in found.advice] == ["cold", "idle"]


def test_the_first_week_has_nothing_beside_it_and_the_second_has_the_first(desk: Desk):
    week = maker(desk, desk.open())
    week.at_claude(AT, "1")
    assert made(desk).before is None
    week.at_claude(AFTER + timedelta(hours=3), "2")
    later = made(desk, MONDAY + timedelta(days=7), AFTER + timedelta(days=7))
    assert later.before == made(desk).sums
    assert (later.sums.claude, later.before.claude) == (Money.usd(2), Money.usd(1))  # type: ignore[union-attr]


@pytest.mark.parametrize("is_there", [True, False])
def test_an_empty_week_is_empty_with_and_without_a_ledger(desk: Desk, is_there: bool):
    if is_there:
        desk.open()
    found = made(desk)
    assert found.is_empty
    assert found.sums == Sums(
        *(0, 0, ZERO, ZERO, ZERO, ZERO, 0, 0),
        *[found.sums.baseline] * 4,
        *(0, 0, 0, 0, 0, ZERO),
    )
    assert (found.sums.baseline.likely, found.advice, found.before) == (ZERO, (), None)
    assert overview(desk.files.database, MONDAY, MONDAY) == {}


def test_the_week_in_which_the_clock_goes_back_has_seven_days_of_this_person(desk: Desk):
    desk.now = datetime(2026, 10, 18, 12, tzinfo=UTC)
    week = maker(desk, desk.open())
    week.at_claude(datetime(2026, 10, 18, 21, 59, tzinfo=UTC), "0.01")  # Sunday, 23:59 in summer
    week.at_claude(datetime(2026, 10, 18, 22, 1, tzinfo=UTC), "0.02")  # Monday, 0:01
    week.at_claude(datetime(2026, 10, 25, 22, 59, tzinfo=UTC), "0.04")  # Sunday, 23:59 in winter
    week.at_claude(datetime(2026, 10, 25, 23, 1, tzinfo=UTC), "0.08")  # Monday, 0:01
    found = made(desk, date(2026, 10, 19), datetime(2026, 10, 25, 22, 59, tzinfo=UTC))
    assert (found.name, found.sums.claude, found.is_over) == ("2026-W43", Money.usd("0.06"), False)
    assert [day.claude.exact() for day in found.days] == ["0.02", "0", "0", "0", "0", "0", "0.04"]
    assert made(desk, date(2026, 10, 19), datetime(2026, 10, 25, 23, 0, tzinfo=UTC)).is_over


def test_a_correction_after_the_week_changes_the_week_in_which_the_request_was(desk: Desk):
    ledger = desk.open()
    maker(desk, ledger).at_claude(AT, "1.5")
    desk.pass_time(days=9)
    ledger.correct(1, Money.usd("1.2"), Money.usd("1.2"), "as billed")
    found = made(desk)
    assert (found.sums.claude, found.sums.baseline.likely, found.sums.saved.likely) == (Money.usd("1.2"),) * 2 + (ZERO,)
    assert found.sums.requests == 1


def test_what_nobody_can_compare_is_counted_apart_from_savings(desk: Desk):
    week = maker(desk, desk.open())
    week.at_home(AT, "0.05", is_known=False)
    week.at_claude(AT + timedelta(minutes=5), "0.25")
    found = made(desk)
    assert (found.sums.unknown, found.sums.unknown_cost) == (1, ZERO)
    assert (found.sums.requests, found.savings.total.paid.requests) == (2, 1)
    assert found.sums.saved.likely == ZERO


def test_on_a_plan_nothing_is_saved_in_dollars_and_list_prices_stand_apart(desk: Desk):
    week = maker(desk, desk.open())
    week.at_claude(AT, "0.30", is_plan=True)
    week.at_home(AT + timedelta(minutes=5), "0.20", energy="0.01", wear="0", is_plan=True)
    found = made(desk)
    assert (found.sums.paid, found.sums.listed) == (ZERO, Money.usd("0.3"))
    assert found.sums.saved.likely == Money.usd("-0.01")
    assert found.sums.plan_saved.likely == Money.usd("0.19")  # 0.30 + 0.20 − 0.30 − 0.01


def test_it_says_when_budget_and_cutoff_were_reached(desk: Desk):
    desk.limits = Limits(Money.usd(1), Money.usd(2))
    week = maker(desk, desk.open())
    week.at_claude(AT + timedelta(hours=1), "0.6")
    week.at_claude(AT + timedelta(hours=2, minutes=40), "0.7")
    week.at_claude(AT + timedelta(hours=4), "0.7")
    [monday, *others] = made(desk).days
    assert monday.budget_at == AT + timedelta(hours=2, minutes=40)
    assert monday.cutoff_at == AT + timedelta(hours=4)
    assert not any(day.budget_at or day.cutoff_at for day in others)
