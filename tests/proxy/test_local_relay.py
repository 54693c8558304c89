"""The local relay alone: any bytes, any cut, any end – settled once, never ended as if whole when it was not."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budget.ledger import Settlement
from proxy.curtain import FIRST_CHARS, Curtain, begins_wrong
from proxy.decision import Escalation
from proxy.escalate import Judgement, weigh
from proxy.local_relay import LocalHooks, LocalRelay, _unreached
from proxy.toolcalls.signals import Signal, signals
from proxy.translate.errors import Trouble, failure
from proxy.translate.reading import Reading
from proxy.translate.request import Translated
from proxy.translate.response import Folded
from proxy.translate.stream import AnthropicStream
from proxy.tried import Tried
from proxy.wire.answer import LEFT, STOPPED, Ending, Ready, Tail, Whole
from tests.kit.local_fake import calls, chunk, ending, says

FUNCTION = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
TOOLS = Translated(b"", 100, 10, ("f",), functions=(FUNCTION,))
LONG = "It is said in words that differ: " + " ".join(map(str, range(200)))
BODIES = {
    "words": says("Hello ", "there."),
    "many words": says(*LONG.split(" 1")),
    "a call": calls("f", '{"x": "y"}'),
    "a wrong call": calls("g", '{"x": "y"}'),
    "words and a call": says("Look. ")[: -len(ending())] + calls("f", "{}"),
    "an error": chunk({"content": "Well "}) + b'data: {"error":{"message":"no"}}\n\n',
    "rubbish": b"data: {]\n\n\xff\xfe<html>",
    "nothing": b"",
}


@dataclass
class Books:
    """What the relay told: its settlements, and what it tried."""

    settled: list[Settlement] = field(default_factory=list)
    heard: int = 0

    def hooks(self, *, goes_on: bool) -> LocalHooks:
        return LocalHooks(
            judge=lambda reading, trouble, ending: weigh(trouble, signals(reading.heard), "freely"),
            heard=self._hear,
            settle=self._settle,
            follow=lambda tried: (lambda: Whole(299, [])) if goes_on else "mode local",
            cost=lambda speed, elapsed_ms: None,
            own=lambda reason: [],
            gives_up=goes_on,
        )

    def _hear(self, reading: Reading, judgement: Judgement, ending: Ending) -> None:
        self.heard += 1

    def _settle(self, settlement: Settlement) -> Future[Any]:
        self.settled.append(settlement)
        return Future()


def relay_of(books: Books, *, stream: bool, tools: bool, goes_on: bool) -> LocalRelay:
    make = AnthropicStream if stream else Folded
    engine = make("claude-x", TOOLS if tools else None)
    return LocalRelay("box", engine, books.hooks(goes_on=goes_on), holds_all=tools)


def run(relay: LocalRelay, body: bytes, cuts: list[int], end: Ending, detail: str) -> tuple[bytes, Tail]:
    """Feed a body in pieces; give what was shown, and the tail."""
    relay.head(200, [])
    shown, last = b"", 0
    for cut in [*sorted({cut % (len(body) + 1) for cut in cuts}), len(body)]:
        shown += relay.feed(body[last:cut])
        last = cut
    return shown, relay.finish(end, detail)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(sorted(BODIES)),
    st.integers(0, 4000),
    st.lists(st.integers(0, 4000), max_size=12),
    st.sampled_from(
        [
            (Ending.complete, ""),
            (Ending.truncated, "it closed the connection"),
            (Ending.silent, "nothing came for 120 s"),
            (Ending.unanswered, "reset"),
            (Ending.never_sent, "refused"),
            (Ending.never_sent, LEFT),
            (Ending.client_left, LEFT),
            (Ending.stopped, STOPPED),
        ]
    ),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_whatever_comes_it_is_settled_once_and_a_half_is_never_given_for_the_whole(
    name: str, cut: int, cuts: list[int], end: tuple[Ending, str], stream: bool, tools: bool, goes_on: bool
) -> None:
    whole = BODIES[name]
    body = whole[: min(cut, len(whole))]
    books = Books()
    shown, tail = run(relay_of(books, stream=stream, tools=tools, goes_on=goes_on), body, cuts, *end)
    if tools:
        assert shown == b""
    # What was whole when bursar stops is judged all the same.
    given_up = end[1] == LEFT or (end[1] == STOPPED and not books.heard)
    assert not (given_up and end[1] == STOPPED and b"[DONE]" in body)
    assert books.heard == (not given_up)
    if tail.then:
        assert (goes_on, given_up, shown) == (True, False, b"")
        assert books.settled == []
        assert tail.lost
        tail.lost()
        tail.lost()
    assert len(books.settled) == 1
    # Some servers leave out the mark at the end, and all that comes after the reason for it.
    if b'"finish_reason": "' not in body:
        assert b"message_stop" not in shown + tail.data
        assert tail.then or (tail.whole and tail.whole.status >= 400) or not tail.clean
    elif b"[DONE]" in body and tail.then is None and tail.whole is None:
        assert (shown + tail.data).count(b"event: message_stop") == 1
        assert tail.clean


@pytest.mark.parametrize("stream", [True, False])
def test_what_was_tried_can_be_given_later_and_counts_once(stream: bool) -> None:
    kept: list[Tried] = []
    books = Books()
    hooks = books.hooks(goes_on=True)
    object.__setattr__(hooks, "follow", lambda tried: kept.append(tried) or (lambda: Whole(299, [])))
    make = AnthropicStream if stream else Folded
    relay = LocalRelay("box", make("claude-x", TOOLS), hooks, holds_all=True)
    _, tail = run(relay, BODIES["a wrong call"], [], Ending.complete, "")
    assert tail.then
    (tried,) = kept
    tried.close("escalated: a wrong call")
    answer = tried.answer("L1; kept: Claude failed")
    tried.close("kept: nothing")
    assert [one.flags[-1] for one in books.settled] == ["escalated: a wrong call"]
    if stream:
        assert isinstance(answer, Ready)
        assert answer.data.count(b"event: message_stop") == 1
    else:
        assert isinstance(answer, Whole)
        assert b'"tool_use"' in answer.body


def test_an_answer_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxy.curtain.MOST_HELD", 10_000)
    books = Books()
    relay = relay_of(books, stream=True, tools=True, goes_on=False)
    relay.head(200, [])
    for _ in range(200):
        relay.feed(chunk({"content": LONG}))
    assert relay.has_all()
    tail = relay.finish(Ending.complete, "")
    assert tail.whole
    assert tail.whole.status == 402
    assert "failed: its answer has no end" in books.settled[0].flags


# --- the curtain and the judgement ------------------------------------------------------------------------------


def test_a_beginning_is_shown_in_one_piece_once_it_is_long_enough() -> None:
    curtain = Curtain(stays=False)
    words = LONG[:FIRST_CHARS]
    assert curtain.take(b"a", lambda: words[:-1]) == b""
    assert curtain.take(b"b", lambda: words) == b"ab"
    assert curtain.take(b"c", lambda: "never asked for") == b"c"


def test_a_beginning_that_is_wrong_stays_behind_to_the_end() -> None:
    curtain = Curtain(stays=False)
    assert curtain.take(b"a", lambda: "<|im_start|>" + LONG) == b""
    assert curtain.take(b"b", lambda: LONG) == b""
    assert (curtain.is_open, curtain.rest()) == (False, b"ab")


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("assistant\nIt is so.", True),
        (" Assistant: it is so.", True),
        ("\ufffd\ufffd is", True),
        ("Assistants are helpful.", False),
        ("It is so.", False),
    ],
)
def test_no_answer_begins_with_a_role_or_a_broken_character(text: str, wrong: bool) -> None:
    assert begins_wrong(text) is wrong


@pytest.mark.parametrize(
    ("seen", "escalation", "good"),
    [
        ((), "freely", True),
        ((Signal.WRONG_CALL,), "never", False),
        ((Signal.EMPTY,), "on_failure", False),
        ((Signal.SAME_CALL,), "on_failure", False),
        ((Signal.PROMPT_CUT,), "never", False),
        ((Signal.LANGUAGE,), "on_failure", True),
        ((Signal.LANGUAGE,), "freely", False),
        ((Signal.SLOW,), "freely", True),
        ((Signal.NEARLY_FULL, Signal.SLOW), "freely", True),
        ((Signal.NEARLY_FULL, Signal.EMPTY), "freely", False),
    ],
)
def test_which_sign_counts_for_which_turn(seen: tuple[Signal, ...], escalation: Escalation, good: bool) -> None:
    assert weigh(None, seen, escalation).is_good is good


def test_what_speaks_against_the_model_alone_is_told_all_the_same() -> None:
    judgement = weigh(None, (Signal.SLOW,), "freely")
    assert (judgement.signals, judgement.why) == ((Signal.SLOW,), "")
    assert weigh(None, (Signal.SLOW,), "on_failure").signals == ()


def test_a_call_that_was_forced_is_no_answer() -> None:
    judgement = weigh(None, (Signal.FORCED,), "never")
    assert judgement.trouble
    assert (judgement.may_mend, judgement.trouble.retry) == (False, False)


@pytest.mark.parametrize(
    ("trouble", "seen", "mends"),
    [
        (None, (Signal.WRONG_CALL,), True),
        (None, (Signal.NOT_CALLED,), True),
        (None, (Signal.WRONG_CALL, Signal.REPETITION), False),
        (None, (Signal.EMPTY,), False),
        (None, (), False),
        (failure("it stopped in the middle"), (), True),
        (failure("it takes no images", retry=False), (), False),
        (Trouble(529, "overloaded_error", "", "it is busy", retry=True), (), False),
        (Trouble(400, "invalid_request_error", "", "it does not fit"), (), False),
    ],
)
def test_what_a_second_attempt_can_mend(trouble: Trouble | None, seen: tuple[Signal, ...], mends: bool) -> None:
    assert weigh(trouble, seen, "freely").may_mend is mends


def test_a_server_that_could_not_be_reached_is_not_asked_the_same_again() -> None:
    assert not weigh(failure("it cannot be reached"), (), "freely", was_answered=False).may_mend


def test_the_worse_of_two_answers_comes_after() -> None:
    ranked = [
        Judgement((Signal.WRONG_CALL,)),
        Judgement((Signal.EMPTY, Signal.REPETITION)),
        weigh(failure("no"), (), "never"),
    ]
    assert [one.badness for one in ranked] == sorted(one.badness for one in ranked)


def test_a_port_where_nothing_listens_is_said_in_plain_words() -> None:
    said = _unreached("box", "connection refused")
    assert said == "box cannot be reached: nothing answers at its address"
