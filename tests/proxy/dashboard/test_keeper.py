"""The cache keeper's page: off and offered, switched on, and what it came to."""

from dataclasses import replace

from budget.allowance import PING
from budget.ledger import Ask, Held, Labels, Offer, Outcome, Settlement
from pricing.money import Money
from pricing.usage import Usage
from proxy.keeper.past import Offer as Made
from proxy.keeper.replay import Replayed
from proxy.keeper.wish import Wish
from tests.proxy.dashboard.house import House

NOTE = '{"keeps_s":300,"prefix":100000,"saves":480000000000}'


def ping(house: House) -> None:
    """Have a ping in the ledger, for which nobody came back."""
    amount = Money.usd("0.55")
    labels = Labels(session="s1", task_class=PING, model_asked="claude-opus-5-5")
    held = house.ledger.reserve(Ask("ping_1", (Offer("anthropic", "claude-opus-5-5", amount, False),), labels))
    assert isinstance(held, Held)
    cost = Money.usd("0.02")
    used = Usage(cache_read=100_000)
    house.ledger.settle(held.hold_id, Settlement(Outcome.complete, cost, cost, used, note=NOTE)).result(5)


def test_it_is_off_and_says_what_it_would_have_saved(house: House):
    text = house.visitor().text("/keeper")
    assert "It is off" in text
    assert "In the last seven days no cache expired that would have been worth keeping." in text
    assert "Switch it on" in text


def test_a_switch_writes_the_setting(house: House):
    visitor = house.visitor()
    assert visitor.post("/keeper", to="on").status_code == 303
    assert house.desk.file["keeper.enabled"] == "true"
    visitor.post("/keeper", to="off")
    assert house.desk.file["keeper.enabled"] == "false"


def test_a_loss_is_told_as_one_here_and_in_the_report(house: House):
    ping(house)
    house.services.options = replace(house.services.options, keeper=Wish(enabled=True))
    said = "1 ping for $0.02 (1 of them in vain) kept $0.00 from being written again: a loss of $0.02"
    assert said in house.visitor().text("/keeper")
    assert said in house.visitor().text("/reports/2026-W47")


def test_today_offers_it_once_that_was_worked_out_and_only_while_it_is_off(house: House):
    visitor, day = house.visitor(), house.ledger.today().day
    assert 'href="/keeper"' not in visitor.text("/")
    made = Made(7, day, day, 9, Money.usd(10), Replayed(pings=3, cost=10**11, saved=11 * 10**11))
    house.services.offers._kept = (day, Wish().allowance, house.services.prices(), made)
    assert "it would have saved about $1.00, 10% of what was spent" in visitor.text("/")
    assert 'href="/keeper"' in visitor.text("/?part=1")
    house.services.options = replace(house.services.options, keeper=Wish(enabled=True))
    assert 'href="/keeper"' not in visitor.text("/")


def test_the_cache_s_page_leads_there(house: House):
    assert 'href="/keeper"' in house.visitor().text("/cache")


def test_no_page_waits_for_the_offer_where_somebody_works_it_out(house: House):
    asked: list[str] = []
    house.services.offers.hurry = lambda: asked.append("offer")
    visitor = house.visitor()
    assert "is being worked out; load this page again" in visitor.text("/keeper")
    assert asked == ["offer"]
    today = house.ledger.today().day
    house.services.offers.of(house.ledger.file, today, house.services.prices(), Wish())
    assert "is being worked out" not in visitor.text("/keeper")
    assert asked == ["offer"]
