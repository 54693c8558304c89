"""Bytes a token: what is learned of a tokenizer makes prompts seem too long rather than too short."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from proxy.upstream.sizes import TokenSizes


def test_a_denser_text_counts_at_once_and_a_thinner_one_slowly() -> None:
    sizes = TokenSizes()
    assert sizes.of("m") is None
    assert sizes.add("m", 4.0)
    assert sizes.add("m", 2.0)
    assert sizes.of("m") == 2.0
    assert sizes.add("m", 4.0)
    assert sizes.of("m") == 2.1  # 2.0 and a twentieth of 2.0
    assert sizes.of("another") is None


def test_a_small_rise_is_not_told_until_it_has_grown() -> None:
    sizes = TokenSizes()
    sizes.add("m", 4.0)
    told = [sizes.add("m", 4.3) for _ in range(6)]
    assert told[0] is False
    assert True in told
    assert 4.0 < (sizes.of("m") or 0) < 4.3


def test_what_no_tokenizer_does_teaches_nothing() -> None:
    sizes = TokenSizes()
    for figure in (0.0, 0.1, 1000.0, float("nan"), float("inf")):
        assert not sizes.add("m", figure)
    assert sizes.of("m") is None


def test_only_so_many_models_are_remembered() -> None:
    sizes = TokenSizes(most=2)
    for name in ("a", "b", "a", "c"):
        sizes.add(name, 3.0)
    assert [sizes.of(name) for name in ("a", "b", "c")] == [3.0, None, 3.0]


@given(st.lists(st.floats(0.5, 8.0), min_size=1, max_size=60))
def test_the_figure_is_never_above_the_last_one_seen(figures: list[float]) -> None:
    sizes = TokenSizes()
    for figure in figures:
        sizes.add("m", figure)
        assert (sizes.of("m") or 0) <= figure
