"""The model: what was learned is a file; chances, forests, and what the request before adds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.classify import model
from proxy.classify.forest import Forest, chance
from proxy.classify.model import BEFORE, BIAS, FIRST, Model, score, shipped, with_before
from proxy.classify.plain import plain
from proxy.classify.traits import traits_of
from tests.bench.labelled import fresh, our_own

FILE = Path(model.__file__).with_name("weights.json")
# One tree: is there something to destroy? Then: is it asked? Everything in thousandths.
TREE = [0, 0, 100, -300, [1, 500, 900, 1200, 400]]


def forest(start: int = -1000, trees: list[Any] | None = None) -> Forest:
    return Forest.of({"start": start, "trees": trees or [TREE]}, ["destroy", "asks"])


def test_what_was_learned_is_a_file_of_at_most_a_hundred_kilobytes_without_any_text() -> None:
    raw = json.loads(FILE.read_text(encoding="utf-8"))
    assert FILE.stat().st_size <= 100_000
    assert all(len(name) < 40 and " " not in name and name.isascii() for name in raw["traits"])
    assert set(raw) == {"traits", "complex", "more_than_safe", "kinds", "complex_from"}


def test_every_trait_that_the_model_asks_for_is_one_that_requests_have() -> None:
    seen = {FIRST, *traits_of(plain("```\nx\n```\n" + "It is long. " * 200))}
    for prompt in fresh("w1") + fresh("w2") + our_own():
        seen |= set(traits_of(plain(prompt.text)))
    names = {name.removeprefix(BEFORE) for name in json.loads(FILE.read_text(encoding="utf-8"))["traits"]}
    assert names <= seen


def test_more_caution_asks_for_less_to_call_work_complex() -> None:
    from_ = shipped().complex_from
    assert 0 < from_["strict"] < from_["balanced"] < from_["thrifty"] < 1


@pytest.mark.parametrize(
    "raw",
    [
        {},
        {"traits": {}},
        {"traits": [], "complex": {}, "more_than_safe": {}, "kinds": {}, "complex_from": {}},
        {"traits": [], "complex": 1, "more_than_safe": 1, "kinds": {}, "complex_from": {}},
        {"traits": ["a"], "complex": {"start": 0, "trees": [[0, 1, 2]]}, "kinds": {}, "complex_from": {}},
    ],
)
def test_a_file_that_is_no_model_is_refused(raw: dict[str, object]) -> None:
    with pytest.raises((KeyError, ValueError)):
        Model.of(raw)


@pytest.mark.parametrize(
    ("traits", "wanted"),
    [({}, -1.3), ({"destroy": 1.0}, 0.2), ({"destroy": 1.0, "asks": 0.5}, 0.2), ({"destroy": 1.0, "asks": 0.6}, -0.6)],
)
def test_a_score_is_the_start_and_the_leaf_of_each_tree(traits: dict[str, float], wanted: float) -> None:
    assert forest().score(traits) == pytest.approx(wanted)


def test_what_each_trait_moved_adds_up_to_what_the_trees_say() -> None:
    moved = dict(forest().contributions({"destroy": 1.0, "asks": 0.6}))
    # The tree stands for 0.1; destroy leads to 0.9, and that it is asked to 0.4.
    assert moved == pytest.approx({"destroy": 0.8, "asks": -0.5})
    assert forest().contributions({}) == []


def test_weights_of_a_kind_are_added_up() -> None:
    assert score({BIAS: -1.0, "destroy": 2.0, "asks": -0.5}, {"destroy": 1.5, "asks": 1.0, "unknown": 9.0}) == 1.5


@given(st.floats(-1e6, 1e6))
def test_a_chance_is_between_none_and_certain(log_odds: float) -> None:
    assert 0 < chance(log_odds) < 1


def test_what_was_asked_before_counts_the_more_the_shorter_this_is() -> None:
    added = [with_before({}, {"destroy": 1.0}, size)[f"{BEFORE}destroy"] for size in (10, 50, 100, 500)]
    assert added == sorted(added, reverse=True)
    assert with_before({"asks": 1.0}, {}, 10) == {"asks": 1.0, FIRST: 1.0}


@given(st.text(max_size=400))
def test_traits_of_any_text_are_small_numbers(text: str) -> None:
    assert all(0 < value <= 6 for value in traits_of(plain(text)).values())


def test_a_trait_without_words_is_in_every_weighed_request() -> None:
    assert "size" in traits_of(plain("Rename the variable in the parser"))
    assert traits_of(plain("")) == {"no.words": 1.0, "size.brief": 1.0}


@pytest.mark.parametrize(
    ("text", "trait"),
    [
        ("Can you explain why it fails?", "only.asks"),
        ("Fix the bug. Then run the tests.", "ends.with.order"),
        ("- one\n- two\n- three", "lists"),
        ("look at src/a/b.py and at c.ts, d.go and e.rs", "files.many"),
        ("it breaks in main.c line 88", "pointer"),
        ("```\nx\n```\nwhat is this", "shows.code"),
        ("```\nx = y(1)\nprint(x)\n```", "shows.only"),
        ("Traceback (most recent call last):\nwhy?", "shows.trace"),
        ("update docs/guide.md", "files.text"),
        ("it takes 40 s and 3 GB now, it was 2 s", "measures"),
        ("es dauert 40 Sekunden", "measures"),
        ("rename parseDate and load_all", "names"),
        ("1. yes\n2. no\n3. b", "answers"),
        ("go with option 2", "picks"),
        ("use the second one, 方案二", "picks"),
        ("Low severity: the file is never closed", "finding"),
        ("The handler returns early when the list is empty and so the lock is never released", "nobody"),
        ("[Image #1] too wide", "shows.picture"),
    ],
)
def test_the_form_of_a_request_is_seen(text: str, trait: str) -> None:
    assert trait in traits_of(plain(text))


def test_a_version_and_a_line_are_no_measures() -> None:
    assert "measures" not in traits_of(plain("bump it to 2.1 and see line 40 of it"))


def test_what_is_quoted_or_named_is_not_taken_for_what_is_said() -> None:
    assert "deploy" not in traits_of(plain("rename `deploy_to_production`"))
    assert "planning" not in traits_of(plain("open docs/roadmap.md"))
