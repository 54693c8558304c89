"""Nothing in pricing can make a fraction of a picodollar, and nothing that comes from outside can break a bill."""

import ast
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pricing
from pricing.bill import ImpossibleUsage, bill
from pricing.money import ZERO
from pricing.table import PriceTable
from pricing.usage import fold

TABLE = PriceTable.load()
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
# What a request costs at Anthropic; the local machine's watts and seconds are measured and may be fractions.
EXACT = [
    "money",
    "usage",
    "rates",
    "terms",
    "table",
    "tablefile",
    "ownprices",
    "modifiers",
    "iterations",
    "bill",
    "bound",
]


@pytest.mark.parametrize("name", EXACT)
def test_no_line_divides_into_fractions_or_writes_one(name: str) -> None:
    tree = ast.parse(Path(pricing.__file__).with_name(f"{name}.py").read_text("utf-8"))
    for node in ast.walk(tree):
        assert not isinstance(node, ast.Div), "use // or a multiple"
        assert not (isinstance(node, ast.Constant) and isinstance(node.value, float)), f"a float in line {node.lineno}"
        assert not (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "float")


numbers = st.integers(-5, 10**10) | st.floats() | st.booleans() | st.none() | st.text(max_size=3)
anything = st.recursive(
    numbers, lambda deeper: st.lists(deeper, max_size=3) | st.dictionaries(st.text(), deeper, max_size=3)
)
names = st.sampled_from(
    [
        *("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "cache_creation"),
        *("server_tool_use", "service_tier", "inference_geo", "speed", "iterations", "fallback_credit", "other"),
    ]
)
passes = st.dictionaries(names | st.sampled_from(["type", "model"]), anything, max_size=6)
strange = st.fixed_dictionaries(
    {"input_tokens": st.integers(0, 10**6) | numbers, "output_tokens": st.integers(0, 10**6) | numbers},
    optional={
        "cache_creation": st.dictionaries(st.text(max_size=5), numbers, max_size=3) | anything,
        "server_tool_use": st.dictionaries(st.text(max_size=5), numbers, max_size=3) | anything,
        "iterations": st.lists(passes | anything, max_size=4) | anything,
        "service_tier": anything,
        "inference_geo": anything,
        "speed": anything,
        "fallback_credit": anything,
    },
)


@settings(max_examples=500)
@given(strange | st.dictionaries(names, anything), st.text(max_size=30), st.sampled_from([None, "refusal", "end_turn"]))
def test_whatever_a_provider_sends_it_is_priced_or_called_impossible(
    raw: Any, model: str, stop_reason: str | None
) -> None:
    try:
        made = bill(raw, model, NOON, TABLE, stop_reason=stop_reason)
    except ImpossibleUsage:
        return
    assert type(made.total.picos) is int
    assert made.total >= ZERO
    # Nothing is free in silence: only a refusal, or an answer to nothing that says so.
    assert made.total > ZERO or stop_reason == "refusal" or made.provisional


@given(st.dictionaries(names, anything), st.dictionaries(names, anything))
def test_whatever_a_stream_sends_it_folds(start: Any, delta: Any) -> None:
    whole = fold(fold(None, start), delta)
    assert all(value is not None for value in whole.values())
