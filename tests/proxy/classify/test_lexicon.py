"""The lexicon: words, beginnings, phrases and gaps are found, at the boundaries of each script."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.classify.lexicon import Lexicon, words_of
from proxy.classify.terms import HARMLESS, LIKELY, RESTRICTED, TRAITS

LEXICON = Lexicon.of({"a": "deploy*, push it, delete .. all, l idée, парол*, 支付, dont", "b": "push"})


@pytest.mark.parametrize(
    ("text", "traits"),
    [
        ("deployment", {"a"}),
        ("redeploy", set()),
        ("push it", {"a", "b"}),
        ("push the it", {"b"}),
        ("delete them now all", {"a"}),
        ("delete one two three four all", set()),
        ("all delete", set()),
        ("don't", {"a"}),
        ("don\u2019t", {"a"}),
        ("l'idée", {"a"}),
        ("пароли", {"a"}),
        ("спароль", set()),
        ("修改支付回调", {"a"}),
        ("push支付", {"a", "b"}),
        ("push方面", {"b"}),
        ("pushed", set()),
        ("", set()),
    ],
)
def test_terms_are_found_where_they_stand_as_words(text: str, traits: set[str]) -> None:
    assert set(LEXICON.find(text)) == traits


def test_places_are_counted_in_words_and_masked_ones_are_left_out() -> None:
    words = words_of("now push it, then push")
    assert LEXICON.find("", words) == {"b": [1, 4], "a": [1]}
    assert LEXICON.find("", words, masked={2}) == {"b": [1, 4]}
    assert LEXICON.cover(words) == {1, 2, 4}


@given(st.text(max_size=200))
def test_any_text_can_be_searched(text: str) -> None:
    for places in LEXICON.find(text.lower()).values():
        assert places
        assert min(places) >= 0


def test_no_term_of_the_vocabularies_is_empty_or_in_capitals() -> None:
    for terms in [*TRAITS.values(), *RESTRICTED.values(), *LIKELY.values(), HARMLESS]:
        for term in terms.split(","):
            plain = " ".join(term.split())
            assert plain
            assert plain == plain.lower()
            assert plain.strip("*") == plain.rstrip("*")
            assert not plain.startswith("..")


def test_the_memory_of_words_is_bounded() -> None:
    lexicon = Lexicon.of({"a": "x"})
    lexicon.find(" ".join(f"w{n}" for n in range(30_000)))
    assert len(lexicon._known) <= 20_000
