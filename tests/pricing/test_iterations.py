"""An answer made in several passes: each is billed at its own model, declined ones are free, nothing is lost."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing.bill import Bill, ImpossibleUsage, bill
from pricing.iterations import MOST_ITERATIONS, NOT_ADDING_UP, UNKNOWN_KIND
from pricing.money import ZERO, Money
from pricing.table import PriceTable
from pricing.usage import Usage

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
TABLE = PriceTable.load()


def one(tokens_in: int, tokens_out: int, kind: str = "message", **more: Any) -> dict[str, Any]:
    return {"type": kind, "input_tokens": tokens_in, "output_tokens": tokens_out} | more


def answer(tokens_in: int, tokens_out: int, *iterations: Any, **more: Any) -> dict[str, Any]:
    return {"input_tokens": tokens_in, "output_tokens": tokens_out, "iterations": list(iterations)} | more


def made_of(usage: dict[str, Any], model: str = "claude-opus-5-5", stop_reason: str | None = None) -> Bill:
    return bill(usage, model, NOON, TABLE, stop_reason=stop_reason)


def test_compaction_is_billed_though_the_top_level_omits_it() -> None:
    # Opus 5.5: 180,000·4 + 3,500·20, then 23,000·4 + 1,000·20.
    made = made_of(answer(23_000, 1_000, one(180_000, 3_500, "compaction"), one(23_000, 1_000)))
    assert (made.total, made.provisional) == (Money.usd("0.902"), False)
    assert made.usage == Usage(input=203_000, output=4_500)


def test_an_advisor_is_billed_at_its_own_model() -> None:
    # Sonnet 5.5: 1,000·2 + 100·10. Opus 5.5: 2,000·4 + 500·20.
    advisor = one(2_000, 500, "advisor_message", model="claude-opus-5-5")
    made = made_of(answer(1_000, 100, one(1_000, 100), advisor), "claude-sonnet-5-5")
    assert (made.total, made.provisional) == (Money.usd("0.021"), False)
    assert {line.model for line in made.lines} == {"claude-sonnet-5-5", "claude-opus-5-5"}


def test_an_advisor_without_a_name_is_taken_for_the_dearest() -> None:
    made = made_of(answer(1_000, 100, one(1_000, 100), one(2_000, 500, "advisor_message")), "claude-sonnet-5-5")
    # 1,000·2 + 100·10, then the highest rates in force: 2,000·10 + 500·50.
    assert (made.total, made.provisional) == (Money.usd("0.048"), True)


def test_a_fallback_that_was_declined_before_any_output_is_free() -> None:
    declined = one(535, 0, model="claude-fable-5-2")
    served = one(660, 264, "fallback_message", model="claude-opus-5-5")
    made = made_of(answer(660, 264, declined, served), "claude-fable-5-2")
    assert made.total == Money.usd("0.00792")  # 660·4 + 264·20
    assert made.usage == Usage(input=660, output=264)


def test_every_declined_hop_on_the_way_is_free() -> None:
    hops = [one(535, 0, model="claude-fable-5-2"), one(600, 0, model="claude-opus-5")]
    made = made_of(
        answer(660, 264, *hops, one(660, 264, "fallback_message", model="claude-opus-5-5")), "claude-fable-5-2"
    )
    assert made.total == Money.usd("0.00792")


def test_the_serving_hops_earlier_rounds_are_not_free() -> None:
    rounds = [one(535, 0, model="claude-fable-5-2"), one(660, 40, model="claude-opus-5-5")]
    made = made_of(
        answer(1_460, 304, *rounds, one(800, 264, "fallback_message", model="claude-opus-5-5")), "claude-fable-5-2"
    )
    assert made.total == Money.usd("0.01192")  # 1,460·4 + 304·20
    assert not made.provisional


def test_if_every_hop_declines_nothing_is_billed() -> None:
    hops = [one(535, 0, model="claude-fable-5-2"), one(600, 0, model="claude-opus-5-5")]
    made = made_of(answer(600, 0, *hops), "claude-fable-5-2", stop_reason="refusal")
    assert (made.total, made.provisional) == (ZERO, False)


def test_a_round_without_output_is_not_free_if_nothing_was_declined() -> None:
    assert made_of(answer(535, 0, one(535, 0))).total == Money.usd("0.00214")  # 535·4


def test_an_advisor_without_output_is_not_a_declined_fallback() -> None:
    advisor = one(1_000, 0, "advisor_message", model="claude-opus-5-5")
    served = one(100, 10, "fallback_message", model="claude-opus-5-5")
    assert made_of(answer(100, 10, advisor, served)).total == Money.usd("0.0046")  # 1,100·4 + 10·20


def test_region_and_tier_hold_for_every_pass() -> None:
    passes = [one(1_000, 0), one(1_000, 100)]
    usage = answer(2_000, 100, *passes, inference_geo="us", service_tier="batch")
    assert made_of(usage).total == Money.usd("0.0055")  # (2,000·4 + 100·20) · 1.1 / 2


def test_each_pass_has_its_own_long_prompt() -> None:
    # Haiku 5.5: 100,000·0.10 + 10·0.50 stays low, 100,001·0.50 + 10·2.50 does not.
    usage = answer(200_001, 20, one(100_000, 10), one(100_001, 10))
    assert made_of(usage, "claude-haiku-5-5").total == Money.usd("0.0600305")


def test_searches_are_billed_once_and_not_by_the_pass() -> None:
    searched = {"server_tool_use": {"web_search_requests": 2}}
    usage = answer(2_000, 200, one(1_000, 100, **searched), one(1_000, 100), **searched)
    assert made_of(usage).total == Money.usd("0.032")  # 2,000·4 + 200·20 + 2·0.01


def test_an_unknown_type_of_pass_costs_the_highest_rate_in_force() -> None:
    made = made_of(answer(1_000, 100, one(1_000, 100), one(1_000, 100, "dream")))
    # 1,000·4 + 100·20, then Fable 5.2's fast rates: 1,000·16 + 100·80.
    assert (made.total, made.provisional) == (Money.usd("0.03"), True)
    assert UNKNOWN_KIND in made.notes


def test_an_unknown_model_of_a_pass_costs_the_highest_rate_in_force() -> None:
    made = made_of(answer(1_000, 100, one(1_000, 100), one(1_000, 100, "advisor_message", model="claude-next")))
    assert (made.total, made.provisional) == (Money.usd("0.021"), True)  # 0.006, then 1,000·10 + 100·50


def test_what_the_passes_do_not_tell_is_billed_at_the_top_level() -> None:
    made = made_of(answer(10_000, 500, one(0, 0)))
    assert (made.total, made.provisional) == (Money.usd("0.05"), True)  # 10,000·4 + 500·20
    assert NOT_ADDING_UP in made.notes


def test_an_hours_writes_are_shared_out_where_only_the_top_level_tells_of_them() -> None:
    split = {"cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 5_000}}
    passes = [one(10, 10, cache_creation_input_tokens=4_000), one(10, 10, cache_creation_input_tokens=4_000)]
    made = made_of(answer(20, 20, *passes, cache_creation_input_tokens=8_000, **split))
    # 20·4 + 5,000·8 + 3,000·5 + 20·20
    assert (made.total, made.provisional) == (Money.usd("0.05548"), False)


def test_a_pass_that_tells_its_own_lifetimes_keeps_them() -> None:
    hour = {"cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 1_000}}
    passes = [one(10, 10, cache_creation_input_tokens=1_000, **hour), one(10, 10, cache_creation_input_tokens=1_000)]
    made = made_of(answer(20, 20, *passes, cache_creation_input_tokens=2_000, **hour))
    assert (made.total, made.provisional) == (Money.usd("0.01348"), False)  # 20·4 + 1,000·8 + 1,000·5 + 20·20


def test_an_empty_list_of_passes_is_no_list() -> None:
    assert made_of(answer(1_000, 100)).total == Money.usd("0.006")


@pytest.mark.parametrize(
    "wrong",
    [{"a": 1}, "x", 5, [5], [None], [{}], [one(-1, 0)], [one(1, 1, model=7)], [one(1, 1)] * (MOST_ITERATIONS + 1)],
)
def test_passes_that_cannot_be_are_refused(wrong: Any) -> None:
    with pytest.raises(ImpossibleUsage):
        made_of(answer(1, 1) | {"iterations": wrong})


models = st.sampled_from(["claude-opus-5-5", "claude-haiku-5-5", "claude-fable-5-2", "claude-next"])
passes = st.lists(st.tuples(models, st.integers(1, 300_000), st.integers(1, 50_000)), min_size=1, max_size=8)


@given(passes)
def test_passes_cost_together_what_they_cost_alone(each: list[tuple[str, int, int]]) -> None:
    items = [one(tokens_in, tokens_out, model=model) for model, tokens_in, tokens_out in each]
    top = answer(sum(item["input_tokens"] for item in items), sum(item["output_tokens"] for item in items), *items)
    alone = Money.total(bill(one(i, o), model, NOON, TABLE).total for model, i, o in each)
    assert made_of(top).total == alone
