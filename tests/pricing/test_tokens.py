"""Ratios of tokens to bytes are learned from what the provider counted, and say how well they are known."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing.learned import ENOUGH
from pricing.tokens import Estimate, Kind, Ratios

NEW = "4.7+"


def taught(times: int, tokens: int = 400, kind: Kind = Kind.prose) -> Ratios:
    """Teach so many samples of 1,000 bytes each."""
    ratios = Ratios()
    for _ in range(times):
        ratios.teach(NEW, {kind: 1000}, tokens)
    return ratios


def test_what_was_never_counted_is_a_guess_with_a_wide_range() -> None:
    found = Ratios().tokens(NEW, {Kind.prose: 10_000})
    assert found.low < 2_200 < found.likely < 3_500 < found.high
    assert Ratios().of(NEW, Kind.prose).samples == 0


def test_later_models_make_more_tokens_of_the_same_text() -> None:
    assert Ratios().of(NEW, Kind.code).likely > Ratios().of("pre-4.7", Kind.code).likely


def test_one_sample_moves_the_figure_and_leaves_a_range() -> None:
    ratio = taught(1).of(NEW, Kind.prose)
    assert (ratio.likely, ratio.samples, ratio.is_thin) == (400_000, 1, True)
    assert ratio.low < 400_000 < ratio.high


def test_the_range_narrows_and_is_gone_at_thirty_samples() -> None:
    widths = [(r := taught(n).of(NEW, Kind.prose)).high - r.low for n in (1, 4, 16, ENOUGH - 1, ENOUGH)]
    assert widths == sorted(widths, reverse=True)
    assert [width > 0 for width in widths] == [True, True, True, True, False]


def test_a_tenth_of_wild_samples_changes_nothing() -> None:
    ratios = Ratios()
    for number in range(100):
        ratios.teach(NEW, {Kind.prose: 1000}, 900 if number % 10 == 0 else 400)
    assert ratios.of(NEW, Kind.prose).likely == 400_000


@pytest.mark.parametrize(
    ("sizes", "tokens"),
    [({Kind.prose: 1000}, 0), ({Kind.prose: 1000}, -5), ({Kind.prose: 100}, 40), ({}, 40), ({Kind.prose: 1000}, 9_000)],
    ids=["no tokens", "fewer than none", "too small", "nothing", "out of all reason"],
)
def test_what_cannot_be_or_is_too_small_teaches_nothing(sizes: dict[Kind, int], tokens: int) -> None:
    ratios = Ratios()
    ratios.teach(NEW, sizes, tokens)
    assert ratios.rows() == ()


def test_of_a_mixed_sample_the_greater_part_learns() -> None:
    ratios = taught(ENOUGH)
    ratios.teach(NEW, {Kind.prose: 1000, Kind.code: 3000}, 400 + 1500)
    assert ratios.of(NEW, Kind.code).likely == 500_000
    assert ratios.of(NEW, Kind.prose).likely == 400_000


def test_the_one_unknown_part_is_what_the_known_ones_leave() -> None:
    ratios = taught(ENOUGH)
    ratios.teach(NEW, {Kind.prose: 3000, Kind.tools: 2000}, 1200 + 700)
    assert ratios.of(NEW, Kind.tools).likely == 350_000


def test_hidden_tokens_are_taken_as_published_and_never_learned() -> None:
    ratios = Ratios()
    for _ in range(ENOUGH):
        ratios.teach(NEW, {Kind.prose: 1000, Kind.fixed: 346}, 746)
    assert ratios.tokens(NEW, {Kind.fixed: 346}) == Estimate(346, 346, 346)
    assert ratios.of(NEW, Kind.prose).likely == 400_000


def test_what_was_not_seen_yet_is_guessed_by_how_far_the_other_guesses_were_off() -> None:
    before = Ratios().of(NEW, Kind.data).likely
    guessed = Ratios().of(NEW, Kind.prose).likely
    after = taught(3, tokens=guessed // 1000 * 11 // 10).of(NEW, Kind.data).likely
    assert abs(after - before * 11 // 10) <= before // 50


def test_generations_do_not_mix() -> None:
    assert taught(5).of("pre-4.7", Kind.prose) == Ratios().of("pre-4.7", Kind.prose)


def test_a_local_models_tokens_are_converted_by_prompts_that_both_have_counted() -> None:
    ratios = Ratios()
    assert ratios.from_local(NEW, "qwen", 1000).likely == 1000
    for _ in range(ENOUGH):
        ratios.teach_local(NEW, "qwen", 1000, 1300)
    assert ratios.from_local(NEW, "qwen", 500) == Estimate(650, 650, 650)
    assert ratios.from_local(NEW, "llama", 500).likely == 500
    assert [(row.what, row.ratio.samples) for row in ratios.rows()] == [("local/qwen", ENOUGH)]


def test_what_was_learned_survives_being_written_down() -> None:
    ratios = taught(7)
    again = Ratios.from_json(ratios.as_json())
    assert again.rows() == ratios.rows()
    assert again.as_json() == ratios.as_json()


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"format":2,"learned":[]}', '{"format":1,"learned":[["a","b",1,[[1.5,2]]]]}',
     '{"format":1,"learned":[["a","b",1,[]]]}', '{"format":1,"learned":[["a"]]}', '{"format":1,"learned":7}',
     '{"format":1,"learned":[["a","b",1,[[0,2]]]]}'],
)  # fmt: skip
def test_anything_else_is_refused_as_such(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever its words.
        Ratios.from_json(text)


def test_estimates_are_stale_only_when_a_ratio_has_moved() -> None:
    ratios = taught(5)
    before = ratios.version
    ratios.teach(NEW, {Kind.prose: 1000}, 400)
    assert ratios.version == before
    for _ in range(6):
        ratios.teach(NEW, {Kind.prose: 1000}, 300)
    assert ratios.version > before


SIZES = st.dictionaries(st.sampled_from(list(Kind)), st.integers(0, 10**7), max_size=5)


@given(st.lists(st.tuples(SIZES, st.integers(-5, 10**7)), max_size=20), SIZES)
def test_no_sample_breaks_an_estimate(lessons: list[tuple[dict[Kind, int], int]], asked: dict[Kind, int]) -> None:
    ratios = Ratios()
    for sizes, tokens in lessons:
        ratios.teach(NEW, sizes, tokens)
    found = ratios.tokens(NEW, asked)
    assert 0 <= found.low <= found.likely <= found.high
    assert Ratios.from_json(ratios.as_json()).tokens(NEW, asked) == found


def test_true_ratios_are_found_in_mixed_noisy_samples() -> None:
    chance, ratios = random.Random(1), Ratios()
    truth = {Kind.prose: 0.22, Kind.code: 0.36, Kind.data: 0.45, Kind.tools: 0.28}
    for _ in range(400):
        first, second = chance.sample(list(truth), 2)
        sizes = {first: chance.randint(2000, 9000), second: chance.randint(200, 2500)}
        tokens = sum(units * truth[kind] * chance.gauss(1, 0.08) for kind, units in sizes.items())
        ratios.teach(NEW, sizes, round(tokens))
    assert all(abs(ratios.of(NEW, kind).likely / 1e6 / true - 1) < 0.02 for kind, true in truth.items())


def test_no_number_of_local_models_fills_the_memory() -> None:
    ratios = Ratios()
    for number in range(1000):
        ratios.teach_local(NEW, f"model {number}", 1000, 1100)
    assert len(ratios.rows()) <= 256
