"""Sessions: what is remembered of turns and sessions, within bounds and from many threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from proxy.request import AgentRequest, read
from proxy.route import Route
from proxy.sessions import Memory, Sessions
from proxy.task import Tier
from tests.kit import bodies

LOCAL = Route("ollama", "qwen", is_local=True)
CLOUD = Route("claude", "claude-opus-5-5", is_local=False)


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 21, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at


def asked(words: str = "Rename it", session: str = "s1", agent: str = "") -> AgentRequest:
    return read(bodies.encode(bodies.main_turn(words)), bodies.headers(session, agent))


def test_a_new_request_is_not_remembered() -> None:
    assert Sessions(Clock()).recall(asked()) == Memory(None, None, Tier.L0)


def test_a_turn_keeps_its_route_and_its_highest_tier() -> None:
    sessions = Sessions(Clock())
    sessions.remember(asked(), LOCAL, Tier.L1)
    sessions.remember(asked(), CLOUD, Tier.L2)
    sessions.remember(asked(), CLOUD, Tier.L1)
    assert sessions.recall(asked()) == Memory(CLOUD, Tier.L2, Tier.L0, asked().model)


def test_the_next_turn_starts_afresh_but_the_session_is_known() -> None:
    sessions = Sessions(Clock())
    sessions.saw(asked().session, Tier.L1)
    sessions.remember(asked(), LOCAL, Tier.L1)
    assert sessions.recall(asked("Another thing")) == Memory(None, None, Tier.L1)


def test_restricted_once_is_restricted_for_the_whole_session_with_its_agents() -> None:
    sessions = Sessions(Clock())
    sessions.saw("s1", Tier.L3)
    sessions.remember(asked(), CLOUD, Tier.L0)
    assert sessions.recall(asked(agent="a1")).session_tier is Tier.L3
    assert sessions.recall(asked(session="s2")).session_tier is Tier.L0


def test_after_a_compaction_the_turn_goes_on_where_it_was() -> None:
    sessions = Sessions(Clock())
    sessions.remember(asked(), LOCAL, Tier.L1)
    compacted = asked("This session is being continued from a previous conversation. It was about names.")
    assert compacted.turn.text == ""
    assert sessions.recall(compacted).sticky == LOCAL


def test_a_turn_of_yesterday_is_forgotten_a_restriction_is_not() -> None:
    clock = Clock()
    sessions = Sessions(clock)
    sessions.saw(asked().session, Tier.L3)
    sessions.remember(asked(), LOCAL, Tier.L3)
    clock.at += timedelta(hours=13)
    assert sessions.recall(asked()) == Memory(None, None, Tier.L3)


def test_memory_is_bounded_and_the_least_used_goes_first() -> None:
    sessions = Sessions(Clock(), most_turns=2, most_sessions=2)
    for name in ("s1", "s2"):
        sessions.remember(asked(session=name), LOCAL, Tier.L2)
    sessions.remember(asked(session="s1"), LOCAL, Tier.L2)
    sessions.remember(asked(session="s3"), LOCAL, Tier.L2)
    assert sessions.recall(asked(session="s1")).sticky == LOCAL
    assert sessions.recall(asked(session="s2")) == Memory()
    assert sessions.recall(asked(session="s3")).sticky == LOCAL


def test_many_threads_leave_it_whole() -> None:
    sessions = Sessions(Clock(), most_turns=50, most_sessions=20)
    request = asked()

    def work(number: int) -> None:
        mine = replace(request, session=f"s{number % 40}", turn=replace(request.turn, key=f"k{number % 90}"))
        sessions.remember(mine, LOCAL, Tier(number % 4))
        sessions.recall(mine)
        sessions.saw(mine.session, Tier.L1)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(4000)))
    assert len(sessions._turns) == 50
    assert len(sessions._tiers) == 20


def test_the_last_turns_tell_how_long_the_next_one_is_likely_to_be() -> None:
    sessions = Sessions(Clock())
    for words, requests in (("one", 2), ("two", 3)):
        for _ in range(requests):
            sessions.remember(asked(words), CLOUD, Tier.L1)
        if words == "one":
            assert sessions.turn_length(asked("new")) is None
    assert sessions.turn_length(asked("new")) == 8  # 5 requests of 2 turns, and 9 of each of 8 usual ones: 7.7
    assert sessions.turn_length(asked("new", agent="a1")) is None


def test_a_summary_is_no_turn_for_the_next_request_to_go_on_with() -> None:
    sessions = Sessions(Clock())
    sessions.remember(asked(), LOCAL, Tier.L1)
    sessions.remember(asked("Your task is to write a detailed summary"), CLOUD, Tier.L2, "compaction")
    compacted = asked("This session is being continued from a previous conversation. It was about names.")
    assert sessions.recall(compacted).sticky == LOCAL
