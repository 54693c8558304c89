"""Requests that a local model answers: free, translated, and never silently moved to a cloud (FAULTS.md F20)."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from budget.ledger import Mode, Outcome
from budget.weekbooks import read
from pricing.money import ZERO
from proxy.task import Tier
from proxy.upstream.local_model import LocalSetting
from tests.kit.boxed import begun, box
from tests.kit.local_fake import DONE, Act, LocalFake, calls, chunk, local_fake, usage
from tests.kit.raw import Client, Truncated, ask, message, post
from tests.kit.scripted import eventually

GOOD = Act(chunk({"content": "Hello "}) + chunk({"content": "there."}) + chunk({}, "stop") + usage(100, 10, 40) + DONE)
STREAM = {"stream": True}
LONG = " ".join(str(number) for number in range(100))


@contextmanager
def server(*acts: Act) -> Iterator[tuple[LocalFake, tuple[LocalSetting, ...]]]:
    with local_fake(*(acts or (GOOD,))) as local:
        yield local, (LocalSetting("box", local.url, "openai", ("fake-model",), context=32768, tools=True),)


@pytest.mark.parametrize("stream", [True, False])
def test_a_local_answer_costs_nothing_and_is_counted(start, fake, stream):
    with server() as (local, servers):
        proxy = start(mode=Mode.local, servers=servers)
        answer = ask(proxy.url, message("hello", stream=stream))
        assert (answer.status, answer.text) == (200, "Hello there.")
        assert answer.headers["x-bursar-route"] == "box/fake-model"
        (entry,) = proxy.entries(1)
    assert (entry.outcome, entry.charged, entry.is_local) == (Outcome.complete, ZERO, True)
    assert (entry.usage.input, entry.usage.cache_read, entry.usage.output) == (60, 40, 10)
    assert fake.requests() == []
    assert len(local.requests) == 1


def test_the_agent_s_key_does_not_go_to_a_local_server(start, fake):
    with server() as (local, servers):
        ask(start(mode=Mode.local, servers=servers).url, message("hello"))
        assert "x-api-key" not in {name.lower() for name in local.headers[-1]}


def test_the_answer_names_the_model_that_was_asked_for(start, fake):
    with server() as (_, servers):
        answer = ask(start(mode=Mode.local, servers=servers).url, message("hello", model="claude-opus-5-5"))
    assert answer.json["model"] == "claude-opus-5-5"


def test_a_tool_call_reaches_the_agent_with_an_id_of_the_api_s_kind(start, fake):
    call = Act(calls("get_weather", '{"city": "Paris"}'))
    tools = [{"name": "get_weather", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}}]
    with server(call) as (_, servers):
        answer = ask(start(mode=Mode.local, servers=servers).url, message("weather?", tools=tools))
    (block,) = answer.json["content"]
    assert (block["name"], block["input"], answer.json["stop_reason"]) == ("get_weather", {"city": "Paris"}, "tool_use")
    assert block["id"].startswith("toolu_")


def test_a_repaired_call_and_a_wrong_one_are_told_on_the_entry(start, fake):
    broken = Act(calls("get_weather", '{"city": "Paris"'))
    wrong = Act(calls("get_wether", "{}"))  # Also what the second attempt gives.
    tools = [{"name": "get_weather", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}}]
    with server(broken, wrong) as (_, servers):
        proxy = start(mode=Mode.local, servers=servers)
        assert ask(proxy.url, message("weather?", tools=tools)).json["content"][0]["input"] == {"city": "Paris"}
        ask(proxy.url, message("weather?", tools=tools))
        flags = [entry.flags for entry in proxy.entries(2)]
    assert flags[0] == ("repaired call: missing closing braces",)
    assert flags[-1] == (
        "judged: a wrong call",
        "wrong call: it names a tool that was not sent",
        "kept: mode local",
    )


@pytest.mark.parametrize(
    "act",
    [
        Act(
            status=500, body=b'{"error":{"message":"Unexpected empty grammar stack"}}', content_type="application/json"
        ),
        Act(GOOD.body, cut_after=0),
        Act(GOOD.body, cut_after=60),
        Act(b'data: {"error":{"message":"no"}}\n\n'),
        Act(b""),
    ],
    ids=["status 500", "cut before a byte", "cut in the first event", "error in a 200", "nothing"],
)
@pytest.mark.parametrize("stream", [True, False])
def test_a_local_failure_in_mode_local_is_named_and_never_moves_to_the_cloud(start, fake, act, stream):
    with server(act) as (_, servers):
        proxy = start(mode=Mode.local, servers=servers)
        answer = ask(proxy.url, message("hello", stream=stream))
        assert answer.status >= 400
        assert "local" in answer.error["message"]
        (entry,) = proxy.entries(1)
    assert (entry.charged, entry.outcome) == (ZERO, Outcome.interrupted)
    assert fake.requests() == []


def test_a_stream_cut_after_words_were_shown_ends_in_an_error(start, fake):
    begun = chunk({"content": "Hello, this is a long answer whose beginning is good: " + LONG})
    with server(Act(begun + GOOD.body, cut_after=len(begun) + 5)) as (_, servers):
        proxy = start(mode=Mode.local, servers=servers)
        with pytest.raises(Truncated) as broken:
            ask(proxy.url, message("hello", **STREAM))
    assert b"Hello, " in broken.value.wire
    assert b"event: error" in broken.value.wire
    assert b"message_stop" not in broken.value.wire


def test_a_server_that_has_gone_is_named(start, fake):
    with server() as (_, servers):
        proxy = start(mode=Mode.local, servers=servers)
    answer = ask(proxy.url, message("hello", **STREAM))
    assert answer.status == 502
    assert "box" in answer.error["message"]
    assert fake.requests() == []
    again = ask(proxy.url, message("hello", **STREAM))
    assert again.status == 402  # It is known to be off now, and the mode allows nothing else.


def test_what_is_sent_by_hand_to_a_local_server_that_fails_does_not_go_to_claude(start, fake):
    with server(Act(status=500)) as (_, servers):
        proxy = start(servers=servers)
        assert ask(proxy.url, message("hello"), x_bursar_route="local").status >= 400
    assert fake.requests() == []


def test_the_agent_sees_life_within_seconds_while_a_local_model_thinks(start, fake):
    with server(Act(GOOD.body, first_byte_s=2.5)) as (_, servers):
        proxy = start(mode=Mode.local, servers=servers)
        with Client(proxy.url) as client:
            client.send(post(proxy.url, message("hello", **STREAM)))
            early = client.until(b"event: ping")
            assert b"message_start" not in early
            assert client.answer().text == "Hello there."


def test_an_agent_that_leaves_stops_the_local_model(start, fake):
    with server(Act(GOOD.body, hang_after=0)) as (local, servers):
        proxy = start(mode=Mode.local, servers=servers)
        with Client(proxy.url) as client:
            client.send(post(proxy.url, message("hello", **STREAM)))
            assert eventually(lambda: bool(local.requests))
        assert local.left.wait(5)
        assert proxy.entries(1)[0].outcome is Outcome.client_left


def tallied(proxy):
    """Give what was counted today: what, of which tier, why, how often."""
    day = proxy.ledger.today().day
    return [(one.what, one.tier, one.why, one.number) for one in read(proxy.ledger.file, day, day).tallies]


def test_when_claude_s_money_is_gone_work_goes_on_locally(start, fake):
    with server() as (_, servers):
        proxy = start(budget="0.01", cutoff="0.01", servers=servers)
        hard = "Design the sync engine between the desktop app and the server, find the root cause of the race."
        answer = ask(proxy.url, message(hard, max_tokens=2000))
        assert (answer.status, answer.headers["x-bursar-route"]) == (200, "box/fake-model")
        assert "cutoff" in answer.headers["x-bursar-reason"]
    assert fake.requests(path="/v1/messages") == []


@pytest.mark.parametrize(("tier", "second_best"), [(Tier.L2, True), (Tier.L1, False)])
def test_work_that_belongs_to_claude_and_goes_local_for_want_of_money_is_marked_as_degraded(start, tier, second_best):
    with box(GOOD) as (_, settings):
        proxy = begun(start, settings, tier=tier, budget="0.01", cutoff="0.01")
        reason = ask(proxy.url, message("hello", max_tokens=2000)).headers["x-bursar-reason"]
        (entry,) = proxy.entries(1)
        told = tallied(proxy)
    assert ("local, degraded: the cutoff leaves $0.01" in reason) is second_best
    assert entry.labels.reason == reason
    assert told == ([("degraded", "L2", "", 1)] if second_best else [])


@pytest.mark.parametrize(("mode", "why"), [(Mode.auto, "full"), (Mode.local, "mode_local")])
def test_what_is_refused_leaves_no_entry_and_is_counted_with_its_reason(start, mode, why):
    proxy = start(mode=mode, budget="0.01", cutoff="0.01")
    answers = [ask(proxy.url, message("hello", max_tokens=2000)) for _ in range(3)]
    assert [answer.status for answer in answers] == [402] * 3
    tier = answers[0].headers["x-bursar-tier"]
    assert eventually(lambda: tallied(proxy) == [("refused", tier, why, 3)]), tallied(proxy)
    assert proxy.ledger.latest() == []


def test_a_request_with_a_secret_never_goes_to_a_local_server_by_default(start, fake):
    secret = "deploy with AKIA" + "IOSFODNN7EXAMPLQ and fix it"
    with server() as (local, servers):
        proxy = start(servers=servers)
        answer = ask(proxy.url, message(secret))
        assert (answer.headers["x-bursar-tier"], answer.headers["x-bursar-route"].split("/")[0]) == ("L3", "anthropic")
        assert local.requests == []


def test_what_does_not_fit_the_local_context_is_refused_in_mode_local_with_the_reason(start, fake):
    with server() as (local, servers):
        proxy = start(mode=Mode.local, servers=servers)
        answer = ask(proxy.url, message("x" * 400_000))
        assert answer.status in (400, 402)
        assert "context" in answer.error["message"]
        assert local.requests == []
    assert fake.requests() == []


def test_safe_work_goes_to_claude_when_the_local_server_turns_out_to_be_gone(start, fake):
    with server() as (_, servers):
        proxy = start(servers=servers)
    answer = ask(proxy.url, message("What does the retry helper in client.py do?", **STREAM))
    assert (answer.headers["x-bursar-tier"], answer.headers["x-bursar-route"].split("/")[0]) == ("L0", "anthropic")
    assert "the local server box is out of use" in answer.headers["x-bursar-reason"]
    assert [entry.is_local for entry in proxy.entries(2)] == [True, False]


def test_the_first_word_of_the_prompt_decides_where_it_goes(start, fake):
    with server() as (local, servers):
        proxy = start(servers=servers)
        assert ask(proxy.url, message("@local design the architecture")).headers["x-bursar-route"] == "box/fake-model"
        assert ask(proxy.url, message("@cloud what is this?")).headers["x-bursar-route"].startswith("anthropic/")
        assert len(local.requests) == 1


def test_a_route_that_does_not_exist_is_refused(start, fake):
    answer = ask(start().url, message("hello"), x_bursar_route="moon")
    assert (answer.status, fake.requests()) == (400, [])


@pytest.mark.parametrize(
    ("patience", "act"),
    [
        ({"first_s": 0.4}, Act(GOOD.body, first_byte_s=3)),
        ({"first_s": 0.4}, Act(GOOD.body, hang_after=0)),
        ({"idle_s": 0.4}, Act(GOOD.body, hang_after=60)),
    ],
    ids=["no head", "no first byte", "silence in the answer"],
)
def test_a_person_s_patience_with_a_model_is_kept(start, fake, patience, act):
    with local_fake(act) as local:
        setting = LocalSetting("box", local.url, "openai", ("fake-model",), context=32768, **patience)
        proxy = start(mode=Mode.local, servers=(setting,))
        answer = ask(proxy.url, message("hello"))
        (entry,) = proxy.entries(1)
    assert (answer.status, entry.outcome) == (502, Outcome.interrupted)
    assert "nothing came for 0.4 s" in answer.error["message"]
