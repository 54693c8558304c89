"""A bad local answer: never shown by mistake, mended or escalated where that may be, kept and told where not."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import anthropic
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from budget.ledger import Entry, Mode, Outcome
from pricing.money import ZERO
from proxy.task import TaskClass, Tier
from proxy.upstream.local_model import LocalSetting
from tests.kit.boxed import ERROR, GOOD_CALL, MENDED, ROUND, TOOLS, WRONG_CALL, Fixed, begun, box
from tests.kit.claude.script import PLAIN
from tests.kit.fake_claude import KEY
from tests.kit.inproc import InProcess
from tests.kit.local_fake import Act, calls, chunk, ending, local_fake, says
from tests.kit.raw import Answer, Client, Truncated, ask, message, post
from tests.kit.scripted import eventually

BAD = {
    "a call of a tool that was not sent": WRONG_CALL,
    "a call that does not fit": Act(calls("get_weather", '{"town": "Rome"}')),
    "a call cut by the limit": Act(calls("get_weather", '{"city": "Ro')[:-400] + ending("length")),
    "nothing": Act(says()),
    "no finish": Act(chunk({"content": "I think so."}) + b"data: [DONE]\n\n"),
    "raw markers": Act(says("<|im_start|>assistant It is so.")),
    "in circles": Act(says(*[ROUND] * 60)),
    "announced only": Act(says("I will now call the get_weather tool.")),
    "an error": ERROR,
    "an error event": Act(b'data: {"error":{"message":"no"}}\n\n'),
    "a reset": Act(GOOD_CALL.body, cut_after=90),
    "a half": Act(GOOD_CALL.body, cut_after=90, politely=True),
    "not a byte": Act(b""),
}


def told(entry: Entry) -> str:
    """Write an entry's flags on one line."""
    return " | ".join(entry.flags)


def well_formed(answer: Answer) -> bool:
    """Tell whether a stream has one message from its start to its stop, and each block its own end."""
    names = [name for name, _ in answer.events if name != "ping"]
    starts, stops = names.count("content_block_start"), names.count("content_block_stop")
    return (names[0], names[-1], names.count("message_start"), starts) == ("message_start", "message_stop", 1, stops)


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("act", BAD.values(), ids=BAD.keys())
def test_a_bad_answer_is_never_seen_where_claude_may_be_asked(start, fake, act, stream):
    with box(act) as (_, settings):
        proxy = begun(start, settings)
        answer = ask(proxy.url, message("weather?", stream=stream, **TOOLS))
        *attempts, cloud = proxy.entries(2)
    assert (answer.status, answer.text) == (200, PLAIN)
    assert answer.headers["x-bursar-route"].startswith("anthropic/")
    assert "local first; escalated: " in answer.headers["x-bursar-reason"]
    assert "escalated: " in told(attempts[-1])
    assert all(entry.is_local and entry.charged == ZERO for entry in attempts)
    assert (cloud.is_local, cloud.outcome) == (False, Outcome.complete)
    assert len(fake.requests(path="/v1/messages")) == 1
    if stream:
        assert well_formed(answer)


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("act", BAD.values(), ids=BAD.keys())
def test_a_bad_answer_is_told_as_one_where_nobody_else_may_be_asked(start, fake, act, stream):
    with box(act) as (_, settings):
        proxy = begun(start, settings, mode=Mode.local)
        answer = ask(proxy.url, message("weather?", stream=stream, **TOOLS))
        attempts = proxy.entries(1)
    assert fake.requests() == []
    last = attempts[-1]
    if answer.status == 200:
        assert "judged: " in told(last)
        assert "kept: mode local" in told(last)
        assert b"Paris" not in answer.body
    else:
        assert "local" in answer.error["message"]
        assert "failed: " in told(last)


def test_a_second_attempt_held_to_the_schema_mends_a_wrong_call(start, fake):
    with box(WRONG_CALL, MENDED) as (local, settings):
        proxy = begun(start, settings)
        answer = ask(proxy.url, message("weather?", stream=True, **TOOLS))
        first, second = proxy.entries(2)
    assert well_formed(answer)
    (begin,) = [data for name, data in answer.events if name == "content_block_start"]
    assert begin["content_block"]["name"] == "get_weather"
    assert ("judged: a wrong call" in told(first), "retried" in first.flags) == (True, True)
    assert (first.labels.attempt, second.labels.attempt) == (0, 1)
    assert "judged" not in told(second)
    assert "second attempt" in answer.headers["x-bursar-reason"]
    assert (len(local.requests), fake.requests()) == (2, [])


def test_there_is_only_one_second_attempt(start, fake):
    with box(WRONG_CALL) as (local, settings):
        proxy = begun(start, settings)
        ask(proxy.url, message("weather?", **TOOLS))
        first, second, cloud = proxy.entries(3)
    assert len(local.requests) == 2
    assert ("retried" in first.flags, "retried" in second.flags) == (True, False)
    assert "escalated: a wrong call" in second.flags
    assert [entry.labels.attempt for entry in (first, second, cloud)] == [0, 1, 2]


@pytest.mark.parametrize("stream", [True, False])
def test_a_budget_too_small_for_claude_keeps_the_local_answer(start, fake, stream):
    with box(WRONG_CALL) as (_, settings):
        proxy = begun(start, settings, budget="0.001", cutoff="0.001")
        answer = ask(proxy.url, message("weather?", stream=stream, **TOOLS))
        entries = proxy.entries(2)
    assert answer.status == 200
    assert answer.headers["x-bursar-route"] == "box/fake-model"
    assert "kept: the cutoff leaves $0.00" in answer.headers["x-bursar-reason"]
    assert b"get_wether" in answer.body  # As it came: the agent tells the model that there is no such tool.
    assert all(entry.is_local for entry in entries)
    assert "kept: the cutoff leaves" in told(entries[-1])
    assert fake.requests(path="/v1/messages") == []


def test_without_money_and_without_a_usable_answer_the_agent_hears_both(start, fake):
    with box(Act(b"")) as (_, settings):
        proxy = begun(start, settings, budget="0.001", cutoff="0.001")
        answer = ask(proxy.url, message("weather?", **TOOLS))
        assert all("kept" not in told(entry) for entry in proxy.entries(1))
    assert answer.status == 502
    assert "the local model at box failed" in answer.error["message"]
    assert "not escalated: the cutoff leaves" in answer.error["message"]


@pytest.mark.parametrize("tier", [Tier.L0, Tier.L2])
def test_safe_work_is_never_escalated_for_its_quality_and_sensitive_work_began_at_claude(start, fake, tier):
    with box(WRONG_CALL) as (_, settings):
        money = {} if tier is Tier.L0 else {"budget": "0.001", "cutoff": "0.001"}
        proxy = begun(start, settings, tier=tier, **money)
        answer = ask(proxy.url, message("weather?", **TOOLS))
        assert answer.headers["x-bursar-route"] == "box/fake-model"
        why = "L0 stays local" if tier is Tier.L0 else "Claude was asked first"
        assert f"kept: {why}" in proxy.entries(2)[-1].flags
    assert fake.requests(path="/v1/messages") == []


@pytest.mark.parametrize("fault", ["status=529", "status=500", "drop", "reset", "status=401"])
@pytest.mark.parametrize("stream", [True, False])
def test_the_local_answer_is_given_after_all_if_claude_fails_before_a_byte(start, fake, fault, stream):
    with box(WRONG_CALL) as (_, settings):
        proxy = begun(start, settings)
        fake.next(fault)
        answer = ask(proxy.url, message("weather?", stream=stream, **TOOLS))
        entries = proxy.entries(3)
    assert (answer.status, answer.headers["x-bursar-route"]) == (200, "box/fake-model")
    assert "kept: Claude failed" in answer.headers["x-bursar-reason"]
    assert b"get_wether" in answer.body
    assert [entry.is_local for entry in entries] == [True, True, False]


def test_the_local_answer_is_given_after_all_if_claude_cannot_be_reached(start):
    with box(WRONG_CALL) as (_, settings):
        proxy = begun(start, settings, cloud="http://127.0.0.1:9")
        answer = ask(proxy.url, message("weather?", stream=True, **TOOLS))
        assert proxy.entries(3)[-1].outcome is Outcome.voided
    assert well_formed(answer)
    assert "kept: Claude failed" in answer.headers["x-bursar-reason"]


@pytest.mark.parametrize("stream", [True, False])
def test_a_stop_between_the_local_failure_and_claude_is_obeyed(start, fake, stream):
    with box(Act(WRONG_CALL.body, first_byte_s=0.3)) as (_, settings):
        proxy = begun(start, settings)
        stop = threading.Timer(0.1, proxy.ledger.stop)
        stop.start()
        answer = ask(proxy.url, message("weather?", stream=stream, **TOOLS))
        stop.join()
        assert "kept: stopped" in told(proxy.entries(2)[-1])
    assert b"get_wether" in answer.body
    assert fake.requests(path="/v1/messages") == []


def test_an_agent_that_leaves_while_its_answer_is_held_back_stops_the_model(start, fake):
    with box(Act(GOOD_CALL.body, hang_after=300)) as (local, settings):
        proxy = begun(start, settings)
        with Client(proxy.url) as client:
            client.send(post(proxy.url, message("weather?", stream=True, **TOOLS)))
            assert eventually(lambda: bool(local.requests))
            time.sleep(0.1)
        assert local.left.wait(5)
        (entry,) = proxy.entries(1)
    assert entry.outcome is Outcome.client_left
    assert fake.requests() == []


def test_an_agent_that_leaves_while_it_waits_for_money_leaves_one_entry_for_each_hold(start, fake):
    with box(WRONG_CALL) as (_, settings):
        proxy = begun(start, settings, budget="0.02", cutoff="0.02")
        slow = threading.Thread(
            target=ask, args=(proxy.url, message("[[long:3:400]]")), kwargs={"x_bursar_route": "cloud"}
        )
        slow.start()
        assert eventually(lambda: proxy.today.held > ZERO)
        with Client(proxy.url) as client:
            client.send(post(proxy.url, message("weather?", **TOOLS)))
            assert eventually(lambda: proxy.today.waiting == 1)
        slow.join()
        assert eventually(lambda: proxy.today.waiting == 0)
        entries = proxy.entries(3)
    assert sorted(entry.is_local for entry in entries) == [False, True, True]
    assert any("the agent left" in told(entry) for entry in entries)


def test_no_word_of_a_tool_turn_is_shown_before_the_whole_of_it_is_good(start, fake):
    body = says("I will look. ")[: -len(ending())] + GOOD_CALL.body
    with box(Act(body, piece=len(body) // 3, between_s=0.8)) as (_, settings):
        proxy = begun(start, settings)
        with Client(proxy.url) as client:
            client.send(post(proxy.url, message("weather?", stream=True, **TOOLS)))
            early = client.until(b"event: ping")
            assert b"message_start" not in early
            answer = client.answer()
    assert well_formed(answer)
    assert answer.text == "I will look. "


def test_a_text_flows_once_its_beginning_has_proved_good(start, fake):
    begin = chunk({"content": "A good beginning, in words that differ: " + " ".join(map(str, range(60)))})
    with box(Act(begin + says("The end."), hang_after=len(begin))) as (_, settings):
        proxy = begun(start, settings)
        with Client(proxy.url) as client:
            client.send(post(proxy.url, message("tell me", stream=True)))
            assert b"A good beginning" in client.until(b"text_delta")


@pytest.mark.parametrize("words", ["<|im_start|>assistant\nIt is so.", "assistant\nIt is so. " + "x y z " * 60])
def test_a_text_that_begins_badly_is_not_begun_to_be_shown(start, fake, words):
    with box(Act(says(words, "</think>"))) as (_, settings):
        proxy = begun(start, settings)
        assert ask(proxy.url, message("tell me", stream=True)).text == PLAIN


def test_a_model_that_goes_in_circles_is_not_waited_for(start, fake):
    circles = b"".join(chunk({"content": ROUND}) for _ in range(2000))
    with box(Act(circles, hang_after=len(circles))) as (local, settings):
        proxy = begun(start, settings)
        answer = ask(proxy.url, message("weather?", stream=True, **TOOLS))
        assert local.left.wait(5)
    assert answer.text == PLAIN
    assert "escalated: it repeats itself" in answer.headers["x-bursar-reason"]


def test_an_answer_ends_with_its_last_event_though_the_server_keeps_the_connection(start, fake):
    with box(Act(GOOD_CALL.body, hang_after=len(GOOD_CALL.body))) as (_, settings):
        proxy = begun(start, settings)
        answer = ask(proxy.url, message("weather?", stream=True, **TOOLS))
    assert well_formed(answer)


def test_the_sdk_reads_claude_s_answer_in_a_stream_that_was_opened_for_a_slow_local_one(start, fake):
    with box(Act(WRONG_CALL.body, first_byte_s=1.2)) as (_, settings):
        proxy = begun(start, settings)
        with (
            anthropic.Anthropic(api_key=KEY, base_url=proxy.url, max_retries=0) as client,
            client.messages.stream(**message("weather?", **TOOLS)) as stream,
        ):
            found = stream.get_final_message()
        assert "escalated: a wrong call" in told(proxy.entries(3)[1])
    assert [block.text for block in found.content] == [PLAIN]


def test_in_an_opened_stream_claude_s_refusal_becomes_an_error_event(start, fake):
    with box(Act(b"", first_byte_s=1.2)) as (_, settings):
        proxy = begun(start, settings)
        fake.next("status=529", "status=529")
        with pytest.raises(Truncated) as broken:
            ask(proxy.url, message("weather?", stream=True, **TOOLS))
    assert b"event: error" in broken.value.wire
    assert b"message_stop" not in broken.value.wire


def test_after_an_escalation_the_turn_stays_with_claude(start, fake):
    with box(WRONG_CALL) as (local, settings):
        proxy = begun(start, settings)
        ask(proxy.url, message("weather?", **TOOLS))
        asked = len(local.requests)
        assert ask(proxy.url, message("weather?", **TOOLS)).headers["x-bursar-route"].startswith("anthropic/")
        assert len(local.requests) == asked


def test_the_log_tells_each_attempt_and_why(start, fake):
    with box(WRONG_CALL) as (_, settings):
        proxy = begun(start, settings)
        ask(proxy.url, message("weather?", **TOOLS))
        proxy.entries(3)
        assert eventually(lambda: len(proxy.services.log.after(0)) == 6)
        lines = proxy.services.log.after(0)
    assert [line.route.split("/")[0] for line in lines if not line.outcome] == ["box", "box", "anthropic"]
    assert [line.outcome for line in lines if line.outcome] == ["complete"] * 3
    assert "escalated: a wrong call" in [line.reason for line in lines if not line.outcome][-1]


def test_a_session_whose_local_turns_failed_begins_with_claude_for_a_while(start, fake):
    metadata = {"metadata": {"user_id": '{"session_id": "s-1"}'}}
    with box(WRONG_CALL) as (local, settings):
        proxy = begun(start, settings)
        for number in range(2):
            ask(proxy.url, message(f"weather {number}?", **TOOLS, **metadata))
        asked = len(local.requests)
        answer = ask(proxy.url, message("weather 3?", **TOOLS, **metadata))
        assert (asked, len(local.requests)) == (4, 4)
    assert "Claude, as local answers failed in this session" in answer.headers["x-bursar-reason"]


def test_good_turns_between_two_bad_ones_keep_a_session_local(start, fake):
    metadata = {"metadata": {"user_id": '{"session_id": "s-2"}'}}
    # Each bad turn has two attempts.
    with box(ERROR, ERROR, *[GOOD_CALL] * 10, ERROR, ERROR, GOOD_CALL) as (_, settings):
        proxy = begun(start, settings)
        for number in range(12):
            proxy.services.locals.refresh()
            ask(proxy.url, message(f"weather {number}?", **TOOLS, **metadata))
        proxy.services.locals.refresh()
        answer = ask(proxy.url, message("weather again?", **TOOLS, **metadata))
    assert answer.headers["x-bursar-route"] == "box/fake-model"


def test_an_announcement_counts_only_where_something_was_to_be_done(start, fake):
    with box(BAD["announced only"]) as (_, settings):
        proxy = begun(start, settings)
        proxy.services.classifier = Fixed(Tier.L1, TaskClass.explanation)
        answer = ask(proxy.url, message("what would you do?", **TOOLS))
    assert answer.headers["x-bursar-route"] == "box/fake-model"


@pytest.mark.parametrize("mode", [Mode.cloud, Mode.observe])
def test_where_claude_is_asked_first_nothing_of_this_happens(start, fake, mode):
    with box(WRONG_CALL) as (local, settings):
        proxy = begun(start, settings, mode=mode)
        assert ask(proxy.url, message("weather?", **TOOLS)).text == PLAIN
        assert local.requests == []


def test_a_next_local_server_is_tried_when_the_first_one_is_down(start, fake):
    with local_fake(ERROR) as first, local_fake(GOOD_CALL) as second:
        servers = tuple(
            LocalSetting(name, local.url, "openai", ("fake-model",), context=32768, tools=True)
            for name, local in (("one", first), ("two", second))
        )
        proxy = begun(start, {"servers": servers}, mode=Mode.local)
        answer = ask(proxy.url, message("weather?", **TOOLS))
        assert "one failed" in answer.headers["x-bursar-reason"]
    assert answer.headers["x-bursar-route"] == "two/fake-model"
    assert fake.requests() == []


SHORT = {name: replace(act, first_byte_s=0.0) for name, act in BAD.items() if name != "in circles"}


@examples(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from([GOOD_CALL, MENDED, *SHORT.values()]), min_size=1, max_size=4),
    st.sampled_from(["", "", "status=529", "drop", "reset", "cut=300", "no-stop"]),
    st.booleans(),
    st.sampled_from([Tier.L0, Tier.L1, Tier.L2]),
    st.sampled_from([Mode.auto, Mode.local]),
)
def test_whatever_fails_each_hold_becomes_one_entry_and_half_an_answer_never_looks_whole(
    one_fake, acts, fault, stream, tier, mode
):
    one_fake.reset()
    one_fake.next(fault)
    with TemporaryDirectory() as folder, box(*acts) as (local, setup):
        with InProcess(Path(folder), one_fake.url, mode=mode, **setup) as proxy:
            proxy.services.classifier = Fixed(tier)
            answer, wire = None, b""
            try:
                answer = ask(proxy.url, message("weather?", stream=stream, **TOOLS))
            except Truncated as broken:
                wire = broken.wire
            assert b"message_stop" not in wire
            entries = proxy.entries(1)  # Nothing is held any more, and the books agree.
        if answer and answer.status == 200 and stream:
            assert well_formed(answer)
        assert sum(entry.is_local for entry in entries) == len(local.requests)
        assert len(entries) - len(local.requests) == len(one_fake.requests(path="/v1/messages"))
        assert len({entry.hold_id for entry in entries}) == len(entries)
        if mode is Mode.local:
            assert one_fake.requests() == []
