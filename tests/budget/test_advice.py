"""Suggestions follow from the figures, with their arithmetic; none where nothing suggests itself."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from budget.advice import MOST, Advice
from budget.ledger import Limits
from budget.outbox import Kind
from pricing.money import Money
from tests.budget.desk import Desk
from tests.budget.test_weekly import AT, made, maker
from tests.kit.weeks import WeekMaker


class House:
    """A week that is made, and what it suggests."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.ledger = desk, desk.open()
        self.week: WeekMaker = maker(desk, self.ledger)

    def says(self, topic: str) -> Advice:
        found = {one.topic: one for one in made(self.desk).advice}
        assert topic in found, found
        return found[topic]  # type: ignore[index]


@pytest.fixture
def house(tmp_path: Path):
    desk = Desk(tmp_path / "ledger")
    desk.now = AT
    yield House(desk)
    desk.close_all()


def minutes(number: int) -> datetime:
    return AT + timedelta(minutes=number)


def test_a_quiet_week_suggests_nothing(house: House):
    house.week.at_claude(AT, "0.30")
    house.week.at_home(minutes(5), "0.20")
    assert made(house.desk).advice == ()


def test_observe_says_what_auto_would_have_sent_elsewhere(house: House):
    for number in range(3):
        house.week.at_claude(minutes(number), "0.40", mode="observe", would="gpu-box/qwen", tier="L1")
    said = house.says("observe")
    assert (said.amount, said.command) == (Money.usd("1.2"), "bursar mode auto")
    assert "3 requests" in said.title
    assert "$1.20" in said.arithmetic


def test_mode_cloud_says_what_routine_work_cost_there(house: House):
    house.week.at_claude(AT, "0.40", mode="cloud", tier="L1")
    house.week.at_claude(minutes(1), "3", mode="cloud", tier="L2")
    said = house.says("routine")
    assert (said.amount, said.command) == (Money.usd("0.4"), "bursar mode auto")


def test_little_easy_work_at_claude_is_not_worth_a_guess(house: House):
    for number in range(9):
        house.week.at_claude(minutes(number), "0.40", mode="auto", tier="L1")
    assert made(house.desk).advice == (), "nine requests"
    house.week.at_claude(minutes(9), "0.01", mode="auto", tier="L2")
    assert "routine" not in [one.topic for one in made(house.desk).advice]


def test_where_no_local_model_answers_anything_one_is_suggested(house: House):
    for number in range(10):
        house.week.at_claude(minutes(number), "0.40", mode="auto", tier="L1")
    said = house.says("routine")
    assert said.title == "No local model answered anything"
    assert "10 requests of tiers L0 and L1 in mode auto went to Claude and cost $4.00" in said.arithmetic


def test_where_local_models_answer_some_most_easy_work_at_claude_is_told(house: House):
    for number in range(10):
        house.week.at_claude(minutes(number), "0.40", mode="auto", tier="L1")
    house.week.at_home(minutes(11), "0.01", mode="auto", tier="L1")
    assert house.says("routine").title == "Of 11 requests of tiers L0 and L1 in mode auto, Claude answered 10"


def test_cold_caches_are_laid_against_what_local_answers_spared(house: House):
    house.week.at_home(AT, "0.50")
    house.week.at_claude(minutes(2), "0.90", alone="0.20")
    said = house.says("cold")
    assert said.amount == Money.usd("0.7")
    assert "$0.50 − $0.70 = -$0.20" in said.arithmetic
    assert said.setting == 'cache_gate = "all"'


def test_cold_caches_are_not_blamed_for_what_the_cache_keeper_paid(house: House):
    house.week.at_home(AT, "0.50")
    house.week.at_claude(minutes(2), "0.90", alone="0.20")
    house.week.at_claude(minutes(7), "0.30", alone="0", task_class="ping", session="s1")
    assert house.says("cold").amount == Money.usd("0.7")


def test_pings_alone_are_no_cold_cache(house: House):
    house.week.at_home(AT, "0.50")
    house.week.at_claude(minutes(7), "0.30", alone="0", task_class="ping", session="s1")
    assert [one.topic for one in made(house.desk).advice] == []


def test_a_model_without_a_price_is_named_with_what_was_charged_for_it(house: House):
    house.week.at_claude(AT, "0.75", model="mystery-1", model_asked="mystery-1")
    house.ledger.outbox.record(Kind.unpriced, "mystery-1", {})
    said = house.says("unpriced")
    assert (said.amount, said.command) == (Money.usd("0.75"), "bursar prices update FILE")
    assert "mystery-1" in said.title


def test_a_used_up_budget_says_on_which_days_when_and_what_would_have_been_enough(tmp_path: Path):
    desk = Desk(tmp_path / "ledger")
    desk.now, desk.limits = AT, Limits(Money.usd(1), Money.usd(9))
    house = House(desk)
    house.week.at_claude(datetime(2026, 11, 16, 14, 40, tzinfo=UTC), "1.30")
    house.week.at_claude(datetime(2026, 11, 17, 9, 5, tzinfo=UTC), "2.10")
    house.week.at_claude(datetime(2026, 11, 18, 9, 5, tzinfo=UTC), "0.10")
    said = house.says("budget")
    assert said.title == "The budget was used up on 2 of 3 days"
    assert said.arithmetic.startswith("Mon at 15:40, Tue at 10:05: $1.40 above it in all.")  # 0.30 + 1.10, Berlin
    assert said.command == "bursar budget set 3"
    desk.close_all()


def test_a_local_model_that_often_fails_is_named(house: House):
    for number in range(6):
        house.week.at_home(minutes(number), "0.02")
    for number in range(4):
        house.week.in_vain(minutes(10 + number))
    said = house.says("escalated")
    assert said.title == "40% of the answers of qwen3-coder-30b were not good enough"
    assert said.arithmetic.startswith("4 of 10;")


def test_an_idle_machine_is_laid_against_what_it_spared(house: House):
    house.week.at_home(AT, "0.05", energy="0.001", wear="0.002", idle="0.50")
    said = house.says("idle")
    assert "$0.0500 − $0.0030 energy and wear − $0.5000 idle = -$0.4530" in said.arithmetic


def test_there_are_three_at_most_the_largest_first(house: House):
    house.week.at_claude(AT, "1", mode="observe", would="x/y", tier="L1", session="a")
    house.week.at_claude(minutes(1), "2", mode="cloud", tier="L1", session="b")
    house.week.at_home(minutes(2), "0.05", idle="3", session="c")
    house.week.at_claude(minutes(3), "4.2", alone="0.20", session="c")
    found = made(house.desk).advice
    assert [one.topic for one in found] == ["cold", "idle", "routine"]
    assert len(found) == MOST
