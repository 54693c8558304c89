"""What a person commands."""

import threading

import pytest

from budget.commands import NotAnOriginal
from budget.events import Event, LimitsChanged, ModeChanged, Resumed, Stopped
from budget.ledger import Held, Ledger, Limits, Mode, Outcome
from pricing.money import ZERO, Money
from tests.budget.desk import TEN, Desk, ask, complete, held, refused, spend


def test_in_local_mode_no_cloud_hold_is_given_and_local_ones_are(ledger: Ledger) -> None:
    ledger.set_mode(Mode.local)
    assert ledger.closed() == "mode"
    assert refused(ledger, "1").why == "mode"
    assert isinstance(ledger.reserve(ask("1", local=True)), Held)
    ledger.set_mode(Mode.auto)
    assert ledger.closed() is None
    held(ledger, "1")


def test_after_the_emergency_stop_no_cloud_hold_is_given_also_after_a_kill(desk: Desk) -> None:
    ledger = desk.open()
    ledger.stop("person")
    assert ledger.closed() == "stopped"
    desk.kill(ledger)
    again = desk.open()
    assert refused(again, "1").why == "stopped"
    assert isinstance(again.reserve(ask("1", local=True)), Held)
    again.resume()
    held(again, "1")


def test_the_cutoffs_stop_survives_a_kill(desk: Desk) -> None:
    ledger = desk.open()
    spend(ledger, "12")
    desk.kill(ledger)
    stop = desk.open().today().stop
    assert stop is not None
    assert stop.by == "cutoff"


def test_a_raised_cutoff_lifts_the_stop_that_came_from_it_but_not_a_persons(ledger: Ledger) -> None:
    spend(ledger, "12")
    ledger.set_limits(Limits(Money.usd(10), Money.usd(20)))
    held(ledger, "1")
    ledger.stop("person")
    ledger.set_limits(Limits(Money.usd(10), Money.usd(30)))
    assert refused(ledger, "1").why == "stopped"


def test_a_person_may_stop_what_the_cutoff_has_stopped(ledger: Ledger) -> None:
    spend(ledger, "12")
    ledger.stop("person")
    ledger.set_limits(Limits(Money.usd(10), Money.usd(20)))
    stop = ledger.today().stop
    assert stop is not None
    assert stop.by == "person"


def test_a_cutoff_below_what_is_held_lets_running_requests_finish(ledger: Ledger) -> None:
    hold = held(ledger, "8")
    ledger.set_limits(Limits(Money.usd(2), Money.usd(3)))
    assert refused(ledger, "0.1").cutoff == Money.usd(3)
    assert ledger.today().stop is None
    ledger.settle(hold.hold_id, complete("2.5")).result(5)
    held(ledger, "0.5")


def test_lowering_the_cutoff_below_what_is_spent_stops_no_running_request(ledger: Ledger) -> None:
    spend(ledger, "5")
    hold = held(ledger, "1")
    ledger.set_limits(Limits(Money.usd(2), Money.usd(3)))
    ledger.settle(hold.hold_id, complete("1")).result(5)
    assert ledger.today().stop is None


def test_each_command_is_told_once_and_only_if_it_changed_something(ledger: Ledger) -> None:
    events: list[Event] = []
    ledger.subscribe(events.append)
    ledger.set_mode(Mode.auto)
    ledger.set_mode(Mode.auto)
    ledger.stop("person")
    ledger.stop("person")
    ledger.resume()
    ledger.resume()
    ledger.set_limits(TEN)
    ledger.set_mode(Mode.auto)
    assert events == [
        ModeChanged(Mode.observe, Mode.auto),
        Stopped("person"),
        Resumed("person"),
        LimitsChanged(TEN),
    ]


def test_a_correction_is_a_new_entry_that_names_the_old_one(ledger: Ledger) -> None:
    entry_id = spend(ledger, "2").entry_id
    correction = ledger.correct(entry_id, Money.usd("1.5"), Money.usd("1.5"), "cost report of December")
    assert ledger.today().settled == Money.usd("1.5")
    ledger.correct(entry_id, Money.usd("1.75"), Money.usd("1.6"), "second report")
    assert (ledger.today().settled, ledger.today().likely) == (Money.usd("1.75"), Money.usd("1.6"))
    original, first, second = ledger.entry("r")
    assert (original.charged, first.charged, second.charged) == (Money.usd(2), Money.usd("-0.5"), Money.usd("0.25"))
    assert (first.id, first.corrects, first.outcome) == (correction, entry_id, Outcome.corrected)
    assert first.note == "cost report of December"
    assert ledger.check() == []


def test_only_the_entry_of_a_request_can_be_corrected(ledger: Ledger) -> None:
    entry_id = spend(ledger, "2").entry_id
    correction = ledger.correct(entry_id, ZERO, ZERO, "refund")
    for wrong in (correction, 999):
        with pytest.raises(NotAnOriginal):
            ledger.correct(wrong, ZERO, ZERO, "no")


def test_no_hold_is_given_once_local_mode_was_answered(ledger: Ledger) -> None:
    answered = threading.Event()
    late: list[Held] = []

    def ask_on(name: int) -> None:
        for number in range(200):
            before = answered.is_set()
            answer = ledger.reserve(ask("0.000001", f"{name}-{number}"))
            if before and isinstance(answer, Held):
                late.append(answer)

    threads = [threading.Thread(target=ask_on, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    ledger.set_mode(Mode.local)
    answered.set()
    for thread in threads:
        thread.join()
    assert late == []
