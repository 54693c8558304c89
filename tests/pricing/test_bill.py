"""Each rule of a bill by itself, with the money worked out by hand: quantities at dollars per million tokens."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing.bill import Bill, bill
from pricing.money import ZERO, Money
from pricing.usage import Usage
from tests.pricing.bills import TABLE, THOUSAND_EACH, cost, made_of, writes

# Dates


def test_a_new_price_holds_from_its_first_second() -> None:
    # 1,000,000 reads of Sonnet 5.5: $0.20 until 2026-10-06, $0.10 from 2026-10-07 00:00 UTC; one token in at $2.
    reads = {"input_tokens": 1, "cache_read_input_tokens": 999_999}
    assert cost("claude-sonnet-5-5", "2026-10-06T23:59:59.999999Z", **reads) == Money.usd("0.2000018")
    assert cost("claude-sonnet-5-5", "2026-10-07T00:00:00Z", **reads) == Money.usd("0.1000019")


def test_the_day_of_a_price_is_utcs_wherever_the_request_was_made() -> None:
    # 2026-10-06 20:00 in New York is 2026-10-07 00:00 UTC: 1,000 reads at $0.10, not at $0.20.
    evening = datetime(2026, 10, 6, 20, tzinfo=timezone(timedelta(hours=-4)))
    assert cost("claude-sonnet-5-5", evening, cache_read_input_tokens=1000) == Money.usd("0.0001")


def test_a_request_from_before_a_change_keeps_the_old_price_however_late_it_is_billed() -> None:
    # Haiku 3.5 fell from 1/5 to 0.80/4 on 2024-12-03: 1000·1 + 1000·5, then 1000·0.80 + 1000·4.
    assert cost("claude-3-5-haiku-latest", "2024-12-02T23:59:59Z", **THOUSAND_EACH) == Money.usd("0.006")
    assert cost("claude-3-5-haiku-latest", "2024-12-03T00:00:00Z", **THOUSAND_EACH) == Money.usd("0.0048")


def test_a_naive_moment_is_no_moment() -> None:
    with pytest.raises(ValueError, match="aware"):
        made_of("claude-opus-5-5", datetime(2026, 11, 20), **THOUSAND_EACH)


# Ids


@pytest.mark.parametrize(
    "name",
    [
        "claude-opus-4-5-20251101",
        "claude-opus-4-5",
        "claude-opus-4-5[1m]",
        "claude-opus-4-5@20251101",
        "global.anthropic.claude-opus-4-5-20251101-v1:0",
    ],
)
def test_every_name_of_a_model_has_its_price(name: str) -> None:
    assert cost(name, **THOUSAND_EACH) == Money.usd("0.03")  # 1000·5 + 1000·25


@pytest.mark.parametrize("profile", ["us.", "eu.", "au.", "jp.", "apac.", ""])
def test_amazons_regional_profiles_cost_a_tenth_more(profile: str) -> None:
    name = f"{profile}anthropic.claude-opus-4-5-20251101-v1:0"
    assert cost(name, **THOUSAND_EACH) == Money.usd("0.033")  # (1000·5 + 1000·25) · 1.1


def test_amazons_government_cloud_costs_a_fifth_more() -> None:
    assert cost("us-gov.anthropic.claude-opus-5-5", **THOUSAND_EACH) == Money.usd("0.0288")  # (4 + 20) · 1.2


def test_amazons_regional_profiles_of_models_before_4_5_cost_the_same() -> None:
    assert cost("us.anthropic.claude-opus-4-1-20250805-v1:0", **THOUSAND_EACH) == Money.usd("0.09")  # 15 + 75


def test_the_premium_of_a_profile_and_that_of_us_residency_are_one() -> None:
    assert cost("us.anthropic.claude-opus-5-5", **THOUSAND_EACH, inference_geo="us") == Money.usd("0.0264")


@pytest.mark.parametrize(
    "name",
    [
        *(
            "claude-opus-5-5-20260922",
            "claude-opus-5-5-fast",
            "claude-haiku-5",
            "claude-opus",
            "claude-haiku-4-5-2025100",
        ),
        *(
            "Claude-Opus-5-5",
            " claude-opus-5-5",
            "anthropic/claude-opus-5-5",
            "xx.anthropic.claude-opus-5-5",
            "",
            "[1m]",
        ),
    ],
)
def test_no_price_is_guessed_from_a_part_of_a_name(name: str) -> None:
    made = made_of(name, **THOUSAND_EACH)
    assert made.provisional
    # The highest standard rates on 2026-11-20 are those of Fable 5 and 5.1: 1000·10 + 1000·50.
    assert made.total == Money.usd("0.06")


# Cache


def test_each_class_of_tokens_has_its_own_price() -> None:
    # Opus 5.5: 7·4 + 1000·5 + 2000·8 + 30000·0.20 + 400·20 = 35,028 per million.
    usage = {"input_tokens": 7, **writes(1000, 2000), "cache_read_input_tokens": 30_000, "output_tokens": 400}
    assert cost("claude-opus-5-5", **usage) == Money.usd("0.035028")


def test_an_hours_write_costs_more_than_five_minutes() -> None:
    assert cost("claude-opus-5-5", **writes(long=10_000)) == Money.usd("0.08")  # 10000·8
    assert cost("claude-opus-5-5", **writes(short=10_000)) == Money.usd("0.05")  # 10000·5


def test_writes_beyond_the_split_are_five_minute_ones() -> None:
    split = {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 5000}
    # 5000·8 + 3000·5
    assert cost("claude-opus-5-5", cache_creation_input_tokens=8000, cache_creation=split) == Money.usd("0.055")


@pytest.mark.parametrize(
    ("model", "usd"),
    [
        ("claude-fable-5", "1"),  # 0.1 of input
        ("claude-fable-5-1", "0.25"),  # 0.025 of input
        ("claude-opus-5-5", "0.20"),  # 0.05 of input
        ("claude-sonnet-4-6", "0.30"),
        ("claude-haiku-4-5", "0.10"),
    ],
)
def test_a_read_has_its_published_price_and_no_multiple_of_another(model: str, usd: str) -> None:
    assert cost(model, cache_read_input_tokens=10**6) == Money.usd(usd)


def test_the_published_write_of_haiku_3_is_no_multiple_of_its_input() -> None:
    at = "2025-06-01T00:00:00Z"
    assert cost("claude-3-haiku", at, **writes(short=1000)) == Money.usd("0.0003")  # not 0.0003125
    assert cost("claude-3-haiku", at, cache_read_input_tokens=1000) == Money.usd("0.00003")  # not 0.000025


# Long prompts


def test_one_token_over_a_hundred_thousand_reprices_the_whole_request() -> None:
    # Haiku 5.5, over: 40,001·0.50 + 20,000·0.625 + 40,000·0.05 + 1,001·2.50 = 37,003 per million.
    usage = {"input_tokens": 40_001, **writes(20_000), "cache_read_input_tokens": 40_000, "output_tokens": 1001}
    assert cost("claude-haiku-5-5", **usage) == Money.usd("0.037003")


def test_output_does_not_make_a_prompt_long() -> None:
    # 100,000·0.10 + 5·0.50
    assert cost("claude-haiku-5-5", input_tokens=100_000, output_tokens=5) == Money.usd("0.0100025")


def test_writes_alone_make_a_prompt_long() -> None:
    assert cost("claude-haiku-5-5", **writes(50_000, 50_001)) == Money.usd("0.081251")  # 50000·0.625 + 50001·1


def test_a_long_prompt_at_half_price_in_the_us() -> None:
    # Prices over 100,000: 200,000·0.50 + 1000·2.50 = 0.1025, times ½, times 1.1.
    usage = {"input_tokens": 200_000, "output_tokens": 1000, "service_tier": "batch", "inference_geo": "us"}
    assert cost("claude-haiku-5-5", **usage) == Money.usd("0.056375")


def test_the_long_prompt_price_of_sonnet_4_5_ended() -> None:
    usage = {"input_tokens": 200_001, "output_tokens": 1000}
    # 200,001·6 + 1000·22.50, and from 2026-04-30 on 200,001·3 + 1000·15.
    assert cost("claude-sonnet-4-5", "2026-04-29T23:59:59Z", **usage) == Money.usd("1.222506")
    assert cost("claude-sonnet-4-5", "2026-04-30T00:00:00Z", **usage) == Money.usd("0.615003")
    assert cost("claude-sonnet-4-5", "2026-04-29T23:59:59Z", input_tokens=200_000) == Money.usd("0.6")


def test_a_fast_long_prompt_had_a_price_of_its_own() -> None:
    # Opus 4.6 fast until 2026-02-19, over 200,000: 200,001·60 + 1000·225.
    usage = {"input_tokens": 200_001, "output_tokens": 1000, "speed": "fast"}
    assert cost("claude-opus-4-6", "2026-02-19T23:59:59Z", **usage) == Money.usd("12.22506")
    # Flat from the 20th on: 200,001·30 + 1000·150.
    assert cost("claude-opus-4-6", "2026-02-20T00:00:00Z", **usage) == Money.usd("6.15003")


# Unknown models


def test_an_unknown_model_costs_the_highest_rate_in_force_of_each_class() -> None:
    # On 2026-11-20 Fable 5 has them all: 1000·10 + 1000·12.50 + 1000·20 + 10,000·1 + 1000·50.
    usage = {**THOUSAND_EACH, **writes(1000, 1000), "cache_read_input_tokens": 10_000}
    made = made_of("claude-opus-6", **usage)
    assert (made.total, made.provisional, made.model_id) == (Money.usd("0.1025"), True, "claude-opus-6")


def test_an_unknown_model_costs_what_was_in_force_then() -> None:
    # On 2025-10-20 Opus 4.1 was the dearest: 15 + 75.
    assert made_of("claude-opus-6", "2025-10-20T00:00:00Z", **THOUSAND_EACH).total == Money.usd("0.09")


def test_a_model_from_before_its_first_price_is_unknown() -> None:
    made = made_of("claude-opus-5-5", "2026-09-21T23:59:59Z", **THOUSAND_EACH)
    assert (made.total, made.provisional) == (Money.usd("0.06"), True)


def test_before_any_model_was_sold_nothing_is_free_either() -> None:
    assert made_of("claude-opus-5-5", "2020-01-01T00:00:00Z", **THOUSAND_EACH).total > ZERO


# The record


def test_a_bill_keeps_what_it_was_made_from() -> None:
    made = made_of("claude-opus-5-5", input_tokens=1000, output_tokens=10, service_tier="batch")
    record = json.loads(made.record())
    assert record["lines"] == [
        ["input", "claude-opus-5-5", 1000, 2_000_000],
        ["output", "claude-opus-5-5", 10, 10_000_000],
    ]
    assert record["table"] == TABLE.fingerprint
    assert record["source"] == "packaged 2026-11-12: S4 S8 S9 S10 S11"
    assert made.rates.input == 2_000_000
    assert made.usage == Usage(input=1000, output=10)


tokens = st.integers(0, 10**6)
usages = st.builds(
    lambda new, short, long, read, out: {
        "input_tokens": new,
        **writes(short, long),
        "cache_read_input_tokens": read,
        "output_tokens": out,
    },
    *([tokens] * 5),
)
how = st.fixed_dictionaries(
    {},
    optional={
        "speed": st.sampled_from([None, "standard", "fast", "warp"]),
        "service_tier": st.sampled_from([None, "standard", "batch", "priority", "flex"]),
        "inference_geo": st.sampled_from([None, "global", "us", "not_available", "mars"]),
    },
)
moments = st.datetimes(datetime(2023, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))
names = st.sampled_from([model.id for model in TABLE.models()] + ["claude-next", "us.anthropic.claude-opus-5-5"])


@given(usages, usages, how, names, moments)
def test_two_answers_cost_what_their_sum_costs(a: Any, b: Any, served: Any, model: str, at: datetime) -> None:
    def alike(usage: dict[str, Any]) -> Bill:
        return bill(usage | served, model, at, TABLE)

    terms = TABLE.on(at, model)
    total = {name: a[name] + b[name] for name in a if name != "cache_creation"}
    total |= writes(*(a["cache_creation"][k] + b["cache_creation"][k] for k in a["cache_creation"]))
    if terms.long_prompt or terms.fast_long_prompt:
        # The sum may be a long prompt where its parts are not: then it costs more.
        assert alike(a).total.picos + alike(b).total.picos <= alike(total).total.picos
    else:
        assert alike(a).total + alike(b).total == alike(total).total


@given(usages, how, names, moments)
def test_no_amount_is_ever_a_float(usage: Any, served: Any, model: str, at: datetime) -> None:
    made = bill(usage | served, model, at, TABLE)
    assert type(made.total.picos) is int
    assert all(type(line.picos_each) is int and type(line.amount.picos) is int for line in made.lines)
    assert "." not in "".join(str(line[2:]) for line in json.loads(made.record())["lines"])


@given(usages, how, names, moments)
def test_the_lines_add_up_and_count_every_token_once(usage: Any, served: Any, model: str, at: datetime) -> None:
    made = bill(usage | served, model, at, TABLE)
    assert Money.total(line.amount for line in made.lines) == made.total
    assert sum(line.quantity for line in made.lines) == made.usage.prompt + made.usage.output
    assert made.usage.prompt == sum(usage[name] for name in usage if name.endswith("input_tokens"))
