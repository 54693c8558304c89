"""Holding money and settling it."""

import dataclasses
from datetime import timedelta

import pytest

from budget.events import CutoffReached, Event, Overrun, SpendRecorded, Stopped, ThresholdCrossed
from budget.ledger import Ask, Band, Held, Labels, Ledger, Limits, Mode, Offer, Outcome, Refused, Settlement
from budget.settlement import UnknownHold
from pricing.money import ZERO, Money
from pricing.usage import Usage
from tests.budget.desk import Desk, ask, complete, held, refused, spend


def test_a_hold_takes_its_money_until_it_is_settled(ledger: Ledger) -> None:
    hold = held(ledger, "5")
    assert (ledger.today().settled, ledger.today().held) == (ZERO, Money.usd(5))
    ledger.settle(hold.hold_id, complete("1.25")).result(5)
    assert (ledger.today().settled, ledger.today().held) == (Money.usd("1.25"), ZERO)
    assert ledger.check() == []


def test_the_last_picodollar_fits_and_one_more_does_not(ledger: Ledger) -> None:
    spend(ledger, "11.999999999999")
    assert isinstance(ledger.reserve(ask("0.000000000002")), Refused)
    assert isinstance(ledger.reserve(ask("0.000000000001")), Held)
    assert ledger.today().left == ZERO


def test_a_refusal_says_what_is_spent_held_needed_and_when_it_resets(ledger: Ledger) -> None:
    spend(ledger, "3")
    held(ledger, "8")
    answer = refused(ledger, "2")
    assert (answer.why, answer.settled, answer.held) == ("full", Money.usd(3), Money.usd(8))
    assert (answer.cutoff, answer.needed) == (Money.usd(12), Money.usd(2))
    assert answer.fits_later
    assert answer.resets_at == ledger.today().resets_at


def test_what_cannot_fit_even_when_all_has_settled_does_not_fit_later(ledger: Ledger) -> None:
    spend(ledger, "3")
    held(ledger, "8")
    assert not refused(ledger, "9.5").fits_later


def test_the_first_offer_that_fits_is_taken(ledger: Ledger) -> None:
    spend(ledger, "11")
    dear = Offer("anthropic", "opus", Money.usd(2), False)
    cheap = Offer("anthropic", "haiku", Money.usd("0.5"), False)
    local = Offer("ollama", "qwen", ZERO, True)
    first = ledger.reserve(Ask("a", (dear, cheap, local)))
    assert isinstance(first, Held)
    assert first.offer is cheap
    second = ledger.reserve(Ask("b", (dear, local)))
    assert isinstance(second, Held)
    assert second.offer is local


def test_the_cheapest_cloud_offer_is_what_a_refusal_says_is_needed(ledger: Ledger) -> None:
    spend(ledger, "11.9")
    offers = (Offer("a", "x", Money.usd(2), False), Offer("a", "y", Money.usd(1), False))
    answer = ledger.reserve(Ask("a", offers))
    assert isinstance(answer, Refused)
    assert answer.needed == Money.usd(1)


def test_an_amount_that_no_request_can_cost_does_not_fit(ledger: Ledger) -> None:
    answer = ledger.reserve(Ask("a", (Offer("a", "x", Money(2**62), False),)))
    assert isinstance(answer, Refused)


def test_settling_twice_spends_once_and_names_the_same_entry(ledger: Ledger) -> None:
    hold = held(ledger, "1")
    first = ledger.settle(hold.hold_id, complete("0.5")).result(5)
    again = ledger.settle(hold.hold_id, complete("0.9")).result(5)
    assert again.entry_id == first.entry_id
    assert again.events == ()
    assert ledger.today().settled == Money.usd("0.5")
    assert len(ledger.entries()) == 1


def test_settling_then_voiding_changes_nothing(ledger: Ledger) -> None:
    hold = held(ledger, "1")
    ledger.settle(hold.hold_id, complete("0.5")).result(5)
    ledger.void(hold.hold_id, "too late").result(5)
    assert ledger.today().settled == Money.usd("0.5")


def test_a_hold_that_never_was_is_an_error_and_spoils_nothing_beside_it(ledger: Ledger) -> None:
    hold = held(ledger, "1")
    wrong = ledger.settle(999, complete("0.5"))
    right = ledger.settle(hold.hold_id, complete("0.5"))
    with pytest.raises(UnknownHold):
        wrong.result(5)
    assert right.result(5).entry_id == 1


@pytest.mark.parametrize("outcome", [kind for kind in Outcome if kind not in ("corrected", "lost", "voided")])
def test_every_outcome_is_charged_as_told_and_shows_what_is_likely(ledger: Ledger, outcome: Outcome) -> None:
    hold = held(ledger, "1")
    ledger.settle(hold.hold_id, Settlement(outcome, Money.usd("0.8"), Money.usd("0.3"))).result(5)
    today = ledger.today()
    assert (today.settled, today.likely, today.held) == (Money.usd("0.8"), Money.usd("0.3"), ZERO)
    assert [entry.outcome for entry in ledger.entries()] == [outcome]
    assert ledger.check() == []


def test_a_voided_hold_costs_nothing_and_keeps_the_upstreams_answer(ledger: Ledger) -> None:
    hold = held(ledger, "1")
    ledger.void(hold.hold_id, "overloaded", 529, upstream_id="req_9").result(5)
    (entry,) = ledger.entries()
    assert (entry.outcome, entry.charged, entry.status, entry.upstream_id) == (Outcome.voided, ZERO, 529, "req_9")
    assert ledger.today().gone == ZERO


def test_an_entry_keeps_everything_that_was_known(desk: Desk) -> None:
    ledger = desk.open()
    labels = Labels(
        "sess", "claude-code", "opus", "debugging", "L2", "auto", "normal", "why", "proj", "t1", "openai", 2
    )
    hold = ledger.reserve(Ask("req", (Offer("anthropic", "claude", Money.usd(1), False, '{"r": 1}'),), labels))
    assert isinstance(hold, Held)
    desk.pass_time(seconds=9)
    usage = Usage(1, 2, 3, 4, 5, 6)
    done = Settlement(
        Outcome.flagged,
        Money.usd("0.5"),
        Money.usd("0.4"),
        usage=usage,
        raw_usage='{"input_tokens": 1}',
        rates='{"input": 3}',
        status=200,
        upstream_id="msg_1",
        flags=("provisional price", "estimate"),
        duration_ms=9000,
        first_byte_ms=300,
        note="n",
    )
    ledger.settle(hold.hold_id, done).result(5)
    (entry,) = ledger.entry("req")
    assert entry.labels == labels
    assert (entry.usage, entry.raw_usage, entry.rates) == (usage, done.raw_usage, done.rates)
    assert (entry.flags, entry.terms, entry.held) == (done.flags, '{"r": 1}', Money.usd(1))
    assert entry.at - entry.since == timedelta(seconds=9)
    assert (entry.status, entry.upstream_id, entry.duration_ms, entry.first_byte_ms) == (200, "msg_1", 9000, 300)


def test_what_costs_more_than_its_hold_is_recorded_in_full_and_alerted(ledger: Ledger) -> None:
    events: list[Event] = []
    ledger.subscribe(events.append)
    hold = held(ledger, "1")
    settled = ledger.settle(hold.hold_id, complete("1.5")).result(5)
    assert settled.overrun == Money.usd("0.5")
    assert ledger.today().settled == Money.usd("1.5")
    ledger.set_mode(Mode.observe)
    assert [event for event in events if isinstance(event, Overrun)] == [
        Overrun(ledger.today().day, "r", 1, Money.usd(1), Money.usd("1.5"))
    ]
    assert ledger.entries()[0].overrun == Money.usd("0.5")


def test_spend_at_the_cutoff_stops_the_cloud_by_itself(ledger: Ledger) -> None:
    events: list[Event] = []
    ledger.subscribe(events.append)
    spend(ledger, "12")
    assert ledger.today().band is Band.cutoff
    stop = ledger.today().stop
    assert stop is not None
    assert stop.by == "cutoff"
    assert refused(ledger, "0.000000000001").why == "stopped"
    ledger.set_mode(Mode.observe)
    assert [type(event) for event in events if not isinstance(event, SpendRecorded | ThresholdCrossed)] == [
        CutoffReached,
        Stopped,
    ]


def test_each_threshold_is_told_once_a_day(ledger: Ledger) -> None:
    events: list[Event] = []
    ledger.subscribe(events.append)
    for _ in range(11):
        spend(ledger, "1")
    ledger.set_limits(Limits(Money.usd(11), Money.usd(20)))
    ledger.set_limits(Limits(Money.usd(10), Money.usd(20)))
    assert [event.percent for event in events if isinstance(event, ThresholdCrossed)] == [50, 80, 100]
    assert [sent.alert.subject for sent in ledger.outbox.newest()] == ["50", "80", "100"]


def test_a_budget_lowered_past_a_threshold_alerts_at_once(ledger: Ledger) -> None:
    spend(ledger, "4")
    assert ledger.outbox.newest() == []
    ledger.set_limits(Limits(Money.usd(5), Money.usd(12)))
    assert [sent.alert.subject for sent in ledger.outbox.newest()] == ["50", "80"]


def test_local_requests_are_held_and_settled_for_nothing(ledger: Ledger) -> None:
    spend(ledger, "12")
    answer = ledger.reserve(ask("1", local=True))
    assert isinstance(answer, Held)
    ledger.settle(answer.hold_id, Settlement(Outcome.complete, ZERO, ZERO, Usage(input=7))).result(5)
    entry = ledger.latest(1)[0]
    assert (entry.is_local, entry.charged, entry.usage.input) == (True, ZERO, 7)


def test_a_settlement_cannot_be_negative_or_absurd() -> None:
    for wrong in (Money(-1), Money(2**61)):
        with pytest.raises(ValueError, match="not an amount"):
            Settlement(Outcome.complete, wrong, ZERO)


def test_entries_can_be_read_by_day_session_and_position(ledger: Ledger) -> None:
    for number in range(5):
        spend(ledger, "0.1", f"r{number}")
    assert [entry.request_id for entry in ledger.entries(after=3)] == ["r3", "r4"]
    assert [entry.request_id for entry in ledger.latest(2)] == ["r3", "r4"]
    assert ledger.entries(session="other") == []
    assert len(ledger.entries(day=ledger.today().day, session="s1")) == 5
    assert len(ledger.entries(limit=2)) == 2


def test_holds_shows_what_is_under_way(ledger: Ledger) -> None:
    hold = held(ledger, "1", "running")
    (open_hold,) = ledger.holds()
    assert (open_hold.id, open_hold.request_id, open_hold.amount) == (hold.hold_id, "running", Money.usd(1))
    assert ledger.today().open_holds == 1


def test_nothing_of_sqlite_shows_in_what_the_ledger_returns(ledger: Ledger) -> None:
    hold = held(ledger, "1")
    settled = ledger.settle(hold.hold_id, complete("0.5")).result(5)
    for value in (hold, settled, ledger.today(), *ledger.entries(), *ledger.days(hold.day, hold.day)):
        for field in dataclasses.fields(value):
            assert "sqlite" not in type(getattr(value, field.name)).__module__


def test_a_listener_that_fails_harms_nobody(ledger: Ledger, caplog: pytest.LogCaptureFixture) -> None:
    def fail(event: Event) -> None:
        raise RuntimeError("listener")

    end = ledger.subscribe(fail)
    spend(ledger, "1")
    ledger.set_mode(Mode.observe)
    assert "a listener failed" in caplog.text
    end()
    spend(ledger, "1")
    assert ledger.today().trouble is None
