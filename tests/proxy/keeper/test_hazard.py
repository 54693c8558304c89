"""How likely a conversation goes on is learned from pauses, those that last included."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.keeper.hazard import EDGES, PRIOR, Hazard, Mood

AGES = st.floats(0, 20_000)
PAUSES = st.lists(st.tuples(st.sampled_from(Mood), st.floats(0, 20_000), st.booleans()), max_size=40)


def learned(pauses: list[tuple[Mood, float, bool]]) -> Hazard:
    """Learn from pauses: their mood, how long they lasted, and whether they ended."""
    hazard = Hazard()
    for mood, age_s, is_over in pauses:
        hazard.silent(mood, 0.0, age_s)
        if is_over:
            hazard.returned(mood, age_s)
    return hazard


@pytest.mark.parametrize("mood", Mood)
def test_what_nothing_was_seen_of_is_the_prior(mood: Mood) -> None:
    assert [Hazard().rate(mood, age_s) for age_s in EDGES] == pytest.approx(PRIOR[mood])


def test_by_the_prior_half_of_all_turns_go_on_within_four_minutes_and_one_in_five_never() -> None:
    # Of the pauses that end, half do within 135 s; one turn in five is the session's last.
    assert Hazard().chance(Mood.asked, 0, 240) == pytest.approx(0.5, abs=0.06)
    assert Hazard().chance(Mood.asked, 0, 7200) == pytest.approx(0.78, abs=0.05)


def test_an_agent_that_works_comes_back_sooner_than_a_person_and_a_sub_agent_that_is_done_does_not() -> None:
    chances = [Hazard().chance(mood, 290, 580) for mood in (Mood.working, Mood.asked, Mood.moved_on, Mood.done)]
    assert chances == sorted(chances, reverse=True)
    assert chances[0] > 0.5
    assert chances[-1] < 0.01


def test_twenty_returns_of_ones_own_outweigh_the_prior() -> None:
    # Who comes back after six minutes each time: of 20 silences of that age all ended in that stretch.
    hazard = learned([(Mood.asked, 360.0, True)] * 20)
    assert hazard.chance(Mood.asked, 290, 400) > 3 * Hazard().chance(Mood.asked, 290, 400)


def test_silences_that_last_make_a_return_less_likely() -> None:
    hazard = learned([(Mood.asked, 3600.0, False)] * 20)
    assert hazard.chance(Mood.asked, 290, 580) < Hazard().chance(Mood.asked, 290, 580) / 2


def test_one_mood_says_nothing_of_another() -> None:
    hazard = learned([(Mood.working, 360.0, True)] * 50)
    assert hazard.rate(Mood.asked, 300) == Hazard().rate(Mood.asked, 300)


def test_a_chance_that_was_given_does_not_learn_with_the_original() -> None:
    hazard = Hazard()
    given = hazard.chances(Mood.asked, ())
    hazard.silent(Mood.asked, 0, 9000)
    assert given(290, 580) == Hazard().chance(Mood.asked, 290, 580)


@given(PAUSES, st.sampled_from(Mood), st.lists(st.tuples(AGES, AGES)), AGES, AGES)
def test_silences_that_last_count_as_if_they_were_learned(
    pauses: list[tuple[Mood, float, bool]], mood: Mood, lasting: list[tuple[float, float]], one: float, two: float
) -> None:
    hazard = learned(pauses)
    chance = hazard.chances(mood, lasting)(min(one, two), max(one, two))
    for since_s, until_s in lasting:
        hazard.silent(mood, since_s, until_s)
    assert chance == hazard.chance(mood, min(one, two), max(one, two))


@given(PAUSES, st.sampled_from(Mood), AGES, AGES, AGES)
def test_a_chance_is_one_and_grows_with_the_time_that_is_waited(
    pauses: list[tuple[Mood, float, bool]], mood: Mood, one: float, two: float, three: float
) -> None:
    begin, middle, end = sorted((one, two, three))
    hazard = learned(pauses)
    first, whole = hazard.chance(mood, begin, middle), hazard.chance(mood, begin, end)
    assert 0 <= first <= whole <= 1
    # Not to be back by the end is not to be back by the middle, and then not by the end.
    rest = hazard.chance(mood, middle, end)
    assert math.isclose(1 - whole, (1 - first) * (1 - rest), rel_tol=1e-6, abs_tol=1e-9)
