"""Silences are followed by conversation, and what ends, or lasts, teaches how likely a return is."""

from proxy.keeper.hazard import Hazard, Mood
from proxy.keeper.pauses import FORGOTTEN_S, MOST_SILENT, Pauses, Said


def paused(*said: Said, at_s: float = 0.0) -> Pauses:
    """Begin with answers that have ended."""
    pauses = Pauses(Hazard())
    for one in said:
        pauses.came(one.thread, one.session, at_s)
        pauses.ended(one, at_s)
    return pauses


MAIN = Said("a/", "a")


def test_a_pause_that_ends_is_a_return_of_its_age() -> None:
    pauses = paused(MAIN)
    pauses.came("a/", "a", 330.0)
    assert pauses.hazard.pauses == 1
    assert pauses.hazard.rate(Mood.asked, 330) > Hazard().rate(Mood.asked, 330)


def test_a_silence_that_lasts_counts_before_it_ends() -> None:
    pauses = paused(*(Said(f"{n}/", "one") for n in range(20)))
    before, after = pauses.chance("0/", 290.0), pauses.chance("0/", 3600.0)
    assert after(290, 580) < before(290, 580) * 2 / 3


def test_an_agent_at_its_tools_is_expected_back() -> None:
    pauses = paused(Said("a/", "a", asks_tool=True), Said("b/", "a"))
    assert pauses.chance("a/", 290.0)(290, 580) > pauses.chance("b/", 290.0)(290, 580)


def test_another_session_that_begins_says_that_the_person_has_moved_on() -> None:
    pauses = paused(MAIN)
    before = pauses.chance("a/", 290.0)(290, 580)
    pauses.came("b/", "b", 290.0)
    assert pauses.chance("a/", 290.0)(290, 580) < before


def test_a_request_of_a_known_session_says_nothing_of_another() -> None:
    known, new = paused(MAIN), paused(MAIN)
    known.came("a/agent", "a", 290.0)
    new.came("b/", "b", 290.0)
    assert known.chance("a/", 290.0)(290, 580) > new.chance("a/", 290.0)(290, 580)


def test_who_is_silent_for_hours_is_forgotten_and_no_more_are_followed_than_there_is_room_for() -> None:
    pauses = paused(*(Said(f"{n}/", "one") for n in range(MOST_SILENT + 5)))
    assert pauses.age_s("0/", 60.0) is None
    assert pauses.age_s(f"{MOST_SILENT}/", 60.0) == 60.0
    pauses.ended(MAIN, FORGOTTEN_S + 1)
    assert pauses.age_s(f"{MOST_SILENT}/", FORGOTTEN_S + 2) is None


def test_who_comes_back_when_they_had_been_forgotten_says_nothing_of_those_who_are_silent_for_as_long() -> None:
    # A night is between two days' work, and the hours of it that nobody followed are counted nowhere.
    pauses = Pauses(Hazard())
    for night in range(200):
        pauses.came("a/", "a", night * 36_000.0)
        pauses.ended(MAIN, night * 36_000.0 + 10)
    assert pauses.hazard.rate(Mood.asked, FORGOTTEN_S + 1) <= Hazard().rate(Mood.asked, FORGOTTEN_S + 1)
