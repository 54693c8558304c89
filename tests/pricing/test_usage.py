"""Usage objects are read strictly: classes never overlap, and no impossible count becomes a bill."""

from functools import reduce
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing.usage import MOST_TOKENS, ImpossibleUsage, Usage, fallen, fold, usage_from_anthropic

SOUND = {"input_tokens": 10, "output_tokens": 5}


def test_null_and_absent_are_zero_where_a_count_may_be_missing() -> None:
    nothing = {"cache_creation_input_tokens": None, "cache_creation": None, "server_tool_use": None}
    assert usage_from_anthropic(SOUND | nothing | {"cache_read_input_tokens": None}) == Usage(input=10, output=5)
    assert usage_from_anthropic(SOUND) == Usage(input=10, output=5)


def test_the_sum_of_writes_is_not_added_to_its_parts() -> None:
    split = {"ephemeral_5m_input_tokens": 148, "ephemeral_1h_input_tokens": 100}
    usage = usage_from_anthropic(SOUND | {"cache_creation_input_tokens": 248, "cache_creation": split})
    assert (usage.cache_write_5m, usage.cache_write_1h) == (148, 100)


def test_writes_beyond_the_split_live_five_minutes() -> None:
    split = {"ephemeral_5m_input_tokens": 1000, "ephemeral_1h_input_tokens": 5000}
    usage = usage_from_anthropic(SOUND | {"cache_creation_input_tokens": 8000, "cache_creation": split})
    assert (usage.cache_write_5m, usage.cache_write_1h) == (3000, 5000)


def test_writes_without_a_split_live_five_minutes() -> None:
    assert usage_from_anthropic(SOUND | {"cache_creation_input_tokens": 8000}).cache_write_5m == 8000


def test_a_split_larger_than_its_sum_counts() -> None:
    split = {"ephemeral_5m_input_tokens": 70, "ephemeral_1h_input_tokens": 30}
    usage = usage_from_anthropic(SOUND | {"cache_creation_input_tokens": 0, "cache_creation": split})
    assert (usage.cache_write_5m, usage.cache_write_1h) == (70, 30)


def test_a_lifetime_nobody_knows_is_taken_for_the_dearest() -> None:
    usage = usage_from_anthropic(
        SOUND | {"cache_creation_input_tokens": 900, "cache_creation": {"ephemeral_24h_input_tokens": 900}}
    )
    assert (usage.cache_write_5m, usage.cache_write_1h) == (0, 900)


WRONG = [-1, 1.0, 1.5, "7", True, False, [], {}, MOST_TOKENS + 1, 2**63, float("nan"), float("inf")]


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
@pytest.mark.parametrize(
    "name", ["input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"]
)
def test_a_count_that_no_answer_can_have_is_refused(name: str, wrong: object) -> None:
    with pytest.raises(ImpossibleUsage, match=name):
        usage_from_anthropic(SOUND | {name: wrong})


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
@pytest.mark.parametrize(
    ("part", "name"), [("cache_creation", "ephemeral_1h_input_tokens"), ("server_tool_use", "web_search_requests")]
)
def test_a_nested_count_that_no_answer_can_have_is_refused(part: str, name: str, wrong: object) -> None:
    with pytest.raises(ImpossibleUsage, match=name):
        usage_from_anthropic(SOUND | {part: {name: wrong}})


@pytest.mark.parametrize("part", ["cache_creation", "server_tool_use"])
@pytest.mark.parametrize("wrong", [5, "x", [1], True])
def test_a_part_that_is_no_object_is_refused(part: str, wrong: object) -> None:
    with pytest.raises(ImpossibleUsage, match=part):
        usage_from_anthropic(SOUND | {part: wrong})


@pytest.mark.parametrize("raw", [{}, {"input_tokens": 3}, {"output_tokens": 3}, {"input_tokens": None}, None, [], "x"])
def test_a_usage_without_its_counts_is_refused(raw: Any) -> None:
    with pytest.raises(ImpossibleUsage):
        usage_from_anthropic(raw)


def test_the_prompt_is_all_that_went_in() -> None:
    assert Usage(1, 20, 300, 4000, 50000, 6).prompt == 4321


def test_a_streams_counts_are_running_totals() -> None:
    start = {"input_tokens": 40, "output_tokens": 2, "cache_read_input_tokens": 9, "speed": "fast"}
    after = fold(fold(None, start), {"output_tokens": 100, "cache_read_input_tokens": None})
    assert fold(after, {"output_tokens": 900, "input_tokens": 50}) == start | {"input_tokens": 50, "output_tokens": 900}


def test_folding_leaves_what_it_was_given_alone() -> None:
    start = {"input_tokens": 1, "cache_creation": {"ephemeral_1h_input_tokens": 5}}
    whole = fold(start, {"cache_creation": {"ephemeral_5m_input_tokens": 2}})
    assert start == {"input_tokens": 1, "cache_creation": {"ephemeral_1h_input_tokens": 5}}
    assert whole["cache_creation"] == {"ephemeral_1h_input_tokens": 5, "ephemeral_5m_input_tokens": 2}


@pytest.mark.parametrize("wrong", [None, 5, "x", []])
def test_a_usage_event_that_is_no_object_is_refused(wrong: Any) -> None:
    with pytest.raises(ImpossibleUsage):
        fold({"input_tokens": 1}, wrong)


counts = st.none() | st.integers(0, 10**6)
updates = st.fixed_dictionaries(
    {},
    optional={
        "input_tokens": counts,
        "output_tokens": counts,
        "cache_read_input_tokens": counts,
        "service_tier": st.sampled_from([None, "standard", "batch"]),
        "cache_creation": st.none() | st.dictionaries(st.sampled_from(["a", "b"]), counts, max_size=2),
    },
)


@given(st.lists(updates, min_size=1))
def test_the_last_value_that_is_not_null_counts(events: list[dict[str, Any]]) -> None:
    whole: dict[str, Any] = reduce(fold, events, {})
    for name in ("input_tokens", "output_tokens", "cache_read_input_tokens", "service_tier"):
        told = [event[name] for event in events if event.get(name) is not None]
        assert whole.get(name) == (told[-1] if told else None)


@given(updates, updates, updates)
def test_it_does_not_matter_which_events_are_folded_together_first(a: Any, b: Any, c: Any) -> None:
    assert fold(fold(fold(None, a), b), c) == fold(fold(None, a), fold(fold(None, b), c))


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (None, {"input_tokens": 5}, ""),
        ({"input_tokens": 5, "output_tokens": 1}, {"input_tokens": 5, "output_tokens": 1}, ""),
        ({"input_tokens": 100}, {"input_tokens": 5, "cache_read_input_tokens": 95}, ""),
        ({"input_tokens": 100}, {"input_tokens": 5}, "prompt tokens fell from 100 to 5"),
        ({"output_tokens": 7}, {"output_tokens": 6}, "output tokens fell from 7 to 6"),
        ({"input_tokens": 100}, {"input_tokens": 5, "iterations": [{"input_tokens": 100}]}, ""),
        ({"output_tokens": "7"}, {"output_tokens": None}, ""),
    ],
)
def test_a_running_total_that_becomes_smaller_is_named(before, after, said):
    assert fallen(before, after) == said
