"""The model: weights that are a small file, chances, and what each trait added."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.classify import model
from proxy.classify.model import BEFORE, BIAS, Model, chance, contributions, score, shipped, with_before
from proxy.classify.plain import plain
from proxy.classify.traits import traits_of

FILE = Path(model.__file__).with_name("weights.json")


def test_the_weights_are_a_file_of_at_most_ten_kilobytes_without_any_text() -> None:
    raw = json.loads(FILE.read_text(encoding="utf-8"))
    assert FILE.stat().st_size <= 10_000
    numbers = [*raw["complex"].values(), *raw["more_than_safe"].values(), *raw["complex_from"].values()]
    assert all(isinstance(number, float | int) for number in numbers)
    assert all(len(name) < 30 and " " not in name for name in raw["complex"])


def test_more_caution_asks_for_less_to_call_work_complex() -> None:
    from_ = shipped().complex_from
    assert 0 < from_["strict"] < from_["balanced"] < from_["thrifty"] < 1


@pytest.mark.parametrize("raw", [{}, {"complex": {}}, {"complex": 1, "more_than_safe": {}, "kinds": {}}])
def test_a_file_that_is_no_model_is_refused(raw: dict[str, dict[str, object]]) -> None:
    with pytest.raises((KeyError, ValueError)):
        Model.of(raw)


def test_a_score_is_the_bias_and_what_each_trait_adds() -> None:
    weights = {BIAS: -1.0, "destroy": 2.0, "asks": -0.5}
    traits = {"destroy": 1.5, "asks": 1.0, "unknown": 9.0}
    assert score(weights, traits) == -1.0 + 2.0 * 1.5 - 0.5
    assert contributions(weights, traits) == [("destroy", 3.0), ("asks", -0.5)]


@given(st.floats(-1e6, 1e6))
def test_a_chance_is_between_none_and_certain(log_odds: float) -> None:
    assert 0 < chance(log_odds) < 1


def test_what_was_asked_before_counts_the_more_the_shorter_this_is() -> None:
    weights = {BIAS: 0.0, "destroy": 2.0}
    added = [with_before({}, {"destroy": 1.0}, size, weights)[BEFORE] for size in (10, 50, 100, 500)]
    assert added == sorted(added, reverse=True)
    assert with_before({"asks": 1.0}, {}, 10, weights) == {"asks": 1.0}


@given(st.text(max_size=400))
def test_traits_of_any_text_are_small_numbers(text: str) -> None:
    assert all(0 < value <= 5 for value in traits_of(plain(text)).values())


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
        ("Traceback (most recent call last):\nwhy?", "shows.trace"),
        ("update docs/guide.md", "files.text"),
    ],
)
def test_the_form_of_a_request_is_seen(text: str, trait: str) -> None:
    assert trait in traits_of(plain(text))


def test_what_is_quoted_or_named_is_not_taken_for_what_is_said() -> None:
    assert "deploy" not in traits_of(plain("rename `deploy_to_production`"))
    assert "planning" not in traits_of(plain("open docs/roadmap.md"))
