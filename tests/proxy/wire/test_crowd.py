"""Who makes room where too many connections are open, and how often that is said."""

from dataclasses import dataclass

from proxy.wire.crowd import LEAST, MOST_AGENTS, Seldom, most_agents, who_goes


@dataclass(eq=False)
class One:
    """A connection, as far as that is asked for."""

    busy: bool
    heard: float


def test_who_was_silent_the_longest_goes_and_nobody_who_is_being_answered():
    answered, silent, fresh, comer = One(True, 1), One(False, 2), One(False, 3), One(False, 0)
    assert who_goes([answered, silent, fresh, comer], comer) is silent
    assert who_goes([answered, comer], comer) is None


def test_the_same_is_said_once_a_minute():
    seldom = Seldom()
    assert [seldom.may(at) for at in (0, 1, 59, 60, 61, 119, 120)] == [True, False, False, True, False, False, True]


def test_there_is_room_for_some_agents_on_every_system():
    assert LEAST <= most_agents() <= MOST_AGENTS
