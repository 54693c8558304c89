"""What the keeper saves is told against a world without it, its pings taken off; a loss as plainly as a gain."""

from __future__ import annotations

from datetime import timedelta

import pytest

from budget.cachemisssums import missed
from budget.pings import Pings, pings
from pricing.money import ZERO, Money
from proxy.cachemissjson import missed_json
from proxy.keeper.facts import keeper_json
from proxy.keeper.offers import Offers
from proxy.keeper.past import learn, offer
from proxy.keeper.wish import Wish
from proxy.keeper.words import came_to, offered
from tests.kit.inproc import PRICES
from tests.kit.keeping import BEGINS, ON, Keeping
from tests.kit.scripted import eventually
from tray.jobs import make_offer

DAY = BEGINS.date()


@pytest.fixture
def keeping(start, fake):
    yield Keeping(start, fake)
    fake.turn_to(None)


def told(keeping: Keeping) -> Pings:
    """Say what the ledger tells of the day's pings."""
    keeping.proxy.entries()
    return pings(keeping.proxy.ledger.file, DAY, DAY)


def test_a_return_after_nine_minutes_saves_the_writing_less_one_reading(keeping):
    keeping.asks("[[out:5]]")
    keeping.wait(540)
    keeping.asks()
    found = told(keeping)
    assert (found.sent, found.wasted, found.wrote, found.returns) == (1, 0, 0, 1)
    (ping,) = keeping.pings()
    # Read at $0.20 a million, in place of written at $5.
    assert found.cost == Money(ping.usage.cache_read * 200_000)
    assert found.saved == Money(ping.usage.cache_read * 4_800_000)
    assert "1 ping for $0.02 (0 of them in vain) kept $0.48 from being written again: $0.46 saved" in came_to(
        keeper_json(keeping.proxy.ledger.file, ON, DAY, PRICES)["today"]
    )


def test_savings_count_it_against_claude_alone_without_pings(keeping):
    keeping.asks("[[out:5]]")
    keeping.wait(540)
    keeping.asks("[[out:5]]")
    keeping.wait(10)
    net = told(keeping).net
    kept = keeping.proxy.ledger.baselines
    assert net > ZERO
    assert eventually(lambda: kept.saved(DAY, DAY).requests == 3)
    saved = kept.saved(DAY, DAY)
    # The simulator counts tokens by its own estimate until it has learned them: within two in a hundred.
    assert abs(saved.likely.picos - net.picos) < net.picos // 50


def test_a_conversation_that_was_kept_says_nothing_of_another_lifetime_and_is_counted(keeping):
    keeping.asks("[[out:5]]")
    keeping.wait(540)
    keeping.asks("[[out:5]]")
    keeping.asks("[[out:5]]", session="s2")
    file = keeping.proxy.ledger.file
    assert eventually(lambda: missed(file, DAY, DAY).requests == 3)
    found = missed(file, DAY, DAY)
    # The first request was before any ping, and another session has none.
    assert [(one.requests, one.agent) for one in found.lives] == [(2, "")]
    assert found.kept_warm == missed_json(found)["kept_warm"] == 1


def test_pings_for_nobody_are_a_loss_and_told_as_one(keeping):
    keeping.asks()
    keeping.wait(2 * 3600)
    found = told(keeping)
    assert found.sent == found.wasted >= 1
    assert found.net == ZERO - found.cost < ZERO
    assert "a loss of $" in came_to(keeper_json(keeping.proxy.ledger.file, ON, DAY, PRICES)["today"])
    assert eventually(lambda: keeping.proxy.ledger.baselines.saved(DAY, DAY).likely == found.net)


def test_who_is_back_before_the_cache_expired_owes_nothing_to_a_ping(keeping):
    keeping.asks()
    keeping.wait(295)
    assert len(keeping.sent()) == 1
    keeping.asks()
    found = told(keeping)
    assert (found.wasted, found.returns, found.saved) == (1, 0, ZERO)


def test_while_it_is_off_it_says_what_it_would_have_saved(start, fake):
    keeping = Keeping(start, fake, wish=Wish())
    for _ in range(4):
        keeping.asks("[[out:5]]")
        keeping.wait(420)
    file, tomorrow = keeping.proxy.ledger.file, DAY + timedelta(days=1)
    made = offer(file, tomorrow, PRICES, Wish())
    # Three returns after seven minutes, each for one reading in place of a writing; then nobody comes back.
    assert made.requests == 4
    assert Money.usd("1.2") < made.found.net < Money.usd("1.4")
    found = keeper_json(file, Wish(), tomorrow, PRICES)
    assert "it would have saved about $1." in offered(found["offer"])
    assert learn(file, BEGINS).pauses == 3
    fake.turn_to(None)


def test_an_offer_is_worked_out_once_a_day(start, fake):
    keeping = Keeping(start, fake, wish=Wish())
    file, tomorrow, offers = keeping.proxy.ledger.file, DAY + timedelta(days=1), Offers()
    assert offers.known(tomorrow) is None
    made = offers.of(file, tomorrow, PRICES, Wish())
    assert offers.of(file, tomorrow, PRICES, Wish()) is made is offers.known(tomorrow)
    assert offers.known(tomorrow + timedelta(days=1)) is None
    assert offers.of(file, tomorrow, PRICES, ON) is not made
    assert offers.of(file, tomorrow + timedelta(days=1), PRICES, ON).until == tomorrow
    fake.turn_to(None)


@pytest.mark.parametrize(("wish", "is_made"), [(Wish(), True), (ON, False)])
def test_an_offer_is_made_in_time_only_while_it_is_off(start, fake, wish, is_made):
    services = Keeping(start, fake, wish=wish).proxy.services
    make_offer(services)
    assert (services.offers.known(DAY) is not None) is is_made
    fake.turn_to(None)


def test_days_in_which_it_was_on_are_not_offered_again(keeping):
    keeping.asks()
    keeping.wait(300)
    keeping.proxy.entries()
    found = keeper_json(keeping.proxy.ledger.file, ON, DAY + timedelta(days=1), PRICES)
    assert found["offer"] is None
    assert found["week"]["sent"] == 1
