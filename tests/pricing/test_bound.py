"""The most a request can cost: each part of it by hand, then against every usage a provider could return."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pricing.bill import bill
from pricing.bound import Bound, Shape, bound, counted
from pricing.money import Money
from pricing.table import PriceTable
from pricing.tokens import estimate_tokens

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
TABLE = PriceTable.load()
PLAIN = Shape(
    model="claude-opus-5-5",
    text_bytes=10_000,
    blocks=0,
    images=0,
    has_tools=False,
    unbounded=False,
    max_output=1_000,
    writes_5m=False,
    writes_1h=False,
    geo_us=False,
)


def most(at: datetime = NOON, input_tokens: int | None = None, **different: Any) -> Bound:
    return bound(replace(PLAIN, **different), at, TABLE, input_tokens=input_tokens)


def test_a_byte_is_at_most_a_token() -> None:
    assert most().amount == Money.usd("0.06")  # 10,000·4 + 1,000·20
    assert most().input_tokens == 10_000


def test_blocks_tools_and_images_add_their_tokens() -> None:
    made = most(blocks=10, images=2, has_tools=True)
    assert made.input_tokens == 10_000 + 10 * 16 + 1_000 + 2 * 5_000
    assert made.amount == Money.usd("0.10464")  # 21,160·4 + 1,000·20


def test_what_may_be_written_to_the_cache_is_taken_as_written() -> None:
    assert most(writes_5m=True).amount == Money.usd("0.07")  # 10,000·5 + 1,000·20
    assert most(writes_1h=True).amount == Money.usd("0.1")  # 10,000·8 + 1,000·20


def test_a_region_that_is_not_told_is_taken_for_the_dearest() -> None:
    assert most(geo_us=None).amount == most(geo_us=True).amount == Money.usd("0.066")  # 0.06 · 1.1


def test_a_region_does_not_matter_where_it_is_not_sold() -> None:
    assert most(model="claude-haiku-4-5", geo_us=None).amount == Money.usd("0.015")  # 10,000·1 + 1,000·5


def test_fast_is_taken_at_its_price() -> None:
    assert most(fast=True).amount == Money.usd("0.12")  # 10,000·8 + 1,000·40


def test_fast_where_it_has_no_price_is_taken_at_the_highest() -> None:
    # Opus 4.7 is not sold fast any more: 10,000·16 + 1,000·80, Fable 5.2's.
    assert most(model="claude-opus-4-7", fast=True).amount == Money.usd("0.24")


def test_a_prompt_that_may_be_long_is_taken_at_the_long_price() -> None:
    haiku: dict[str, Any] = {"model": "claude-haiku-5-5"}
    assert most(**haiku, text_bytes=100_000).amount == Money.usd("0.0105")  # 100,000·0.10 + 1,000·0.50
    assert most(**haiku, text_bytes=100_001).amount == Money.usd("0.0525005")  # 100,001·0.50 + 1,000·2.50


def test_searches_are_counted_up_to_their_limit_or_ours() -> None:
    # Server tools may fill the window, and their results are written for five minutes: 10⁶·5 + 1,000·20.
    assert most(searches=8).amount == Money.usd("5.02") + Money.usd("0.08")
    assert most(searches=None).amount == Money.usd("5.02") + Money.usd("0.20")
    made = bound(replace(PLAIN, searches=None), NOON, TABLE, unlimited_searches=3)
    assert made.amount == Money.usd("5.02") + Money.usd("0.03")


def test_what_bytes_do_not_bound_fills_the_window() -> None:
    assert most(unbounded=True).input_tokens == 1_000_000
    assert most(unbounded=True, model="claude-haiku-4-5").input_tokens == 200_000


def test_what_the_provider_counted_bounds_documents_but_no_server_tool() -> None:
    assert most(unbounded=True, countable=True).input_tokens == 1_000_000
    assert most(unbounded=True, countable=True, input_tokens=700).input_tokens == 700
    assert most(unbounded=True, input_tokens=700).input_tokens == 1_000_000


def test_no_prompt_is_longer_than_its_window() -> None:
    assert most(text_bytes=30_000_000).input_tokens == 1_000_000
    assert most(max_output=9_000_000).output_tokens == 1_000_000


def test_the_window_of_an_unknown_model_bounds_nothing() -> None:
    made = most(model="claude-next", text_bytes=30_000_000)
    assert (made.input_tokens, made.provisional) == (30_000_000, True)
    # The highest rates in force: 30,000,000·10 + 1,000·50.
    assert made.amount == Money.usd("300.05")


def test_interleaved_thinking_may_fill_the_window() -> None:
    assert most(thinking_interleaved=True).output_tokens == 1_000_000
    assert most(thinking_interleaved=True, model="claude-haiku-4-5").output_tokens == 200_000


def test_every_pass_and_every_helper_is_counted() -> None:
    # Two passes of at most Fable 5.2's price over its window: 2 · (10⁶·10 + 1,000·40).
    made = most(passes=2, helpers=("claude-fable-5-2",))
    assert made.amount == Money.usd("20.08")


def test_a_measured_input_takes_the_place_of_bytes() -> None:
    assert most(input_tokens=2_500).amount == Money.usd("0.03")  # 2,500·4 + 1,000·20


def test_a_count_is_taken_with_a_margin() -> None:
    assert [counted(n) for n in (0, 1, 100, 1_000)] == [64, 66, 166, 1_084]


def test_the_likely_input_is_no_bound() -> None:
    assert most(text_bytes=30_000).likely_input == estimate_tokens(30_000) == 10_000
    assert most(input_tokens=2_500).likely_input == 2_500
    assert [estimate_tokens(n) for n in (0, 1, 3, 4)] == [0, 1, 1, 2]


def test_a_hold_keeps_how_it_came_about() -> None:
    record = json.loads(most(writes_5m=True).record())
    assert record["rates"]["cache_write_5m"] == 5_000_000
    assert (record["input"], record["output"], record["table"]) == (10_000, 1_000, TABLE.fingerprint)


def test_less_output_costs_less() -> None:
    assert most().with_output(100) == Money.usd("0.042")  # 10,000·4 + 100·20
    assert most().with_output(5_000) == most().amount
    with pytest.raises(ValueError, match="aware"):
        most(datetime(2026, 11, 20))


# Against every usage that a provider could return

every_model = st.sampled_from([*(model.id for model in TABLE.models()), "claude-next", "us.anthropic.claude-opus-5-5"])
# The one with a long-prompt price today is worth a closer look.
models = every_model | st.just("claude-haiku-5-5")
moments = st.datetimes(datetime(2023, 6, 1), datetime(2027, 12, 31), timezones=st.just(UTC)) | st.just(NOON)
shapes = st.builds(
    Shape,
    model=models,
    text_bytes=st.integers(1, 400_000),
    blocks=st.integers(0, 50),
    images=st.integers(0, 5),
    has_tools=st.booleans(),
    unbounded=st.booleans(),
    max_output=st.integers(1, 200_000),
    writes_5m=st.booleans(),
    writes_1h=st.booleans(),
    thinking_interleaved=st.booleans(),
    searches=st.none() | st.integers(0, 8),
    geo_us=st.none() | st.booleans(),
    fast=st.booleans(),
    passes=st.just(1) | st.integers(1, 4),
    helpers=st.just(()) | st.lists(models, max_size=2).map(tuple),
    countable=st.booleans(),
)


@st.composite
def tokens_of_one_pass(draw: st.DrawFn, shape: Shape, most_in: int, most_out: int) -> dict[str, Any]:
    """Draw what one pass may use: the prompt cut into the classes that the request allows."""
    prompt = draw(st.integers(1, most_in) | st.just(most_in))
    cuts = sorted(draw(st.lists(st.integers(0, prompt), min_size=3, max_size=3)))
    new, read, short, long = (b - a for a, b in zip([0, *cuts], [*cuts, prompt], strict=True))
    if not shape.writes_1h:
        short, long = short + long, 0
    if not (shape.writes_5m or shape.writes_1h or shape.grows):
        new, short = new + short, 0
    return {
        "input_tokens": new,
        "cache_read_input_tokens": read,
        "cache_creation_input_tokens": short + long,
        "cache_creation": {"ephemeral_5m_input_tokens": short, "ephemeral_1h_input_tokens": long},
        "output_tokens": draw(st.integers(0, most_out) | st.just(most_out)),
    }


def summed(passes: list[dict[str, Any]]) -> dict[str, Any]:
    """Count at the top level what the passes of the asked model used."""
    names = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "output_tokens")
    total: dict[str, Any] = {name: sum(each[name] for each in passes) for name in names}
    parts = ("ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens")
    total["cache_creation"] = {part: sum(each["cache_creation"][part] for each in passes) for part in parts}
    return total


@st.composite
def answers(draw: st.DrawFn, shape: Shape, window: int) -> dict[str, Any]:
    """Draw the usage of an answer to a request of this shape, as the provider's documents allow it."""
    real = shape.text_bytes + 16 * shape.blocks + 4_784 * shape.images + (1_000 if shape.has_tools else 0)
    most_in = window if shape.unbounded or shape.grows else min(real, window)
    most_out = min(window if shape.thinking_interleaved else shape.max_output, window)
    usage = draw(tokens_of_one_pass(shape, most_in, most_out))
    if shape.passes > 1 and draw(st.booleans()):
        asked = st.sampled_from([shape.model, *shape.helpers])
        kinds = st.sampled_from(["message", "compaction", "advisor_message"])
        each = st.tuples(kinds, asked, tokens_of_one_pass(shape, most_in, most_out))
        more = draw(st.lists(each, max_size=shape.passes - 1))
        passes = [{"type": "message"} | usage, *({"type": kind, "model": model} | used for kind, model, used in more)]
        usage = summed([each for each in passes if each["type"] == "message"]) | {"iterations": passes}
    regions = {True: ["us"], False: ["global", "not_available", None], None: ["us", "global", "mars", None]}
    searches = 20 if shape.searches is None else shape.searches
    return usage | {
        "inference_geo": draw(st.sampled_from(regions[shape.geo_us])),
        "speed": draw(st.sampled_from(["fast", "standard"] if shape.fast else ["standard", None])),
        "service_tier": draw(st.sampled_from(["standard", "priority", "batch", None])),
        "server_tool_use": {"web_search_requests": draw(st.integers(0, searches))},
    }


@settings(max_examples=500)
@given(st.data(), shapes, moments)
def test_no_answer_costs_more_than_the_bound(data: st.DataObject, shape: Shape, at: datetime) -> None:
    made = bound(shape, at, TABLE)
    window = max(TABLE.on(at, model).context_window for model in (shape.model, *shape.helpers))
    usage = data.draw(answers(shape, window))
    # Half price together with fast is not sold, and priced as an unknown thing.
    if usage["speed"] == "fast" and usage["service_tier"] == "batch":
        usage["service_tier"] = "standard"
    assert bill(usage, shape.model, at, TABLE).total <= made.amount


@given(shapes, moments)
def test_the_bound_is_met_by_the_dearest_answer(shape: Shape, at: datetime) -> None:
    # Not only an upper bound but the least one, where the shape leaves no doubt: nothing is refused needlessly.
    shape = replace(shape, unbounded=False, passes=1, helpers=(), searches=0, fast=False, geo_us=False, writes_1h=False)
    terms = TABLE.on(at, shape.model)
    if terms.provisional or shape.thinking_interleaved:
        return
    made = bound(shape, at, TABLE)
    written = {"cache_creation_input_tokens": made.input_tokens, "input_tokens": 0}
    fresh = {"cache_creation_input_tokens": 0, "input_tokens": made.input_tokens}
    usage = (written if shape.writes_5m else fresh) | {"output_tokens": made.output_tokens}
    assert bill(usage, shape.model, at, TABLE).total == made.amount


@given(shapes, moments, st.integers(1, 10**6))
def test_a_smaller_count_of_input_never_raises_the_bound(shape: Shape, at: datetime, tokens: int) -> None:
    smaller = bound(shape, at, TABLE, input_tokens=tokens)
    assert smaller.amount <= bound(shape, at, TABLE, input_tokens=tokens + 1).amount


@given(shapes, moments)
def test_no_bound_is_a_float_or_nothing(shape: Shape, at: datetime) -> None:
    made = bound(shape, at, TABLE)
    assert type(made.amount.picos) is int
    assert made.amount.picos > 0
