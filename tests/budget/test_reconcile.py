"""Reconciling: a difference to the provider's own reports is found, named by its cause, and mended by a new entry."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from budget.ledger import Ask, Held, Labels, Ledger, Offer, Outcome, Settlement
from budget.reconcile import Cause, Line, ours, reconcile
from pricing.money import Money
from pricing.providerreport import NotAReport, read_pages
from pricing.table import PriceTable
from pricing.usage import Usage
from tests.budget.desk import NOON, Desk
from tests.kit.adminreport import Billed, cost_report, usage_report

TABLE = PriceTable.load()
OPUS, HAIKU = "claude-opus-4-6", "claude-haiku-4-5"
USAGE = Usage(input=1000, cache_write_5m=2000, cache_read=50_000, output=700)


def cost(model: str, usage: Usage) -> Money:
    return TABLE.on(NOON, model).rates.cost(usage)


def request(
    ledger: Ledger, model: str, usage: Usage, outcome: Outcome = Outcome.complete, likely: Money | None = None
) -> Billed:
    """Settle a request, and give what the provider knows of it."""
    amount = cost(model, usage) + Money(usage.web_searches * TABLE.search_picos)
    offer = Offer("anthropic", model, Money.usd(1), False)
    held = ledger.reserve(Ask("r", (offer,), Labels()))
    assert isinstance(held, Held)
    if outcome is Outcome.complete:
        settled = Settlement(outcome, amount, amount, usage, status=200)
    else:
        settled = Settlement(outcome, Money.usd(1), likely or amount, status=200)
    ledger.settle(held.hold_id, settled).result(5)
    return Billed(ledger.latest(1)[0].since.astimezone(UTC), model, usage)


def lines(desk: Desk, billed: list[Billed], *, usage: bool = True, money: bool = True) -> list[Line]:
    pages = [usage_report(billed)] * usage + [cost_report(billed, TABLE)] * money
    day = NOON.date()
    report = read_pages(pages)
    name = lambda model: found.id if (found := TABLE.find(model)) else model
    return reconcile(ours(desk.files.database, day, day + timedelta(days=3)), report, name, TABLE.search_picos)


def test_a_day_that_agrees_is_equal_to_the_picodollar_token_by_token(desk: Desk):
    ledger = desk.open()
    billed = [request(ledger, model, USAGE) for model in (OPUS, HAIKU, OPUS)]
    opus, haiku = sorted(lines(desk, billed), key=lambda line: line.model, reverse=True)
    assert {opus.cause, haiku.cause} == {Cause.equal}
    assert (opus.requests, opus.residual) == (2, Money(0))
    assert opus.cost == opus.their_cost == cost(OPUS, USAGE + USAGE)


def test_an_answer_that_broke_off_gets_what_the_provider_really_charged(desk: Desk):
    ledger = desk.open()
    billed = [request(ledger, OPUS, USAGE)]
    billed.append(request(ledger, OPUS, USAGE, Outcome.interrupted, likely=Money.usd("0.01")))
    (line,) = lines(desk, billed)
    assert (line.cause, line.unconfirmed) == (Cause.unconfirmed, 1)
    (mend,) = line.corrections
    assert (mend.entry_id, mend.charged, mend.likely) == (2, cost(OPUS, USAGE), cost(OPUS, USAGE))
    ledger.correct(mend.entry_id, mend.charged, mend.likely, mend.note)
    (after,) = lines(desk, billed)
    assert (after.cause, after.corrections) == (Cause.equal, ())
    assert ledger.check() == []
    assert ledger.today().settled == cost(OPUS, USAGE + USAGE)


def test_several_that_broke_off_share_what_is_left_without_losing_a_picodollar(desk: Desk):
    ledger = desk.open()
    kinds = (Outcome.interrupted, Outcome.unknown, Outcome.client_left)
    billed = [request(ledger, OPUS, USAGE, kind, likely=Money(7)) for kind in kinds]
    (line,) = lines(desk, billed)
    assert Money.total(each.likely for each in line.corrections) == cost(OPUS, USAGE + USAGE + USAGE)


def test_the_same_tokens_at_another_price_name_the_price(desk: Desk):
    ledger = desk.open()
    billed = [request(ledger, OPUS, USAGE), request(ledger, OPUS, replace(USAGE, output=5000))]
    report = read_pages([usage_report(billed), _dearer(cost_report(billed, TABLE), "1.25")])
    rows = ours(desk.files.database, NOON.date(), NOON.date())
    (line,) = reconcile(rows, report, str, TABLE.search_picos)
    assert (line.cause, line.residual) == (Cause.price, Money.usd("0.0125"))
    (mend,) = line.corrections
    assert mend.entry_id == 2, "the dearest request bears it"
    ledger.correct(mend.entry_id, mend.charged, mend.likely, mend.note)
    rows = ours(desk.files.database, NOON.date(), NOON.date())
    assert [one.cause for one in reconcile(rows, report, str, TABLE.search_picos)] == [Cause.equal]


def _dearer(report: dict, cents: str) -> dict:  # type: ignore[type-arg]
    first = report["data"][0]["results"][0]
    report["data"][0]["results"].append({**first, "amount": cents})
    return report


def test_what_went_around_bursar_is_named_and_corrects_nothing(desk: Desk):
    billed = [request(desk.open(), OPUS, USAGE), Billed(NOON, OPUS, USAGE), Billed(NOON, HAIKU, USAGE)]
    found = {line.model: line for line in lines(desk, billed)}
    assert [found[model].cause for model in sorted(found)] == [Cause.around, Cause.around]
    assert not any(line.corrections for line in found.values())
    assert found[OPUS].residual == cost(OPUS, USAGE)


def test_more_than_a_broken_answer_can_have_cost_went_around_bursar_too(desk: Desk):
    ledger = desk.open()
    billed = [request(ledger, OPUS, USAGE, Outcome.interrupted)] + [Billed(NOON, OPUS, USAGE)] * 50
    (line,) = lines(desk, billed)
    assert (line.cause, line.corrections) == (Cause.around, ())


def test_what_the_provider_does_not_count_is_named(desk: Desk):
    ledger = desk.open()
    billed = [request(ledger, OPUS, USAGE), request(ledger, OPUS, USAGE)]
    (line,) = lines(desk, billed[:1])
    assert (line.cause, line.corrections) == (Cause.missing, ())


def test_a_planted_token_is_found_in_its_class(desk: Desk):
    ledger = desk.open()
    billed = [request(ledger, OPUS, USAGE)]
    planted = [replace(billed[0], usage=replace(USAGE, cache_read=USAGE.cache_read + 1))]
    (line,) = lines(desk, planted, money=False)
    assert line.their_usage is not None
    assert line.their_usage.cache_read - line.usage.cache_read == 1
    assert line.cause is Cause.around


def test_searches_are_a_line_of_their_own(desk: Desk):
    billed = [request(desk.open(), OPUS, replace(USAGE, web_searches=3))]
    opus, search = lines(desk, billed)
    assert (opus.cause, search.cause) == (Cause.equal, Cause.equal)
    assert (search.model, search.cost) == ("web search", Money.usd("0.03"))


def test_a_request_counts_for_the_utc_day_on_which_it_began(desk: Desk):
    desk.now = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)  # half past midnight in Berlin
    ledger = desk.open()
    billed = [request(ledger, OPUS, USAGE)]
    (line,) = lines(desk, billed)
    assert (line.day.isoformat(), line.cause) == ("2026-11-21", Cause.equal)
    assert ledger.today().day.isoformat() == "2026-11-22"


def test_voided_and_local_requests_are_none_of_the_providers(desk: Desk):
    ledger = desk.open()
    billed = [request(ledger, OPUS, USAGE)]
    held = ledger.reserve(Ask("local", (Offer("ollama", "qwen", Money(0), True),), Labels()))
    assert isinstance(held, Held)
    ledger.settle(held.hold_id, Settlement(Outcome.complete, Money(0), Money(0), USAGE)).result(5)
    held = ledger.reserve(Ask("void", (Offer("anthropic", OPUS, Money.usd(1), False),), Labels()))
    assert isinstance(held, Held)
    ledger.void(held.hold_id, "it could not be reached").result(5)
    assert [line.cause for line in lines(desk, billed)] == [Cause.equal]


def test_a_cost_report_without_models_is_compared_as_a_sum(desk: Desk):
    ledger = desk.open()
    billed = [request(ledger, OPUS, USAGE), request(ledger, HAIKU, USAGE)]
    report = cost_report(billed, TABLE)
    for result in report["data"][0]["results"]:
        result["model"] = None
    rows = ours(desk.files.database, NOON.date(), NOON.date())
    found = reconcile(rows, read_pages([report]), str, TABLE.search_picos)
    (whole,) = [line for line in found if line.model == "all models"]
    assert (whole.cause, whole.residual) == (Cause.equal, Money(0))


@pytest.mark.parametrize(
    "page",
    [
        {},
        [],
        {"data": []},
        {"data": [{"starting_at": "yesterday", "results": []}]},
        {"data": [{"starting_at": "2026-11-20T00:00:00", "results": []}]},
        {"data": [{"starting_at": "2026-11-20T00:00:00Z", "results": [{"output_tokens": -1}]}]},
        {"data": [{"starting_at": "2026-11-20T00:00:00Z", "results": [{"output_tokens": 1.5}]}]},
        {"data": [{"starting_at": "2026-11-20T00:00:00Z", "results": [{"amount": 12.5}]}]},
        {"data": [{"starting_at": "2026-11-20T00:00:00Z", "results": [{"amount": "NaN"}]}]},
        {"data": [{"starting_at": "2026-11-20T00:00:00Z", "results": [{"amount": "1", "currency": "EUR"}]}]},
    ],
)
def test_what_is_no_report_is_refused(page: object):
    with pytest.raises(NotAReport):
        read_pages([page])
