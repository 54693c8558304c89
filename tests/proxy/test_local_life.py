"""A local server's life seen from outside: what opens its breaker, whose trial it is, what an agent hears."""

from __future__ import annotations

import json
import random
import threading
import time
from contextlib import suppress

import pytest

from budget.bands import Limits
from budget.ledger import Mode, Outcome
from pricing.money import ZERO, Money
from proxy.local_relay import LocalRelay
from proxy.relay import Relay
from proxy.services import ProxyOptions
from proxy.task import Tier
from proxy.upstream.breaker import Circuit
from proxy.upstream.local_model import LocalSetting
from tests.kit.boxed import ERROR, GOOD_CALL, ROUND, TOOLS, WRONG_CALL, begun, box
from tests.kit.claude.script import PLAIN
from tests.kit.inproc import InProcess
from tests.kit.local_fake import Act, local_fake, says
from tests.kit.raw import Client, Truncated, ask, get, message, post
from tests.kit.scripted import eventually


def forced(arguments: str = '{"city": "Paris"}') -> Act:
    """Answer with a call, in one piece, whose every token was forced on the model."""
    call = {"id": "c1", "type": "function", "function": {"name": "get_weather", "arguments": arguments}}
    said = '{"name": "get_weather", "arguments": ' + arguments + "}"
    tokens = [{"token": part, "logprob": -30.0, "top_logprobs": [{"token": "No", "logprob": 0.0}]} for part in said]
    choice = {
        "index": 0,
        "finish_reason": "tool_calls",
        "message": {"role": "assistant", "content": None, "tool_calls": [call]},
        "logprobs": {"content": tokens},
    }
    counts = {"prompt_tokens": 100, "completion_tokens": 10}
    return Act(json.dumps({"choices": [choice], "usage": counts}).encode(), content_type="application/json")


REFUSED = Act(status=400, body=b'{"error":{"message":"Value is not callable"}}', content_type="application/json")
UNUSABLE = {"a call that was forced": forced(), "a grammar that broke": ERROR, "a request that it refused": REFUSED}


def circuit(proxy: InProcess) -> Circuit:
    """Give the state of the server's breaker."""
    return proxy.services.locals.breaker("box").state


def is_healthy(proxy: InProcess) -> bool:
    """Tell whether requests may go to the server."""
    return proxy.services.locals.snapshot()[0].healthy


@pytest.mark.parametrize("act", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_a_bad_answer_does_not_make_its_server_a_dead_one(start, fake, act):
    with box(*[act] * 8, GOOD_CALL) as (local, settings):
        proxy = begun(start, settings, mode=Mode.local)
        while len(local.acts) > 1:
            assert ask(proxy.url, message("weather?", **TOOLS)).status == 402
            assert (circuit(proxy), is_healthy(proxy)) == (Circuit.CLOSED, True)
        assert ask(proxy.url, message("weather?", **TOOLS)).status == 200
    assert fake.requests() == []


@pytest.mark.parametrize(
    "act",
    [
        Act(status=500, body=b'{"error":{"message":"CUDA out of memory"}}'),
        Act(status=503, body=b'{"error":{"message":"Loading model"}}'),
        Act(GOOD_CALL.body, cut_after=90),
        Act(b"", cut_after=0),
    ],
    ids=["an error", "loading", "a reset", "a reset at once"],
)
def test_a_server_in_trouble_is_left_alone_after_three_failures(start, fake, act):
    with box(act) as (_, settings):
        proxy = begun(start, settings, mode=Mode.local)
        for _ in range(3):
            ask(proxy.url, message("weather?", **TOOLS))
            proxy.services.locals.refresh()
        assert circuit(proxy) is not Circuit.CLOSED


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("act", UNUSABLE.values(), ids=UNUSABLE.keys())
@pytest.mark.parametrize("dialect", ["anthropic", "openai"])
def test_an_answer_that_cannot_be_used_is_told_in_one_sentence_that_no_agent_asks_again_for(
    start, fake, act, stream, dialect
):
    with box(act) as (_, settings):
        proxy = begun(start, settings, mode=Mode.local)
        if dialect == "anthropic":
            answer = ask(proxy.url, message("weather?", stream=stream, **TOOLS))
        else:
            function = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}
            body = {"model": "claude-x", "stream": stream, "tools": [function], "max_tokens": 100}
            body["messages"] = [{"role": "user", "content": "weather?"}]
            answer = ask(proxy.url, json.dumps(body).encode(), path="/v1/chat/completions")
        proxy.entries(1)
    assert (answer.status, answer.headers["x-should-retry"]) == (402, "false")
    error = json.loads(answer.body)["error"]
    assert error["type"] == "billing_error"
    assert error["message"].startswith("bursar: the local model")
    assert error["message"].endswith("Way out: bursar mode auto")
    assert fake.requests() == []


def test_what_was_asked_for_by_hand_names_that_as_the_way_out(start, fake):
    with box(forced()) as (_, settings):
        proxy = begun(start, settings)
        answer = ask(proxy.url, message("weather?", **TOOLS), x_bursar_route="local")
    assert answer.status == 402
    assert answer.error["message"].endswith("Way out: do not ask for the local model.")
    assert fake.requests() == []


def test_a_prompt_that_does_not_fit_is_no_fault_of_the_model(start, fake):
    full = {
        "error": {"code": 400, "message": "exceeds the available context size", "type": "exceed_context_size_error"}
    }
    with box(Act(status=400, body=json.dumps(full).encode())) as (_, settings):
        proxy = begun(start, settings, mode=Mode.local)
        for number in range(6):
            answer = ask(proxy.url, message(f"weather {number}?", **TOOLS))
            assert (answer.status, answer.error["message"]) == (400, "prompt is too long")
        assert proxy.services.trust.snapshot() == ()
        assert circuit(proxy) is Circuit.CLOSED


def test_within_a_turn_the_route_only_moves_up_and_stays_there(start, fake):
    with box(Act(says(*[ROUND] * 60))) as (local, settings):
        proxy = begun(start, settings, budget="0.001", cutoff="0.001")
        for _ in range(2):
            answer = ask(proxy.url, message("weather?", **TOOLS))
            assert (answer.headers["x-bursar-route"], answer.status) == ("box/fake-model", 200)
        proxy.ledger.set_limits(Limits(Money.usd(10), Money.usd(12)))
        assert ask(proxy.url, message("weather?", **TOOLS)).text == PLAIN
        asked = len(local.requests)
        for _ in range(2):
            assert ask(proxy.url, message("weather?", **TOOLS)).text == PLAIN
    assert (asked, len(local.requests)) == (3, 3)


# --- trials -----------------------------------------------------------------------------------------------------------


def half_open(proxy: InProcess) -> None:
    """Bring the server's breaker to where one request may try it."""
    breaker = proxy.services.locals.breaker("box")
    for _ in range(3):
        breaker.failed()
    breaker._until = 0.0
    assert breaker.state is Circuit.HALF_OPEN


def test_a_trial_whose_request_cannot_be_translated_is_the_next_request_s(start, fake):
    with box(Act(says("Hello."))) as (_, settings):
        proxy = begun(start, settings, mode=Mode.local)
        half_open(proxy)
        # Numbers come to more tokens than the router's rule of thumb says.
        refused = ask(proxy.url, message("1 2 3 4 5 6 7 8 9 " * 4500))
        assert (refused.status, "no local model can take this" in refused.error["message"]) == (402, True)
        assert ask(proxy.url, message("Hello")).text == "Hello."
        assert circuit(proxy) is Circuit.CLOSED


@pytest.mark.parametrize("stream", [True, False])
def test_a_trial_whose_agent_leaves_is_the_next_request_s(start, fake, stream):
    with box(Act(says("Hello."), hang_after=0), Act(says("Hello."))) as (local, settings):
        proxy = begun(start, settings, mode=Mode.local)
        half_open(proxy)
        with Client(proxy.url) as client:
            client.send(post(proxy.url, message("Hello", stream=stream)))
            assert eventually(lambda: local.requests)
            assert not is_healthy(proxy)
        proxy.entries(1)
        assert ask(proxy.url, message("Hello")).text == "Hello."
        assert circuit(proxy) is Circuit.CLOSED


# --- an agent that has waited too long --------------------------------------------------------------------------------


@pytest.mark.parametrize("patience_ms", [0, 240_000])
def test_an_agent_that_waited_in_vain_gets_claude_for_its_next_try(start, fake, monkeypatch, patience_ms):
    monkeypatch.setattr("proxy.local_way.IN_VAIN_MS", patience_ms)
    with box(Act(says("Hello."), hang_after=0), Act(says("Hello."))) as (local, settings):
        proxy = begun(start, settings)
        with Client(proxy.url) as client:
            client.send(post(proxy.url, message("Hello", **TOOLS)))
            assert eventually(lambda: local.requests)
        (entry,) = proxy.entries(1)
        assert entry.outcome is Outcome.client_left
        again = ask(proxy.url, message("Hello", **TOOLS))
        other = ask(proxy.url, message("Something else", **TOOLS))
    assert (again.text == PLAIN) == (patience_ms == 0)
    assert other.text == "Hello."


# --- pings ------------------------------------------------------------------------------------------------------------


def test_an_agent_whose_stream_is_open_hears_pings_while_it_waits_for_money_and_then_for_claude(
    start, fake, monkeypatch
):
    monkeypatch.setattr("proxy.wire.waiting.PING_S", 0.1)
    with box(Act(says(*[ROUND] * 60), first_byte_s=1.2)) as (_, settings):
        proxy = begun(start, settings, budget="0.02", cutoff="0.02")
        slow = threading.Thread(
            target=ask, args=(proxy.url, message("[[long:6:400]]")), kwargs={"x_bursar_route": "cloud"}
        )
        slow.start()
        assert eventually(lambda: proxy.today.held > ZERO)
        answer = ask(proxy.url, message("weather?", stream=True, **TOOLS))
        slow.join()
    names = [name for name, _ in answer.events]
    assert names.index("message_start") >= 5
    assert answer.text == PLAIN


def test_only_before_its_own_stream_has_begun_claude_s_agent_is_pinged_by_us() -> None:
    stream = Relay("anthropic", [], lambda outcomes, reading: None)
    assert stream.ping() == b'event: ping\ndata: {"type": "ping"}\n\n'
    stream.head(200, [(b"content-type", b"text/event-stream")])
    assert stream.ping() == b""


# --- a fault of our own -----------------------------------------------------------------------------------------------


def test_a_fault_while_an_answer_is_judged_gives_the_place_back(start, fake, monkeypatch):
    def fail(*_: object) -> None:
        raise RuntimeError("on purpose")

    with box(GOOD_CALL, concurrency=1) as (_, settings):
        proxy = begun(start, settings, mode=Mode.local)
        with monkeypatch.context() as patch:
            patch.setattr(LocalRelay, "_outside_trouble", fail)
            assert ask(proxy.url, message("weather?", **TOOLS)).status == 500
        assert ask(proxy.url, message("weather?", **TOOLS)).status == 200
        assert "failed inside bursar" in proxy.entries(2)[0].flags


def test_nobody_waits_while_the_end_of_another_answer_is_judged(start, fake, monkeypatch):
    judge, may_go_on, judging = LocalRelay._outside_trouble, threading.Event(), threading.Event()

    def judge_long(*given):
        judging.set()
        assert may_go_on.wait(10)
        return judge(*given)

    monkeypatch.setattr(LocalRelay, "_outside_trouble", judge_long)
    with box(GOOD_CALL) as (_, settings):
        proxy = begun(start, settings)
        answers = []
        asking = threading.Thread(target=lambda: answers.append(ask(proxy.url, message("weather?", **TOOLS))))
        asking.start()
        assert judging.wait(10)
        assert get(proxy.url, "/health").status == 200
        may_go_on.set()
        asking.join()
    assert answers[0].status == 200


# --- while money is left, work goes on --------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("act", [*UNUSABLE.values(), Act(b"")], ids=[*UNUSABLE.keys(), "not a byte"])
def test_safe_work_whose_local_answer_cannot_be_used_is_done_by_claude(start, fake, act, stream):
    with box(act) as (_, settings):
        proxy = begun(start, settings, tier=Tier.L0)
        answer = ask(proxy.url, message("weather?", stream=stream, **TOOLS))
        *attempts, cloud = proxy.entries(2)
    assert (answer.status, answer.text) == (200, PLAIN)
    assert all(entry.is_local for entry in attempts)
    assert not cloud.is_local


def test_safe_work_that_turns_out_too_long_for_the_local_model_is_done_by_claude(start, fake):
    with box(Act(says("Hello."))) as (local, settings):
        proxy = begun(start, settings, tier=Tier.L0)
        answer = ask(proxy.url, message("1 2 3 4 5 6 7 8 9 " * 4500))
        (cloud,) = proxy.entries(1)
    assert (answer.text, cloud.is_local, local.requests) == (PLAIN, False, [])
    assert "more than a local model holds" in answer.headers["x-bursar-reason"]


def test_safe_work_that_finds_no_free_place_in_time_is_done_by_claude(start, fake):
    with box(Act(says("Hello."), hang_after=0), concurrency=1) as (local, settings):
        proxy = begun(start, settings, tier=Tier.L0, options=ProxyOptions(queue_wait_s=0.05))
        with Client(proxy.url) as client:
            client.send(post(proxy.url, message("Hello")))
            assert eventually(lambda: local.requests)
            assert ask(proxy.url, message("Hello again")).text == PLAIN


@pytest.mark.parametrize("mode", [Mode.local, Mode.auto])
def test_without_money_or_with_claude_ruled_out_the_refusal_is_one_that_no_agent_repeats(start, fake, mode):
    with box(forced()) as (_, settings):
        proxy = begun(start, settings, tier=Tier.L0, mode=mode, budget="0.001", cutoff="0.001")
        answer = ask(proxy.url, message("weather?", **TOOLS))
        proxy.entries(1)
    assert (answer.status, answer.headers["x-should-retry"]) == (402, "false")
    assert fake.requests(path="/v1/messages") == []


def test_work_whose_local_model_is_busy_waits_for_it_if_claude_has_no_money_left(start, fake):
    slow = Act(says("Hello."), first_byte_s=1.5)
    with box(slow, Act(says("Hello.")), concurrency=1) as (local, settings):
        options = ProxyOptions(busy_wait_s=0.1)
        proxy = begun(start, settings, budget="0.001", cutoff="0.001", options=options)
        first = threading.Thread(target=ask, args=(proxy.url, message("Hello")))
        first.start()
        assert eventually(lambda: local.requests)
        answer = ask(proxy.url, message("Hello again"))
        first.join()
        assert all(entry.is_local for entry in proxy.entries(2))
    assert (answer.status, answer.text) == (200, "Hello.")
    assert fake.requests(path="/v1/messages") == []


def test_work_that_finds_neither_money_nor_a_free_place_is_refused_in_the_end(start, fake):
    with box(Act(says("Hello."), hang_after=0), concurrency=1) as (local, settings):
        options = ProxyOptions(busy_wait_s=0.1, queue_wait_s=0.1)
        proxy = begun(start, settings, budget="0.001", cutoff="0.001", options=options)
        with Client(proxy.url) as client:
            client.send(post(proxy.url, message("Hello")))
            assert eventually(lambda: local.requests)
            answer = ask(proxy.url, message("Hello again"))
        proxy.entries(1)
    assert (answer.status, answer.headers["x-should-retry"]) == (402, "false")
    assert "box is busy" in answer.error["message"]
    assert fake.requests(path="/v1/messages") == []


def test_after_one_model_that_failed_and_one_that_cannot_take_it_claude_answers_and_every_hold_is_settled(start, fake):
    with local_fake(forced()) as first, local_fake(Act(says("Hello."))) as second:
        servers = (
            LocalSetting("box", first.url, "openai", ("fake-model",), context=200_000, tools=True),
            LocalSetting("small", second.url, "openai", ("fake-model",), context=32_768, tools=True),
        )
        proxy = begun(start, {"servers": servers}, tier=Tier.L0)
        answer = ask(proxy.url, message("1 2 3 4 5 6 7 8 9 " * 4500, **TOOLS))
        entries = proxy.entries(2)
    assert answer.text == PLAIN
    assert [entry.is_local for entry in entries] == [True, False]
    assert second.requests == []


@pytest.mark.parametrize("seed", [1, 2])
def test_whenever_agents_leave_and_modes_change_no_place_trial_or_hold_is_left_behind(start, fake, seed):
    dice = random.Random(seed)
    acts = [
        *(GOOD_CALL, WRONG_CALL, ERROR, forced(), Act(says("Hello there."))),
        *(Act(GOOD_CALL.body, cut_after=90), Act(GOOD_CALL.body, first_byte_s=0.15), Act(b"", cut_after=0)),
        Act(GOOD_CALL.body, between_s=0.02, piece=40),
    ]

    def one(proxy: InProcess, number: int, wait_s: float, stream: bool) -> None:
        with Client(proxy.url) as client:
            client.send(post(proxy.url, message(f"weather {number}?", stream=stream, **TOOLS)))
            with suppress(Truncated):
                client.answer() if wait_s > 0.4 else time.sleep(wait_s)

    with box(lambda body: dice.choice(acts), concurrency=2) as (_, settings):
        options = ProxyOptions(busy_wait_s=0.1, queue_wait_s=0.1)
        proxy = begun(start, settings, options=options, budget="0.05", cutoff="0.06")
        asking = []
        for number in range(60):
            given = (proxy, number, dice.uniform(0, 0.8), dice.random() < 0.5)
            asking.append(threading.Thread(target=one, args=given))
            asking[-1].start()
            if number % 10 == 5:
                proxy.ledger.set_mode(dice.choice([Mode.local, Mode.auto, Mode.auto]))
                proxy.services.locals.refresh()
            time.sleep(dice.uniform(0, 0.05))
        for thread in asking:
            thread.join(30)
        assert proxy.entries()
        slots, breaker = proxy.services.slots, proxy.services.locals.breaker("box")
        assert eventually(lambda: not slots.used() and not len(slots))
        assert not breaker.is_being_tried
