"""An answer that broke off is charged what it may have cost, never more than its hold and never nothing."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing.bill import bill
from pricing.bound import Bound, Shape, bound, interrupted
from pricing.money import ZERO, Money
from pricing.table import PriceTable

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
TABLE = PriceTable.load()
SHAPE = Shape("claude-opus-5-5", 30_000, 0, 0, False, False, 32_000, writes_5m=True, writes_1h=False, geo_us=False)
BEGUN = {
    "input_tokens": 100,
    "cache_creation_input_tokens": 2_000,
    "cache_read_input_tokens": 5_000,
    "output_tokens": 3,
}


def hold(**different: Any) -> Bound:
    return bound(replace(SHAPE, **different), NOON, TABLE)


def test_if_nothing_is_known_the_whole_hold_is_charged() -> None:
    charged, likely = interrupted(hold(), None, TABLE, elapsed_s=0.1)
    assert charged == hold().amount
    assert likely == Money.usd("0.04")  # 30,000 bytes are some 10,000 tokens, at 4


def test_after_the_first_event_input_is_exact_and_output_bounded_by_time() -> None:
    charged, likely = interrupted(hold(), BEGUN, TABLE, elapsed_s=1.5)
    # 100·4 + 2,000·5 + 5,000·0.20 = 11,400; output (1.5 s + 2 s) · 300/s = 1,050·20.
    assert charged == Money.usd("0.0324")
    assert likely == Money.usd("0.01146")  # 11,400 + 3·20


def test_what_was_seen_is_likely() -> None:
    _, likely = interrupted(hold(), BEGUN, TABLE, elapsed_s=1.5, visible_tokens=400)
    assert likely == Money.usd("0.0194")  # 11,400 + 400·20


def test_what_was_seen_is_never_more_than_may_have_been_written() -> None:
    charged, likely = interrupted(hold(), BEGUN, TABLE, elapsed_s=0, visible_tokens=10**9)
    assert likely == charged == Money.usd("0.0234")  # 11,400 + 600·20


def test_a_long_answer_is_bounded_by_its_own_limit() -> None:
    charged, _ = interrupted(hold(), BEGUN, TABLE, elapsed_s=3_600)
    assert charged == Money.usd("0.6514")  # 11,400 + 32,000·20


@pytest.mark.parametrize("strange", [float("inf"), float("nan")])
def test_a_time_that_is_none_bounds_nothing(strange: float) -> None:
    assert interrupted(hold(), BEGUN, TABLE, elapsed_s=strange)[0] == Money.usd("0.6514")


def test_a_clock_that_ran_backwards_counts_as_no_time() -> None:
    assert interrupted(hold(), BEGUN, TABLE, elapsed_s=-50)[0] == Money.usd("0.0234")


def test_strictly_only_the_limit_bounds_the_output() -> None:
    assert interrupted(hold(), BEGUN, TABLE, elapsed_s=0, strict=True)[0] == Money.usd("0.6514")


def test_another_ceiling_of_speed_may_be_set() -> None:
    # 11,400 + 2 · 100 · 20
    assert interrupted(hold(), BEGUN, TABLE, elapsed_s=0, tokens_per_s=100)[0] == Money.usd("0.0154")


def test_output_that_was_told_counts_even_beyond_the_ceiling() -> None:
    told = BEGUN | {"output_tokens": 20_000}
    charged, likely = interrupted(hold(), told, TABLE, elapsed_s=0)
    assert charged == likely == Money.usd("0.4114")  # 11,400 + 20,000·20


def test_the_speed_and_region_of_the_answer_count() -> None:
    fast = BEGUN | {"speed": "fast", "inference_geo": "us"}
    charged, _ = interrupted(hold(fast=True, geo_us=True), fast, TABLE, elapsed_s=0)
    # (100·8 + 2,000·10 + 5,000·0.40 + 600·40) · 1.1
    assert charged == Money.usd("0.05148")


def test_the_model_that_answered_counts() -> None:
    charged, _ = interrupted(hold(), BEGUN, TABLE, elapsed_s=0, model="claude-haiku-5-5")
    assert charged == Money.usd("0.00061")  # 100·0.10 + 2,000·0.125 + 5,000·0.01 + 600·0.50


@pytest.mark.parametrize("spoilt", [{}, {"input_tokens": 5}, {"input_tokens": -5, "output_tokens": 1}])
def test_a_usage_that_cannot_be_is_as_good_as_none(spoilt: dict[str, Any]) -> None:
    assert interrupted(hold(), spoilt, TABLE, elapsed_s=0) == interrupted(hold(), None, TABLE, elapsed_s=0)


def test_where_the_server_adds_input_the_first_event_does_not_tell_all() -> None:
    held = hold(searches=5)
    charged, likely = interrupted(held, BEGUN, TABLE, elapsed_s=0)
    # The window may have been written, and all five searches made: 10⁶·5 + 5·0.01 + 600·20.
    assert charged == Money.usd("5.062")
    assert likely == Money.usd("0.01146")


def test_passes_that_were_told_are_charged_as_told() -> None:
    told = BEGUN | {"iterations": [{"type": "message"} | BEGUN, {"type": "compaction"} | BEGUN]}
    charged, likely = interrupted(hold(passes=2), told, TABLE, elapsed_s=0)
    assert likely == Money.usd("0.02292")  # twice 11,400 + 3·20
    assert charged >= likely


tokens = st.integers(0, 10_000)


@given(tokens, tokens, tokens, st.integers(0, 32_000), st.floats(0, 1_000), st.integers(0, 50_000), st.booleans())
def test_what_is_charged_covers_whatever_the_provider_bills(
    new: int, written: int, read: int, out: int, elapsed: float, visible: int, strict: bool
) -> None:
    start = {
        "input_tokens": new,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": read,
        "output_tokens": 1,
    }
    held = hold()
    charged, likely = interrupted(held, start, TABLE, elapsed_s=elapsed, strict=strict, visible_tokens=visible)
    # At most 300 tokens a second, and at most what was asked for.
    written_out = min(out, int(elapsed * 300)) if not strict else out
    billed = bill(start | {"output_tokens": written_out}, SHAPE.model, NOON, TABLE).total
    assert ZERO <= billed <= charged <= held.amount
    assert likely <= charged


@given(tokens, st.floats(0, 1_000), st.booleans(), st.sampled_from([None, 0, 8]), st.booleans())
def test_what_is_charged_is_never_more_than_the_hold(
    new: int, elapsed: float, unbounded: bool, searches: int | None, strict: bool
) -> None:
    held = hold(unbounded=unbounded, searches=searches)
    for told in (None, {"input_tokens": new, "output_tokens": 2}):
        charged, likely = interrupted(held, told, TABLE, elapsed_s=elapsed, strict=strict)
        assert ZERO <= likely <= charged <= held.amount
