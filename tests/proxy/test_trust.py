"""What is remembered of local models that failed: who is left alone, for how long, and that it is tried again."""

from __future__ import annotations

import threading

import pytest

from proxy.trust import MODEL, SESSION_REST, TOOL, Trust

NONE = frozenset[str]()


class Watch:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def doubt(trust: Trust, turn: str, *, session: str = "s", tools: frozenset[str] = NONE) -> str | None:
    return trust.doubt("box", "m", session=session, turn=turn, tools=tools)


def failed_twice() -> Trust:
    trust = Trust()
    for turn in ("a", "b"):
        trust.turned_out("s", turn, good=False)
    return trust


def test_one_failed_turn_is_none() -> None:
    trust = Trust()
    for _ in range(5):
        trust.turned_out("s", "a", good=False)
    assert doubt(trust, "b") is None


def test_after_two_failed_turns_the_next_five_are_claude_s_and_then_it_is_tried_again() -> None:
    trust = failed_twice()
    rested = [doubt(trust, f"next {number}") is not None for number in range(SESSION_REST + 1)]
    assert rested == [True] * SESSION_REST + [False]
    assert doubt(trust, "later") is None


def test_a_turn_of_many_requests_counts_once_in_a_session_s_rest() -> None:
    trust = failed_twice()
    assert all(doubt(trust, "long") for _ in range(20))
    assert doubt(trust, "the one after")


def test_another_session_is_not_concerned() -> None:
    assert doubt(failed_twice(), "x", session="other") is None


def test_failures_of_long_ago_do_not_count() -> None:
    trust = Trust()
    trust.turned_out("s", "a", good=False)
    for number in range(10):
        trust.turned_out("s", f"good {number}", good=True)
    trust.turned_out("s", "b", good=False)
    assert doubt(trust, "x") is None


def test_a_tool_that_fails_is_doubted_in_turns_that_use_it_and_only_for_a_while() -> None:
    watch = Watch()
    trust = Trust(watch)
    for is_right in (True, False, True, False, False):
        trust.answered("box", "m", good=True, calls=(("Edit", is_right), ("Read", True)))
    assert doubt(trust, "t", tools=frozenset({"Read", "Edit"})) == "m fails at calling Edit"
    assert doubt(trust, "t", tools=frozenset({"Read"})) is None
    assert trust.doubt("box", "other", session="s", turn="t", tools=frozenset({"Edit"})) is None
    watch.now = TOOL.lasts_s + 1
    assert doubt(trust, "t", tools=frozenset({"Edit"})) is None


def test_a_model_that_fails_half_the_time_is_left_alone_for_ten_minutes() -> None:
    watch = Watch()
    trust = Trust(watch)
    for number in range(9):
        assert doubt(trust, "t") is None
        trust.answered("box", "m", good=bool(number % 2))
    assert doubt(trust, "t") == "m failed too often"
    assert [(each.what, each.why) for each in trust.snapshot()] == [("box/m", "its answers failed")]
    watch.now = MODEL.lasts_s + 1
    assert (doubt(trust, "t"), trust.snapshot()) == (None, ())


def test_a_model_that_fails_now_is_left_alone_until_that_has_faded() -> None:
    watch = Watch()
    trust = Trust(watch)
    for good in (True, True, False, False, False):
        assert doubt(trust, "t") is None
        trust.answered("box", "m", good=good)
    assert doubt(trust, "t") == "m failed 3 of its last 5 answers"
    assert [(each.what, each.why) for each in trust.snapshot()] == [("box/m", "its answers failed")]
    # 0.784 of its answers failed, the newest weighing most: under 0.35 after a bit more than 300 s.
    watch.now = 300.0
    assert doubt(trust, "t") is not None
    watch.now = 360.0
    assert (doubt(trust, "t"), trust.snapshot()) == (None, ())


def test_one_more_failure_after_a_rest_is_enough_and_good_answers_end_it() -> None:
    watch = Watch()
    trust = Trust(watch)
    for _ in range(3):
        trust.answered("box", "m", good=False)
    watch.now = 150.0
    trust.answered("box", "m", good=False)
    assert doubt(trust, "t") is not None
    trust.answered("box", "m", good=True)
    trust.answered("box", "m", good=True)
    assert doubt(trust, "t") is None


def test_a_good_model_with_some_failures_is_not_left_alone() -> None:
    trust = Trust()
    for number in range(20):
        trust.answered("box", "m", good=number % 3 > 0)
    assert doubt(trust, "t") is None


def test_what_is_kept_has_a_limit() -> None:
    trust = Trust(most=10)
    for number in range(100):
        trust.turned_out(f"s{number}", "a", good=False)
        trust.answered("box", f"m{number}", good=False, calls=((f"t{number}", False),))
    assert len(trust._sessions) == len(trust._tools) == len(trust._models) == 10


def test_the_snapshot_names_no_session() -> None:
    trust = failed_twice()
    for _ in range(3):
        trust.answered("box", "m", good=True, calls=(("Edit", False),))
    assert [each.what for each in trust.snapshot()] == ["1 session", "Edit at box/m"]


@pytest.mark.parametrize("number", [8])
def test_many_threads_may_use_it(number: int) -> None:
    trust = Trust(most=5)

    def use(name: str) -> None:
        for turn in range(200):
            trust.turned_out(name, str(turn), good=turn % 2 > 0)
            trust.answered("box", name, good=True, calls=((name, True),))
            doubt(trust, str(turn), session=name)
            trust.snapshot()

    threads = [threading.Thread(target=use, args=(str(each),)) for each in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(trust._sessions) <= 5


def test_a_session_that_is_only_asked_about_rests_no_shorter() -> None:
    trust = failed_twice()
    for number in range(20):
        asked = trust.doubt("box", "m", session="s", turn=f"told {number}", tools=NONE, counts=False)
        assert asked is not None
    rested = [doubt(trust, f"next {number}") is not None for number in range(SESSION_REST + 1)]
    assert rested == [True] * SESSION_REST + [False]
