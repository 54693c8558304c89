"""Daily limits: counted by the names in reasons, and back after a restart."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from budget.bands import Limits
from budget.ledger import Ask, Labels, Ledger, Offer, Outcome, Settlement
from pricing.money import Money
from proxy.rules.rule import Rule, Used
from proxy.rules.ruling import own_name
from proxy.rules.tally import Tally

DOCS = Rule("docs", daily_requests=2)
REASON = 'L1, normal: local first, by rule "docs"'


@pytest.fixture
def world(tmp_path):
    class World:
        now = datetime(2026, 11, 21, 12, tzinfo=UTC)

        def open(self):
            limits = Limits(Money.usd(10), Money.usd(12))
            self.ledger = Ledger.open(tmp_path, clock=lambda: self.now, limits=limits, zone=ZoneInfo("UTC"))
            self.tally = Tally(self.ledger)
            self.ledger.subscribe(self.tally.hear)

        def spend(self, request_id: str, usd: str, reason: str = REASON, turn: str = "t"):
            self.tally.took(request_id, turn, reason)
            offer = Offer("anthropic", "m", Money.usd(1), is_local=False)
            held = self.ledger.reserve(Ask(request_id, (offer,), Labels(reason=reason)))
            self.ledger.settle(held.hold_id, Settlement(Outcome.complete, Money.usd(usd), Money.usd(usd))).result()

        def used(self, turn: str = "other") -> Used:
            return self.tally.used([DOCS], own_name, turn)["docs"]

    world = World()
    world.open()
    yield world
    world.ledger.close()


def test_requests_and_dollars_count(world):
    world.spend("r1", "0.10")
    world.spend("r2", "0.20")
    world.spend("r3", "0.40", "L1, normal: local first")
    assert world.used() == Used(2, Money.usd("0.30"))


def test_a_request_counts_once_however_often_it_is_decided(world):
    world.tally.took("r1", "t", REASON)
    world.tally.took("r1", "t", REASON)
    assert world.used().requests == 1


def test_a_turn_that_has_begun_may_end(world):
    world.spend("r1", "0.10", turn="mine")
    assert world.used("mine") == Used()
    assert world.used("another").requests == 1


def test_after_a_restart_the_day_s_count_is_still_there(world):
    world.spend("r1", "0.10")
    world.spend("r2", "0.20")
    world.ledger.close()
    world.open()
    assert world.used() == Used(2, Money.usd("0.30"))
    world.spend("r4", "0.20")
    assert world.used() == Used(3, Money.usd("0.50"))


def test_the_next_day_begins_at_nothing(world):
    world.spend("r1", "0.10")
    world.now += timedelta(days=1)
    assert world.used() == Used()


def test_rules_without_a_limit_are_not_counted_for(world):
    assert world.tally.used([Rule("free")], own_name, "t") == {}
