"""Reconciling: a difference to the provider's own reports is found, named by its cause, and mended by a new entry."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from budget.billed import books
from budget.ledger import Ask, Held, Labels, Ledger, Offer, Outcome, Settlement
from budget.reconcile import Cause, Line, reconcile
from pricing.money import Money
from pricing.providerreport import NotAReport, read_pages
from pricing.table import PriceTable
from pricing.usage import Usage
from tests.budget.desk import NOON, Desk
from tests.budget.test_baselines import OLD
from tests.kit.adminreport import Billed, cost_report, usage_report

TABLE = PriceTable.load()
OPUS, HAIKU = "claude-opus-4-6", "claude-haiku-4-5"
USAGE = Usage(input=1000, cache_write_5m=2000, cache_read=50_000, output=700)


def cost(model: str, usage: Usage, **kind: str) -> Money:
    factor = Billed(NOON, model, usage, **kind).factor
    return Money(int(TABLE.on(NOON, model).rates.cost(usage).picos * factor))


def request(
    ledger: Ledger,
    model: str,
    usage: Usage,
    outcome: Outcome = Outcome.complete,
    likely: Money | None = None,
    *,
    is_plan: bool = False,
    **kind: str,
) -> Billed:
    """Settle a request, and give what the provider knows of it."""
    amount = cost(model, usage, **kind) + Money(usage.web_searches * TABLE.search_picos)
    offer = Offer("anthropic", model, Money.usd(1), False)
    held = ledger.reserve(Ask("r", (offer,), Labels(is_plan=is_plan)))
    assert isinstance(held, Held)
    if outcome is Outcome.complete:
        raw = json.dumps({"input_tokens": usage.input, "output_tokens": usage.output, **kind})
        settled = Settlement(outcome, amount, amount, usage, raw, status=200)
    else:
        settled = Settlement(outcome, Money.usd(1), likely or amount, status=200)
    ledger.settle(held.hold_id, settled).result(5)
    return Billed(ledger.latest(1)[0].since.astimezone(UTC), model, usage, **kind)


def lines(desk: Desk, billed: list[Billed], *, usage: bool = True, money: bool = True) -> list[Line]:
    pages = [usage_report(billed)] * usage + [cost_report(billed, TABLE)] * money
    day = NOON.date()
    report = read_pages(pages)
    name = lambda model: found.id if (found := TABLE.find(model)) else model
    return reconcile(books(desk.files.database, day, day + timedelta(days=3)).rows, report, name, TABLE.search_picos)


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
    rows = books(desk.files.database, NOON.date(), NOON.date()).rows
    (line,) = reconcile(rows, report, str, TABLE.search_picos)
    assert (line.cause, line.residual) == (Cause.price, Money.usd("0.0125"))
    (mend,) = line.corrections
    assert mend.entry_id == 2, "the dearest request bears it"
    ledger.correct(mend.entry_id, mend.charged, mend.likely, mend.note)
    rows = books(desk.files.database, NOON.date(), NOON.date()).rows
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
    rows = books(desk.files.database, NOON.date(), NOON.date()).rows
    found = reconcile(rows, read_pages([report]), str, TABLE.search_picos)
    (whole,) = [line for line in found if line.model == "all models"]
    assert (whole.cause, whole.residual) == (Cause.equal, Money(0))


KINDS = [
    ("service_tier", "batch", "batch tier"),
    ("inference_geo", "us", "geo us"),
    ("speed", "fast", "fast speed"),
]


@pytest.mark.parametrize(("dimension", "value", "words"), KINDS)
def test_lines_are_as_fine_as_both_reports(desk: Desk, dimension: str, value: str, words: str):
    ledger = desk.open()
    billed = [request(ledger, OPUS, USAGE), request(ledger, OPUS, USAGE, **{dimension: value})]
    found = lines(desk, billed, money=dimension != "speed")
    assert {str(line.kind) for line in found} == {"", words}
    assert {(line.requests, line.cause) for line in found} == {(1, Cause.equal)}
    if dimension == "speed":  # The cost report has no word for it, so that with it the two are one line.
        (line,) = lines(desk, billed)
        assert (line.requests, line.cause, line.cost) == (2, Cause.equal, cost(OPUS, USAGE) * 3)


@pytest.mark.parametrize(("dimension", "value", "words"), KINDS)
def test_the_same_tokens_counted_as_another_kind_name_that_kind(desk: Desk, dimension: str, value: str, words: str):
    ledger = desk.open()
    billed = [request(ledger, OPUS, USAGE), request(ledger, OPUS, replace(USAGE, output=900))]
    planted = [billed[0], replace(billed[1], **{dimension: value})]
    (line,) = lines(desk, planted)
    right = cost(OPUS, billed[1].usage, **{dimension: value})
    assert (line.cause, line.residual) == (Cause.kind, right - cost(OPUS, billed[1].usage))
    assert {str(cell.kind) for cell in line.cells} == {"", words}
    assert line.their_usage == line.usage
    for mend in line.corrections:
        ledger.correct(mend.entry_id, mend.charged, mend.likely, mend.note)
    (after,) = lines(desk, planted)
    assert (after.cause, after.residual, after.corrections) == (Cause.equal, Money(0), ())
    assert ledger.check() == []


def test_a_long_prompt_is_a_line_of_its_own(desk: Desk):
    ledger = desk.open()
    billed = [request(ledger, OPUS, USAGE), request(ledger, OPUS, replace(USAGE, cache_read=200_000))]
    assert [(str(line.kind), line.cause) for line in lines(desk, billed)] == [
        ("", Cause.equal),
        ("200k-1M context", Cause.equal),
    ]


def test_what_another_key_or_workspace_used_is_said_to_be_its(desk: Desk):
    billed = [request(desk.open(), OPUS, USAGE)]
    more = replace(USAGE, output=800)
    (line,) = lines(desk, [*billed, Billed(NOON, OPUS, more, api_key_id="apikey_2")])
    assert (line.cause, line.owner) == (Cause.around, "api key apikey_2")
    (line,) = lines(desk, [*billed, Billed(NOON, OPUS, more, workspace_id="wrkspc_7")])
    assert (line.cause, line.owner) == (Cause.around, "workspace wrkspc_7")
    (line,) = lines(desk, [*billed, Billed(NOON, OPUS, USAGE, api_key_id="apikey_2")])
    assert (line.cause, line.owner) == (Cause.around, ""), "of two that used the same it may be either"


def test_requests_on_a_plan_are_in_no_report_and_no_line(desk: Desk):
    ledger = desk.open()
    billed = [request(ledger, OPUS, USAGE)]
    request(ledger, OPUS, USAGE, is_plan=True)
    assert [line.cause for line in lines(desk, billed)] == [Cause.equal]
    assert books(desk.files.database, NOON.date(), NOON.date()).on_a_plan == 1


def test_of_the_priority_tier_only_tokens_are_compared(desk: Desk):
    ledger = desk.open()
    billed = [request(ledger, OPUS, USAGE), request(ledger, OPUS, USAGE, service_tier="priority")]
    found = {str(line.kind): line for line in lines(desk, billed)}
    assert {kind: line.cause for kind, line in found.items()} == {"": Cause.equal, "priority tier": Cause.equal}
    assert (found["priority tier"].priority, found["priority tier"].cost) == (1, Money(0))


def test_what_an_older_version_wrote_has_its_kind_too(desk: Desk):
    desk.folder.mkdir()
    usage = json.dumps({"input_tokens": 10, "output_tokens": 5, "service_tier": "priority"})
    script = OLD[-1].read_text().replace("""5,0,'','{"input": 3}'""", f"""5,0,'{usage}','{{"input": 3}}'""", 1)
    with closing(sqlite3.connect(desk.files.database)) as connection:
        connection.executescript(script)
    for _ in ("at rest", "brought up to date"):
        rows = books(desk.files.database, NOON.date(), NOON.date()).rows
        assert str(rows[0].kind) == "priority tier"
        desk.open()


def test_an_answer_that_broke_off_belongs_to_the_kind_of_the_others(desk: Desk):
    ledger = desk.open()
    billed = [request(ledger, OPUS, USAGE, inference_geo="us")]
    request(ledger, OPUS, USAGE, Outcome.interrupted, likely=Money.usd("0.01"))
    (line,) = lines(desk, billed * 2)
    assert (str(line.kind), line.cause) == ("geo us", Cause.unconfirmed)
    assert [mend.likely for mend in line.corrections] == [cost(OPUS, USAGE, inference_geo="us")]


def test_where_the_kinds_are_not_kept_any_more_it_is_compared_without_them(desk: Desk):
    ledger = desk.open()
    billed = [request(ledger, OPUS, USAGE), request(ledger, OPUS, USAGE, inference_geo="us")]
    ledger.details.prune(NOON.date() + timedelta(days=1))
    assert [(str(line.kind), line.cause) for line in lines(desk, billed)] == [("", Cause.equal)]


def test_a_price_that_fell_by_more_than_the_dearest_request_is_spread(desk: Desk):
    ledger = desk.open()
    billed = [request(ledger, OPUS, USAGE) for _ in range(4)]
    report = cost_report(billed, TABLE)
    for result in report["data"][0]["results"]:
        result["amount"] = str(float(result["amount"]) / 2)
    pages = read_pages([usage_report(billed), report])
    rows = books(desk.files.database, NOON.date(), NOON.date()).rows
    (line,) = reconcile(rows, pages, str, TABLE.search_picos)
    assert (line.cause, len(line.corrections)) == (Cause.price, 4)
    for mend in line.corrections:
        ledger.correct(mend.entry_id, mend.charged, mend.likely, mend.note)
    rows = books(desk.files.database, NOON.date(), NOON.date()).rows
    assert [one.cause for one in reconcile(rows, pages, str, TABLE.search_picos)] == [Cause.equal]


def test_what_the_cost_report_has_beside_tokens_and_we_do_not_know_is_a_line_of_its_own(desk: Desk):
    billed = [request(desk.open(), OPUS, USAGE)]
    report = cost_report(billed, TABLE)
    report["data"][0]["results"].append({"cost_type": "session_usage", "amount": "8", "currency": "USD", "model": None})
    rows = books(desk.files.database, NOON.date(), NOON.date()).rows
    found = reconcile(rows, read_pages([usage_report(billed), report]), str, TABLE.search_picos)
    assert [(line.model, line.cause) for line in found] == [(OPUS, Cause.equal), ("session usage", Cause.unknown)]
    assert found[1].residual == Money.usd("0.08")


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
