"""POST /v1/chat/completions answered by local models: the same life, told in OpenAI's dialect."""

import json

import openai
import pytest

from budget.ledger import Mode, Outcome
from pricing.money import ZERO, Money
from proxy.task import Tier
from proxy.upstream.local_model import LocalSetting
from tests.kit.boxed import begun
from tests.kit.chat import GOOD, LONG, PATH, READ, calls_of, chat, chunks, sdk, send, server, text_of
from tests.kit.llama.server import MODEL
from tests.kit.local_fake import Act, calls, chunk
from tests.kit.raw import Client, Truncated, ask, post


@pytest.mark.parametrize("stream", [True, False])
def test_a_local_answer_is_told_as_a_completion_and_costs_nothing(start, fake, stream):
    with server() as (local, servers):
        proxy = start(mode=Mode.local, servers=servers)
        answer = send(proxy.url, chat("hello", stream=stream, temperature=0.5, stream_options={"include_usage": True}))
        text = text_of(answer) if stream else answer.json["choices"][0]["message"]["content"]
        assert text == "Hello there."
        assert answer.headers["x-bursar-route"] == "box/fake-model"
        counts = chunks(answer)[-2] if stream else answer.json
        assert counts["usage"]["prompt_tokens_details"]["cached_tokens"] == 40
        assert counts["usage"]["prompt_tokens"] == 100
        assert local.requests[0]["temperature"] == 0.5
        assert "authorization" not in {name.lower() for name in local.headers[-1]}
    (entry,) = proxy.entries(1)
    assert (entry.outcome, entry.charged, entry.is_local) == (Outcome.complete, ZERO, True)
    assert fake.requests() == []


@pytest.mark.parametrize("stream", [True, False])
def test_a_local_model_s_call_reaches_the_agent(start, fake, stream):
    with server(Act(calls("Read", '{"file_path": "/a"}'))) as (_, servers):
        proxy = start(mode=Mode.local, servers=servers)
        with sdk(proxy.url) as completions:
            made = completions.create(**chat("read it", tools=[READ], stream=stream))
            (call,) = calls_of(made) if stream else made.choices[0].message.tool_calls
    assert (call.function.name, json.loads(call.function.arguments)) == ("Read", {"file_path": "/a"})


def test_the_agent_sees_comments_within_seconds_while_a_local_model_thinks(start, fake):
    with server(Act(GOOD.body, first_byte_s=2.5)) as (_, servers):
        proxy = start(mode=Mode.local, servers=servers)
        with Client(proxy.url) as client:
            client.send(post(proxy.url, chat("hello", stream=True), PATH))
            early = client.until(b": ping")
            assert b"data: " not in early
            answer = client.answer()
    assert text_of(answer) == "Hello there."
    assert b"event:" not in answer.body


@pytest.mark.parametrize("act", [Act(status=500), Act(GOOD.body, cut_after=0), Act(b"")])
@pytest.mark.parametrize("stream", [True, False])
def test_a_local_failure_is_named_in_the_caller_s_dialect(start, fake, act, stream):
    with server(act) as (_, servers):
        proxy = start(mode=Mode.local, servers=servers)
        answer = send(proxy.url, chat("hello", stream=stream))
    assert answer.status >= 400
    assert "local" in answer.error["message"]
    assert answer.error["param"] is None
    assert fake.requests() == []


def test_a_local_stream_cut_after_words_were_shown_ends_in_an_error(start, fake):
    begun = chunk({"content": "Hello, this is a long answer whose beginning is good: " + LONG})
    with server(Act(begun + GOOD.body, cut_after=len(begun) + 5)) as (_, servers):
        proxy = start(mode=Mode.local, servers=servers)
        with pytest.raises(Truncated) as broken:
            send(proxy.url, chat("hello", stream=True))
    assert b"Hello, " in broken.value.wire
    assert b'data: {"error"' in broken.value.wire
    assert b"[DONE]" not in broken.value.wire


def test_safe_work_goes_to_claude_when_the_local_server_turns_out_to_be_gone(start, fake):
    with server() as (_, servers):
        proxy = begun(start, {"servers": servers}, tier=Tier.L0)
    answer = send(proxy.url, chat("What does this helper do?", stream=True))
    assert answer.headers["x-bursar-route"].startswith("anthropic/")
    assert chunks(answer)[-1] == "[DONE]"
    assert [entry.is_local for entry in proxy.entries(2)] == [True, False]


@pytest.mark.parametrize("mode", [Mode.observe, Mode.auto, Mode.cloud])
@pytest.mark.parametrize("path", [PATH, "/v1/messages"])
def test_a_local_model_asked_for_by_its_name_answers_in_every_mode(start, fake, mode, path):
    with server() as (_, servers):
        proxy = start(mode=mode, servers=servers)
        answer = ask(proxy.url, chat("hello", model="fake-model"), path)
        assert (answer.status, answer.headers["x-bursar-route"]) == (200, "box/fake-model")
    assert fake.requests() == []


def test_a_local_model_asked_for_by_its_name_is_not_replaced_by_another(start, fake):
    with server() as (other, first), server() as (asked, _):
        named = LocalSetting("second", asked.url, "openai", ("other-model",), context=32768, tools=True)
        proxy = start(servers=(*first, named))
        send(proxy.url, chat("hello", model="other-model"))
        assert (len(other.requests), len(asked.requests)) == (0, 1)


def test_a_local_model_asked_for_by_its_name_whose_server_is_off_is_refused(start, fake):
    with server() as (_, servers):
        proxy = start(servers=servers)
    send(proxy.url, chat("hello", model="fake-model"))
    answer = send(proxy.url, chat("hello", model="fake-model"))
    assert answer.status == 402
    assert fake.requests() == []


@pytest.mark.slow
@pytest.mark.parametrize("stream", [True, False])
def test_a_real_model_server_calls_a_tool_and_goes_on_with_its_result(start, fake, llama, stream):
    servers = (LocalSetting("llama", llama.url, "llamacpp", tools=True),)
    tool = {
        "type": "function",
        "function": {
            "name": "get_weather",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
    }
    proxy = start(mode=Mode.local, servers=servers)
    with sdk(proxy.url) as completions:
        talk = [{"role": "user", "content": "Please [[two]]"}]
        made = completions.create(model=MODEL, messages=talk, tools=[tool], stream=stream)
        found = calls_of(made) if stream else made.choices[0].message.tool_calls
        assert [json.loads(call.function.arguments)["city"] for call in found] == ["Paris", "Rome"]
        talk.append({"role": "assistant", "tool_calls": [call.model_dump() for call in found]})
        talk += [{"role": "tool", "tool_call_id": call.id, "content": "Sunny."} for call in found]
        answer = completions.create(model=MODEL, messages=talk, tools=[tool])
    assert answer.choices[0].message.content == "The tool answered, so the task is done."
    assert {entry.outcome for entry in proxy.entries(2)} == {Outcome.complete}
    assert fake.requests() == []


@pytest.mark.parametrize("stream", [True, False])
def test_a_bad_local_answer_is_escalated_and_claude_s_is_told_in_its_place(start, fake, stream):
    with server(Act(calls("Reed", "{}"))) as (local, servers):
        proxy = begun(start, {"servers": servers}, tier=Tier.L1)
        with sdk(proxy.url) as completions:
            made = completions.create(**chat("[[read:/parser.py]]", tools=[READ], stream=stream))
            (call,) = calls_of(made) if stream else made.choices[0].message.tool_calls
        assert call.function.name == "Read"
        assert local.requests
    entries = proxy.entries(2)
    assert [entry.is_local for entry in entries][-1] is False
    assert entries[0].is_local
    assert entries[-1].charged == Money(fake.bill()["picos"])


def test_a_failure_after_the_stream_was_opened_is_an_error_that_the_sdk_knows(start, fake):
    with server(Act(status=500, first_byte_s=1.5)) as (_, servers):
        proxy = start(mode=Mode.local, servers=servers)
        told = pytest.raises(openai.APIError, match="local")
        with sdk(proxy.url) as completions, completions.create(**chat("hello", stream=True)) as stream, told:
            list(stream)
