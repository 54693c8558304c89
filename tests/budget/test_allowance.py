"""What bursar's own requests may cost in a day is checked in the transaction that holds the money."""

import threading
from dataclasses import replace

import pytest

from budget.allowance import PING, Allowance
from budget.ledger import Held, Ledger, Limits, Mode, Outcome, Refused, Settlement
from pricing.money import ZERO, Money
from tests.budget.desk import Desk, ask, held

HALF = Allowance(PING, Money.usd("0.5"))


def ping(ledger: Ledger, dollars: str, allowance: Allowance = HALF) -> Held | Refused:
    asked = ask(dollars)
    return ledger.reserve(replace(asked, labels=replace(asked.labels, task_class=PING), allowance=allowance))


def settled(ledger: Ledger, hold: Held | Refused, dollars: str) -> None:
    assert isinstance(hold, Held)
    cost = Money.usd(dollars)
    ledger.settle(hold.hold_id, Settlement(Outcome.complete, cost, cost)).result(5)


def test_what_is_held_counts_until_it_settles_and_then_what_it_cost(ledger: Ledger) -> None:
    first = ping(ledger, "0.4")
    assert isinstance(ping(ledger, "0.4"), Refused)
    settled(ledger, first, "0.1")
    settled(ledger, ping(ledger, "0.4"), "0.02")
    assert isinstance(ping(ledger, "0.4"), Refused)  # 0.1 + 0.02 + 0.4 > 0.5
    assert isinstance(ping(ledger, "0.38"), Held)


def test_others_are_not_counted_and_not_bound_by_it(ledger: Ledger) -> None:
    held(ledger, "5")
    assert isinstance(ping(ledger, "0.5"), Held)
    held(ledger, "5")


def test_the_budget_is_the_end_though_the_cutoff_would_allow_more(ledger: Ledger) -> None:
    held(ledger, "9.8")
    assert isinstance(ping(ledger, "0.3"), Refused)
    assert isinstance(ping(ledger, "0.2"), Held)


def test_the_cutoff_is_the_end_where_it_is_below_the_budget(desk: Desk) -> None:
    desk.limits = Limits(Money.usd(10), Money.usd(1))
    ledger = desk.open()
    held(ledger, "0.8")
    assert isinstance(ping(ledger, "0.3"), Refused)


@pytest.mark.parametrize("how", ["stop", "local"])
def test_where_the_cloud_is_closed_there_is_none(ledger: Ledger, how: str) -> None:
    ledger.stop() if how == "stop" else ledger.set_mode(Mode.local)
    assert isinstance(ping(ledger, "0.1"), Refused)


def test_each_day_has_its_own(desk: Desk) -> None:
    ledger = desk.open()
    settled(ledger, ping(ledger, "0.5"), "0.5")
    assert isinstance(ping(ledger, "0.1"), Refused)
    desk.pass_time(hours=24)
    assert isinstance(ping(ledger, "0.1"), Held)


def test_an_allowance_of_nothing_allows_nothing(ledger: Ledger) -> None:
    assert isinstance(ping(ledger, "0.000000000001", Allowance(PING, ZERO)), Refused)


def test_of_sixty_four_at_once_as_many_get_it_as_fit(ledger: Ledger) -> None:
    found: list[Held | Refused] = []
    threads = [threading.Thread(target=lambda: found.append(ping(ledger, "0.1"))) for _ in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(answer, Held) for answer in found) == 5


def test_after_a_kill_what_was_held_is_charged_and_counts(desk: Desk) -> None:
    ledger = desk.open()
    assert isinstance(ping(ledger, "0.4"), Held)
    desk.kill(ledger)
    ledger = desk.open()
    assert isinstance(ping(ledger, "0.2"), Refused)
    assert ledger.entries()[-1].charged == Money.usd("0.4")


def test_what_was_lost_may_have_been_pings(desk: Desk) -> None:
    ledger = desk.open()
    settled(ledger, ping(ledger, "0.5"), "0.5")
    ledger.close()
    for part in desk.files.parts():
        part.unlink(missing_ok=True)
    assert isinstance(ping(desk.open(), "0.1"), Refused)
