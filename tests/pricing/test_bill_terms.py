"""How an answer was served decides what it costs: speed, region and tier, server tools, refusals."""

from datetime import datetime
from typing import Any

import pytest

from pricing.bill import ImpossibleUsage, bill
from pricing.money import ZERO, Money
from pricing.usage import MOST_TOKENS
from tests.pricing.bills import NOON, TABLE, THOUSAND_EACH, cost, made_of, writes

# Speed, region, tier


@pytest.mark.parametrize(
    ("model", "at", "usd"),
    [
        ("claude-opus-5-5", NOON, "0.048"),  # 8 + 40
        ("claude-fable-5-2", NOON, "0.096"),  # 16 + 80
        ("claude-opus-5", NOON, "0.06"),  # 10 + 50
        ("claude-opus-4-7", "2026-07-23T23:59:59Z", "0.18"),  # 30 + 150
    ],
)
def test_fast_answers_have_their_own_price(model: str, at: datetime | str, usd: str) -> None:
    assert cost(model, at, **THOUSAND_EACH, speed="fast") == Money.usd(usd)


def test_fast_caching_has_its_own_price() -> None:
    usage = {**writes(1000, 1000), "cache_read_input_tokens": 10_000, "speed": "fast"}
    assert cost("claude-opus-5-5", **usage) == Money.usd("0.03")  # 1000·10 + 1000·16 + 10000·0.40


def test_fast_where_it_is_not_sold_costs_the_highest_rate_in_force() -> None:
    # Opus 4.7 was fast until 2026-07-23; the highest rates on 2026-11-20 are Fable 5.2's fast ones: 16 + 80.
    made = made_of("claude-opus-4-7", **THOUSAND_EACH, speed="fast")
    assert made.provisional
    assert made.total == Money.usd("0.096")


def test_residency_in_the_us_costs_a_tenth_more() -> None:
    assert cost("claude-opus-5-5", **THOUSAND_EACH, inference_geo="us") == Money.usd("0.0264")  # (4 + 20) · 1.1
    assert cost("claude-opus-5-5", **THOUSAND_EACH, inference_geo="global") == Money.usd("0.024")
    assert cost("claude-opus-5-5", **THOUSAND_EACH, inference_geo="not_available") == Money.usd("0.024")


def test_residency_is_not_sold_for_models_before_4_6() -> None:
    assert cost("claude-haiku-4-5", **THOUSAND_EACH, inference_geo="us") == Money.usd("0.006")  # 1 + 5


def test_an_unknown_region_is_taken_for_the_dearest_one() -> None:
    made = made_of("claude-opus-5-5", **THOUSAND_EACH, inference_geo="mars")
    assert made.provisional
    assert made.total == Money.usd("0.0264")


def test_a_batch_is_half_price_in_every_class() -> None:
    # Opus 5.5: (1000·4 + 1000·5 + 1000·8 + 10000·0.20 + 1000·20) / 2 = 39,000 / 2
    usage = {**THOUSAND_EACH, **writes(1000, 1000), "cache_read_input_tokens": 10_000, "service_tier": "batch"}
    assert cost("claude-opus-5-5", **usage) == Money.usd("0.0195")


def test_the_cheapest_token_there_is_has_a_whole_price() -> None:
    # One read of Haiku 5.5 in a batch in the US: 0.01 · ½ · 1.1 dollars per million = 5,500 p$.
    usage = {"cache_read_input_tokens": 1, "service_tier": "batch", "inference_geo": "us"}
    assert cost("claude-haiku-5-5", **usage) == Money(5500)


def test_the_priority_tier_is_at_list_price_and_says_that_it_is_not_invoiced() -> None:
    made = made_of("claude-opus-5-5", **THOUSAND_EACH, service_tier="priority")
    assert made.total == Money.usd("0.024")
    assert not made.provisional
    assert any("not invoiced" in note for note in made.notes)


@pytest.mark.parametrize(
    "how", [{"speed": "warp"}, {"service_tier": "flex"}, {"speed": 3}, {"service_tier": ["batch"]}]
)
def test_an_unknown_speed_or_tier_costs_the_highest_rate_in_force(how: dict[str, Any]) -> None:
    made = made_of("claude-haiku-5-5", **THOUSAND_EACH, **how)
    assert made.provisional
    assert made.total == Money.usd("0.096")  # Fable 5.2 fast: 16 + 80
    assert made.notes


def test_a_fast_batch_is_not_sold_and_gets_no_half_price() -> None:
    made = made_of("claude-opus-5-5", **THOUSAND_EACH, service_tier="batch", speed="fast")
    assert made.provisional
    assert made.total == Money.usd("0.048")  # 8 + 40


def test_null_means_standard() -> None:
    usage = {**THOUSAND_EACH, "speed": None, "service_tier": None, "inference_geo": None, "server_tool_use": None}
    nothing = {"iterations": None, "cache_creation": None, "cache_read_input_tokens": None}
    assert cost("claude-opus-5-5", **usage, **nothing) == Money.usd("0.024")


# Server tools


def test_a_search_costs_one_cent_whatever_else_is_cheaper_or_dearer() -> None:
    searched = {"server_tool_use": {"web_search_requests": 3, "web_fetch_requests": 9}}
    usage = {**THOUSAND_EACH, "inference_geo": "us", **searched}
    assert cost("claude-opus-5-5", **usage) == Money.usd("0.0564")  # 0.0264 + 3·0.01
    assert cost("claude-opus-5-5", **usage, service_tier="batch") == Money.usd("0.0432")  # 0.0132 + 3·0.01


def test_searches_that_failed_are_not_in_the_count_and_cost_nothing() -> None:
    usage = {**THOUSAND_EACH, "server_tool_use": {"web_search_requests": 0}}
    assert cost("claude-opus-5-5", **usage) == Money.usd("0.024")


def test_a_server_tool_without_a_price_makes_the_bill_provisional() -> None:
    made = made_of("claude-opus-5-5", **THOUSAND_EACH, server_tool_use={"code_execution_requests": 1})
    assert (made.total, made.provisional) == (Money.usd("0.024"), True)


def test_a_lifetime_without_a_price_is_an_hours_and_provisional() -> None:
    day = {"cache_creation_input_tokens": 1000, "cache_creation": {"ephemeral_24h_input_tokens": 1000}}
    made = made_of("claude-opus-5-5", **day)
    assert (made.total, made.provisional) == (Money.usd("0.008"), True)  # 1000·8


@pytest.mark.parametrize(("status", "provisional"), [("redeemed", True), ("not_applied", False)])
def test_a_redeemed_fallback_credit_makes_the_bill_provisional(status: str, provisional: bool) -> None:
    made = made_of("claude-opus-5-5", **THOUSAND_EACH, fallback_credit={"status": {"type": status}})
    assert (made.total, made.provisional) == (Money.usd("0.024"), provisional)


# Refusals, and nothing at all


def test_a_refusal_before_any_output_is_free() -> None:
    assert cost("claude-opus-5", input_tokens=2000, stop_reason="refusal") == ZERO


def test_a_refusal_before_any_output_was_not_always_free() -> None:
    usage: dict[str, Any] = {"input_tokens": 2000, "stop_reason": "refusal"}
    assert cost("claude-opus-4-8", "2026-06-01T23:59:59Z", **usage) == Money.usd("0.01")  # 2000·5
    assert cost("claude-opus-4-8", "2026-06-02T00:00:00Z", **usage) == ZERO


def test_a_refusal_after_some_output_is_not_free() -> None:
    usage = {"input_tokens": 2000, "output_tokens": 37, "stop_reason": "refusal"}
    assert cost("claude-opus-5", **usage) == Money.usd("0.010925")  # 2000·5 + 37·25


def test_a_warm_up_without_output_is_not_free() -> None:
    # max_tokens 0: 10·4 + 50,000·8
    assert cost("claude-opus-5-5", input_tokens=10, **writes(long=50_000), stop_reason="max_tokens") == Money.usd(
        "0.40004"
    )


def test_an_answer_to_nothing_is_doubted() -> None:
    assert made_of("claude-opus-5-5").provisional


@pytest.mark.parametrize(
    "raw", [{}, {"output_tokens": 1}, {"input_tokens": 1}, {"input_tokens": -1, "output_tokens": 1}]
)
def test_what_cannot_be_priced_is_never_free(raw: dict[str, Any]) -> None:
    with pytest.raises(ImpossibleUsage):
        bill(raw, "claude-opus-5-5", NOON, TABLE)


def test_a_bill_the_ledger_cannot_hold_is_impossible() -> None:
    # 10⁹ tokens of each class at Fable's fast prices: about $150,000 a pass, and a hundred passes.
    each = {"type": "message", "input_tokens": MOST_TOKENS, "output_tokens": MOST_TOKENS}
    with pytest.raises(ImpossibleUsage, match="million"):
        made_of("claude-fable-5-2", iterations=[each] * 1000, speed="fast")
