"""Shares of the day's budget that are kept for L3 and L2."""

import dataclasses
import threading

import pytest

from budget.bands import Limits
from budget.ledger import Ask, Held, Ledger, Mode, Offer, Refused, Shares, Ticket
from budget.shares import keep_for
from pricing.money import ZERO, Money
from tests.budget.desk import Desk, ask, complete, of_tier

TEN = Limits(Money.usd(10), Money.usd(12))
BOTH = Shares(l3_percent=20, l2_percent=10)  # of $10: $2 for L3, $1 for L2


def reserve(
    ledger: Ledger, tier: str, dollars: str, shares: Shares = BOTH, ticket: Ticket | None = None
) -> Held | Refused:
    """Ask as the proxy does."""
    return ledger.reserve(of_tier(tier, ask(dollars, ticket=ticket), shares))


def held(ledger: Ledger, tier: str, dollars: str, shares: Shares = BOTH) -> Held:
    answer = reserve(ledger, tier, dollars, shares)
    assert isinstance(answer, Held), answer
    return answer


def refused(ledger: Ledger, tier: str, dollars: str, shares: Shares = BOTH) -> Refused:
    answer = reserve(ledger, tier, dollars, shares)
    assert isinstance(answer, Refused), answer
    return answer


# --- the rule -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("tier", "kept"), [("L3", "0"), ("L2", "2"), ("L1", "3"), ("L0", "3"), ("", "3")])
def test_each_tier_leaves_what_those_above_it_have_not_used(tier: str, kept: str) -> None:
    assert keep_for(tier, BOTH, TEN, {}) == Money.usd(kept)


def test_what_is_used_of_a_share_is_no_longer_kept_and_the_rest_still_is() -> None:
    gone = {"L3": Money.usd("0.5"), "L2": Money.usd(4), "L1": Money.usd(3)}
    assert keep_for("L1", BOTH, TEN, gone) == Money.usd("1.5")  # 2 - 0.5 for L3; L2 used its 1 and more
    assert keep_for("L2", BOTH, TEN, gone) == Money.usd("1.5")


def test_without_shares_nothing_is_kept() -> None:
    assert keep_for("L0", Shares(), TEN, {}) == ZERO


def test_of_a_cutoff_below_the_budget_the_shares_are_of_the_cutoff() -> None:
    assert keep_for("L1", Shares(l3_percent=50), Limits(Money.usd(10), Money.usd(3)), {}) == Money.usd("1.5")


def test_a_part_of_a_picodollar_is_not_kept() -> None:
    assert keep_for("L1", Shares(l3_percent=33), Limits(Money(10), Money(12)), {}) == Money(3)


@pytest.mark.parametrize("percents", [(-1, 0), (0, -1), (60, 41)])
def test_shares_are_parts_of_one_whole(percents: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="100 together"):
        Shares(*percents)
    assert keep_for("L1", Shares(60, 40), TEN, {}) == TEN.budget


# --- at the ledger --------------------------------------------------------------------------------------------------


def test_what_is_kept_is_there_for_l3_when_everyone_else_has_spent_to_the_last_picodollar(ledger: Ledger) -> None:
    held(ledger, "L1", "9")  # 12 - 2 - 1
    assert refused(ledger, "L1", "0.000000000001").kept == Money.usd(3)
    held(ledger, "L2", "1")
    assert refused(ledger, "L2", "0.000000000001").kept == Money.usd(2)
    held(ledger, "L3", "2")
    assert refused(ledger, "L3", "0.000000000001").kept == ZERO
    assert ledger.today().left == ZERO


def test_the_cutoff_stays_the_wall_whatever_is_kept(ledger: Ledger) -> None:
    held(ledger, "L3", "12")
    kept = {tier: refused(ledger, tier, "0.000000000001").kept for tier in ("L0", "L1", "L2", "L3")}
    assert kept == {"L0": Money.usd(1), "L1": Money.usd(1), "L2": ZERO, "L3": ZERO}


def test_l3_may_use_more_than_its_share_and_then_takes_from_all(ledger: Ledger) -> None:
    held(ledger, "L3", "5")
    held(ledger, "L1", "6")  # 12 - 5 - 1 kept for L2
    assert refused(ledger, "L1", "0.000000000001").kept == Money.usd(1)


def test_of_several_offers_the_first_that_leaves_what_is_kept_is_taken(ledger: Ledger) -> None:
    offers = tuple(Offer("anthropic", "claude", Money.usd(dollars), False) for dollars in ("11", "9.5", "9"))
    answer = ledger.reserve(Ask("r", offers, keep=Money.usd(3)))
    assert isinstance(answer, Held)
    assert answer.offer.amount == Money.usd(9)


def test_of_an_amount_and_shares_the_larger_is_kept(ledger: Ledger) -> None:
    asked = dataclasses.replace(of_tier("L1", ask("9"), BOTH), keep=Money.usd("3.5"))
    answer = ledger.reserve(asked)
    assert isinstance(answer, Refused)
    assert answer.kept == Money.usd("3.5")
    assert isinstance(ledger.reserve(dataclasses.replace(asked, keep=Money.usd("2.5"))), Held)


def test_what_is_kept_is_what_counts_in_the_moment_of_the_hold_and_not_of_the_asking(ledger: Ledger) -> None:
    restricted = held(ledger, "L3", "2")
    asked = of_tier("L1", ask("9.5"), Shares(l3_percent=20))
    ledger.settle(restricted.hold_id, complete("0.25")).result(5)
    answer = ledger.reserve(asked)  # 0.25 + 9.5 + 1.75 still kept = 11.5
    assert isinstance(answer, Held)
    again = ledger.reserve(of_tier("L1", ask("0.5000001"), Shares(l3_percent=20)))
    assert isinstance(again, Refused)
    assert again.kept == Money.usd("1.75")


def test_a_local_offer_needs_nothing_beside_it(ledger: Ledger) -> None:
    held(ledger, "L1", "9")
    answer = ledger.reserve(of_tier("L0", ask("1", local=True), BOTH))
    assert isinstance(answer, Held)
    assert answer.offer.is_local


def test_only_an_amount_can_be_kept(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="zero or more"):
        dataclasses.replace(ask("1"), keep=Money(-1))
    answer = ledger.reserve(dataclasses.replace(ask("1"), keep=Money(2**62)))
    assert isinstance(answer, Refused)
    assert not answer.fits_later


def test_it_fits_later_only_if_what_is_kept_is_left_then_too(ledger: Ledger) -> None:
    ledger.settle(held(ledger, "L1", "5").hold_id, complete("5")).result(5)
    held(ledger, "L1", "4")
    assert refused(ledger, "L1", "4").fits_later  # 5 + 4 + 3 = 12
    assert not refused(ledger, "L1", "4.000000000001").fits_later
    assert refused(ledger, "L3", "7").fits_later  # 5 + 7 = 12


def test_a_refusal_for_another_reason_than_money_keeps_nothing(ledger: Ledger) -> None:
    ledger.set_mode(Mode.local)
    answer = refused(ledger, "L1", "1")
    assert (answer.why, answer.kept, answer.fits_later) == ("mode", ZERO, False)


def test_what_a_person_allows_for_today_is_free_for_all(ledger: Ledger) -> None:
    held(ledger, "L1", "9")
    ledger.allow_more_today(Money.usd(1))
    assert ledger.keep_for("L1", BOTH) == Money.usd(3)
    held(ledger, "L1", "1")


def test_a_new_budget_changes_what_is_kept_at_once(ledger: Ledger) -> None:
    ledger.set_limits(Limits(Money.usd(20), Money.usd(24)))
    assert ledger.keep_for("L1", BOTH) == Money.usd(6)


def test_a_new_day_keeps_whole_shares_also_before_anyone_asks(desk: Desk, ledger: Ledger) -> None:
    held(ledger, "L3", "2")
    assert ledger.keep_for("L2", BOTH) == ZERO
    desk.pass_time(hours=24)
    assert ledger.keep_for("L2", BOTH) == Money.usd(2)
    assert ledger.today().gone_by_tier == {}


# --- gone by tier ---------------------------------------------------------------------------------------------------


def test_gone_by_tier_counts_what_is_settled_and_what_is_held_and_survives_a_restart(
    desk: Desk, ledger: Ledger
) -> None:
    ledger.settle(held(ledger, "L3", "2").hold_id, complete("0.5")).result(5)
    held(ledger, "L3", "1")
    ledger.settle(held(ledger, "L1", "3").hold_id, complete("3.25")).result(5)
    ledger.void(held(ledger, "L2", "1").hold_id, "never sent").result(5)
    by_tier = {"L3": Money.usd("1.5"), "L1": Money.usd("3.25")}
    assert ledger.today().gone_by_tier == by_tier
    ledger.close()
    assert desk.open().today().gone_by_tier == by_tier  # the open hold is charged now


def test_a_correction_moves_the_tier_of_what_it_corrects(desk: Desk, ledger: Ledger) -> None:
    entry = ledger.settle(held(ledger, "L3", "2").hold_id, complete("2")).result(5).entry_id
    ledger.correct(entry, Money.usd("0.5"), Money.usd("0.5"), "the bill says so")
    assert ledger.today().gone_by_tier == {"L3": Money.usd("0.5")}
    assert ledger.keep_for("L1", BOTH) == Money.usd("2.5")
    ledger.correct(entry, ZERO, ZERO, "it was free")
    assert ledger.today().gone_by_tier == {}


def test_what_settles_after_midnight_belongs_to_the_tiers_of_the_day_before(desk: Desk, ledger: Ledger) -> None:
    late = held(ledger, "L3", "2")
    desk.pass_time(hours=24)
    held(ledger, "L1", "1")
    ledger.settle(late.hold_id, complete("1.5")).result(5)
    assert ledger.today().gone_by_tier == {"L1": Money.usd(1)}


def test_what_was_handed_out_does_not_change_afterwards(ledger: Ledger) -> None:
    before = ledger.today().gone_by_tier
    held(ledger, "L1", "1")
    assert before == {}


# --- in the line ----------------------------------------------------------------------------------------------------


class Waiting:
    """A request in the line, as `proxy.place` makes it wait."""

    def __init__(self, ledger: Ledger, tier: str, dollars: str) -> None:
        self._ledger, self.tier, self.dollars = ledger, tier, dollars
        self.ready = threading.Event()
        self.ticket = ledger.line.join(Money.usd(dollars), self.ready.set, keep=lambda: ledger.keep_for(tier, BOTH))

    def ask(self) -> Held | Refused:
        self.ready.clear()
        return reserve(self._ledger, self.tier, self.dollars, ticket=self.ticket)


def test_an_l1_request_that_waits_for_what_is_kept_does_not_keep_an_l3_request_waiting(ledger: Ledger) -> None:
    held(ledger, "L1", "9")
    waiting = Waiting(ledger, "L1", "1")
    assert not waiting.ready.is_set()
    held(ledger, "L3", "1.5")
    held(ledger, "L2", "1")
    assert not waiting.ready.is_set()


def test_neither_does_one_that_would_not_fit_without_shares(ledger: Ledger) -> None:
    held(ledger, "L1", "8")
    Waiting(ledger, "L1", "5")
    held(ledger, "L3", "2")


def test_those_of_one_tier_do_not_pass_each_other(ledger: Ledger) -> None:
    held(ledger, "L1", "8.5")
    Waiting(ledger, "L1", "1")
    assert refused(ledger, "L1", "0.1").fits_later


def test_an_l3_request_that_used_up_the_share_passes_nobody(ledger: Ledger) -> None:
    held(ledger, "L3", "2")
    held(ledger, "L2", "1")
    held(ledger, "L1", "8")
    Waiting(ledger, "L1", "2")
    assert refused(ledger, "L3", "0.5").fits_later


def test_to_be_passed_costs_the_one_that_waits_nothing(ledger: Ledger) -> None:
    running = held(ledger, "L1", "9")
    waiting = Waiting(ledger, "L1", "1")
    held(ledger, "L3", "2")
    ledger.settle(running.hold_id, complete("8")).result(5)
    assert waiting.ready.wait(5)
    assert isinstance(waiting.ask(), Held)


def test_an_l3_request_in_the_line_is_called_although_l1_waits_before_it(ledger: Ledger) -> None:
    running = held(ledger, "L3", "1")
    held(ledger, "L1", "9")
    first, second = Waiting(ledger, "L1", "1"), Waiting(ledger, "L3", "2.5")
    assert not second.ready.is_set()
    ledger.settle(running.hold_id, complete("0.5")).result(5)
    assert second.ready.wait(5)
    assert isinstance(second.ask(), Held)
    assert not first.ready.is_set()


def test_whoever_waits_learns_at_once_that_what_is_kept_has_grown_beyond_hope(ledger: Ledger) -> None:
    first = held(ledger, "L3", "2")
    ledger.settle(held(ledger, "L1", "8").hold_id, complete("8")).result(5)
    waiting = Waiting(ledger, "L1", "1.5")
    assert not waiting.ready.is_set()
    ledger.void(first.hold_id, "never sent").result(5)
    assert waiting.ready.wait(5)
    answer = waiting.ask()
    assert isinstance(answer, Refused)
    assert (answer.fits_later, answer.kept) == (False, Money.usd(3))


def test_a_refused_ask_is_not_called_again_while_nothing_changes(ledger: Ledger) -> None:
    held(ledger, "L1", "9")
    waiting = Waiting(ledger, "L1", "1")
    assert isinstance(waiting.ask(), Refused)
    ledger.reserve(ask("0", local=True))
    assert not waiting.ready.is_set()
