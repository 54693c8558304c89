"""POST /v1/chat/completions: the same life as a request to the Messages API, told in OpenAI's dialect."""

import itertools
import json

import openai
import pytest

from budget.ledger import Mode, Outcome
from pricing.money import ZERO, Money
from proxy.services import ProxyOptions
from tests.kit.chat import PATH, READ, calls_of, chat, chunks, sdk, send, server, text_of
from tests.kit.fake_claude import KEY
from tests.kit.raw import Client, Truncated, ask, post
from tests.kit.scripted import eventually


def test_a_whole_answer_is_a_completion_and_billed_to_the_picodollar(start, fake):
    proxy = start()
    with sdk(proxy.url) as completions:
        answer = completions.create(**chat("[[text:Hello to you]]"))
    assert answer.choices[0].message.content == "Hello to you"
    assert (answer.choices[0].finish_reason, answer.model) == ("stop", "claude-sonnet-5-5")
    assert answer.id.startswith("chatcmpl-")
    (entry,) = proxy.entries(1)
    assert (entry.outcome, entry.labels.dialect) == (Outcome.complete, "openai")
    assert entry.charged == Money(fake.bill()["picos"]) > ZERO
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (entry.usage.prompt, entry.usage.output)


def test_a_stream_is_chunks_with_an_end_mark_and_billed_to_the_picodollar(start, fake):
    proxy = start()
    answer = send(proxy.url, chat("[[text:Grüße, 世界]]", stream=True, stream_options={"include_usage": True}))
    assert answer.headers["content-type"].startswith("text/event-stream")
    *told, counts, done = chunks(answer)
    assert (done, text_of(answer)) == ("[DONE]", "Grüße, 世界")
    assert told[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert told[-1]["choices"][0]["finish_reason"] == "stop"
    assert len({(piece["id"], piece["created"]) for piece in [*told, counts]}) == 1
    (entry,) = proxy.entries(1)
    assert counts["usage"]["total_tokens"] == entry.usage.prompt + entry.usage.output
    assert entry.charged == Money(fake.bill()["picos"])


def test_what_claude_is_sent_is_a_messages_request_with_the_agent_s_own_key(start, fake):
    send(start().url, chat("hello"), openai_organization="org-1", accept_encoding="gzip, br", user_agent="agent/1")
    (seen,) = fake.requests()
    assert seen.target == "/v1/messages"
    assert (seen.header("authorization"), seen.header("anthropic-version")) == (f"Bearer {KEY}", "2023-06-01")
    assert (seen.header("accept-encoding"), seen.header("user-agent")) == ("identity", "agent/1")
    assert [seen.header(name) for name in ("x-api-key", "openai-organization", "x-bursar-route")] == [None] * 3
    assert seen.json == chat([{"type": "text", "text": "hello"}])


def test_parallel_calls_come_one_by_one_and_their_results_go_back(start, fake):
    proxy = start()
    steps = "[[read:/a]]&[[read:/b]] [[text:Both are read.]]"
    talk = [{"role": "user", "content": steps}]
    with sdk(proxy.url) as completions:
        for stream in (False, True):
            made = completions.create(model="claude-sonnet-5-5", messages=talk, tools=[READ], stream=stream)
            found = calls_of(made) if stream else made.choices[0].message.tool_calls
            assert [json.loads(call.function.arguments)["file_path"] for call in found] == ["/a", "/b"]
        assert made.response.is_closed
        answered = completions.create(
            model="claude-sonnet-5-5",
            tools=[READ],
            messages=[
                *talk,
                {"role": "assistant", "content": None, "tool_calls": [call.model_dump() for call in found]},
                *({"role": "tool", "tool_call_id": call.id, "content": "x"} for call in reversed(found)),
            ],
        )
    assert answered.choices[0].message.content == "Both are read."
    results = fake.requests()[-1].json["messages"][-1]["content"]
    assert [block["tool_use_id"] for block in results] == [call.id for call in found]


def test_images_and_schemas_reach_claude_as_it_knows_them(start, fake):
    schema = {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]}
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}
    with sdk(start().url) as completions:
        answer = completions.create(
            **chat([{"type": "text", "text": "name it"}, image]),
            response_format={"type": "json_schema", "json_schema": {"name": "t", "schema": schema}},
        )
    assert json.loads(answer.choices[0].message.content)["title"]
    sent = fake.requests()[0].json
    assert sent["messages"][0]["content"][1]["source"]["media_type"] == "image/png"
    assert sent["output_config"]["format"]["schema"] == schema


def test_the_next_step_of_a_loop_reads_the_last_one_from_the_cache(start, fake):
    proxy = start()
    talk = [{"role": "system", "content": "word " * 3000}, {"role": "user", "content": "[[read:/a]] [[read:/b]]"}]
    with sdk(proxy.url) as completions:
        for _ in range(3):
            answer = completions.create(model="claude-sonnet-5-5", messages=talk, tools=[READ])
            made = answer.choices[0].message
            talk.append(made.model_dump(exclude_none=True))
            talk += [{"role": "tool", "tool_call_id": c.id, "content": "word " * 100} for c in made.tool_calls or []]
    first, second, third = (entry.usage for entry in proxy.entries(3))
    assert (first.cache_read, first.cache_write_5m > 3000) == (0, True)
    assert second.cache_read == first.cache_write_5m
    assert third.cache_read == second.cache_read + second.cache_write_5m
    assert sum(entry.charged.picos for entry in proxy.entries()) == fake.bill()["picos"]
    assert all(entry.charged <= entry.held for entry in proxy.entries())
    bodies = [request.body for request in fake.requests()]
    assert all(later.startswith(earlier.removesuffix(b"]}")) for earlier, later in itertools.pairwise(bodies))


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 429, 500, 503, 529])
@pytest.mark.parametrize("stream", [True, False])
def test_errors_of_the_api_come_in_the_caller_s_dialect_with_their_headers(start, fake, status, stream):
    proxy = start()
    fake.next(f"status={status} retry-after=3 should-retry=false")
    answer = send(proxy.url, chat("hello", stream=stream))
    assert answer.status == status
    assert answer.error["message"]
    assert answer.error["type"] == answer.error["code"] == json.loads(_sent(fake))["error"]["type"]
    assert (answer.headers["retry-after"], answer.headers["x-should-retry"]) == ("3", "false")
    assert proxy.entries(1)[0].outcome is Outcome.voided


def _sent(fake):
    return fake.requests()[0].answer.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize(
    "fault",
    ["cut=10", "cut=300", "cut=700", "cut-event=2", "cut-event=4 how=rst", "cut-event=3 how=clean", "no-stop no-delta",
     "no-delta cut-event=5", "error-event=3", "gzip-cut", "no-stop"],
)  # fmt: skip
def test_a_stream_that_breaks_has_no_end_mark_and_is_never_underbilled(start, fake, fault):
    proxy = start()
    fake.next(fault)
    try:
        body = send(proxy.url, chat("[[text:one two three four five six seven eight]]", stream=True)).body
    except Truncated as broken:
        body = broken.wire
    assert b"[DONE]" not in body
    assert b'"finish_reason":"' not in body
    assert b'"error"' in body
    assert proxy.entries(1)[0].charged >= Money(fake.bill()["picos"])


@pytest.mark.parametrize("fault", ["crlf", "cr", "bom", "comments", "bytes=1", "bytes=7", "unknown-event", "gzip"])
def test_however_the_stream_is_spelled_its_chunks_are_the_same(start, fake, fault):
    proxy = start()
    fake.next("", fault)
    body = chat("[[read:/a]]&[[text:Grüße, 世界]]", stream=True, tools=[READ])
    told = [_comparable(send(proxy.url, body)) for _ in range(2)]
    assert told[0] == told[1]
    assert told[0][-1] == "[DONE]"


def _comparable(answer):
    """Chunks without what differs from answer to answer."""
    kept = [piece if isinstance(piece, str) else piece["choices"] for piece in chunks(answer)]
    for piece in kept:
        for choice in piece if isinstance(piece, list) else []:
            for call in choice["delta"].get("tool_calls", []):
                call.pop("id", None)
    return kept


def test_an_sdk_takes_a_broken_stream_for_an_error(start, fake):
    proxy = start()
    fake.next("cut-event=4 how=rst")
    broken = pytest.raises(openai.APIError, match="broke off")
    with sdk(proxy.url) as completions, completions.create(**chat("[[text:a b c d]]", stream=True)) as stream, broken:
        list(stream)


def test_an_agent_that_leaves_stops_claude_and_is_charged_for_what_may_have_come(start, fake):
    proxy = start()
    with Client(proxy.url) as client:
        client.send(post(proxy.url, chat("[[long:2000:20]]", stream=True), PATH))
        client.until(b"word")
    (entry,) = proxy.entries(1)
    assert entry.outcome is Outcome.client_left
    assert entry.charged > ZERO


def test_an_agent_that_leaves_at_the_end_mark_pays_what_the_answer_cost(start, fake):
    proxy = start()
    with sdk(proxy.url) as completions:
        for _ in range(5):
            with completions.create(**chat("[[text:a b c]]", stream=True)) as stream:
                list(stream)
    assert {entry.outcome for entry in proxy.entries(5)} == {Outcome.complete}
    assert sum(entry.charged.picos for entry in proxy.entries()) == fake.bill()["picos"]


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [True, False])
def test_a_refusal_is_payment_required_in_the_caller_s_dialect_and_tried_once(start, fake, stream):
    proxy = start(budget="0.01", cutoff="0.01")
    with sdk(proxy.url, max_retries=5) as completions, pytest.raises(openai.APIStatusError) as caught:
        completions.create(**chat("[[text:x]]", max_tokens=32_000, stream=stream))
    assert caught.value.status_code == 402
    assert caught.value.response.headers["x-should-retry"] == "false"
    assert caught.value.body["message"].startswith("bursar: today's cutoff of $0.01 is reached")
    assert caught.value.body["type"] == "billing_error"
    assert fake.requests(path="/v1/messages") == []
    assert len({line.request_id for line in proxy.services.log.after(0)}) == 1


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b'{"model":"m","model":"n"}', b'{"model":"m","messages":[]}', b'{"n": NaN}', b"[" * 200],
)
def test_what_cannot_be_read_is_a_bad_request_and_costs_nothing(start, fake, body):
    proxy = start()
    answer = send(proxy.url, body)
    assert answer.status == 400
    assert answer.error["message"].startswith("bursar: ")
    assert answer.error["type"] == "invalid_request_error"
    assert (proxy.ledger.entries(), fake.requests()) == ([], [])


def test_a_route_that_does_not_exist_is_refused(start, fake):
    answer = send(start().url, chat("hello"), x_bursar_route="moon")
    assert (answer.status, answer.error["code"]) == (400, "invalid_request_error")


def test_the_responses_api_is_refused_with_what_to_do_instead(start, fake):
    refused = pytest.raises(openai.NotFoundError, match="set the agent to Chat Completions")
    with openai.OpenAI(base_url=f"{start().url}/v1", api_key=KEY, max_retries=0) as client, refused:
        client.responses.create(model="claude-sonnet-5-5", input="hello")
    assert fake.requests() == []


@pytest.mark.parametrize("path", ["/v1/embeddings", "/v1/completions", "/v1/chat/other"])
def test_other_paths_of_the_dialect_are_refused_in_it(start, fake, path):
    answer = ask(start().url, {"input": "x"}, path)
    assert (answer.status, answer.error["code"]) == (404, "not_found_error")
    assert fake.requests() == []


def test_secrets_go_only_to_claude_in_this_dialect_too(start, fake):
    secret = "deploy with AKIA" + "IOSFODNN7EXAMPLQ and fix it"
    with server() as (local, servers):
        answer = send(start(servers=servers).url, chat(secret))
        assert answer.headers["x-bursar-tier"] == "L3"
        assert local.requests == []


def test_a_session_is_named_by_opencode_s_header_or_the_cache_s_key(start, fake):
    proxy = start()
    send(proxy.url, chat("one"), x_session_id="ses_1")
    send(proxy.url, chat("two", prompt_cache_key="key-1", user="somebody"))
    send(proxy.url, chat("three", user="somebody"))
    sessions = [entry.labels.session for entry in proxy.entries(3)]
    assert sessions[:2] == ["ses_1", "key-1"]
    assert sessions[2].startswith("h-")


# --- the line --------------------------------------------------------------------------------------------------------


def test_one_that_waits_for_money_is_sent_comments_and_then_its_chunks(start, fake):
    proxy = start(budget="0.03", cutoff="0.03", options=ProxyOptions(queue_wait_s=20))
    with Client(proxy.url) as first, Client(proxy.url) as second:
        first.send(post(proxy.url, chat("[[long:100:15]]", stream=True, max_tokens=2000), PATH))
        assert eventually(lambda: proxy.today.open_holds == 1)
        second.send(post(proxy.url, chat("[[text:At last]]", stream=True, max_tokens=2000), PATH))
        assert eventually(lambda: proxy.today.waiting == 1)
        first.answer()
        assert text_of(second.answer()) == "At last"


def test_an_sdk_that_gives_up_waiting_leaves_no_hold_behind(start, fake):
    proxy = start()
    with sdk(proxy.url, timeout=0.5) as completions, pytest.raises(openai.APITimeoutError):
        completions.create(**chat("[[ttft:5000]]"))
    (entry,) = proxy.entries(1)
    assert entry.outcome is Outcome.client_left


def test_the_emergency_stop_ends_a_stream_without_an_end_mark_and_refuses_the_next(start, fake):
    proxy = start()
    with Client(proxy.url) as client:
        client.send(post(proxy.url, chat("[[long:500:20]]", stream=True), PATH))
        client.until(b"word")
        proxy.ledger.stop()
        proxy.server.cut(lambda forward: forward.is_cloud)
        with pytest.raises(Truncated) as broken:
            client.answer()
    assert b'data: {"error"' in broken.value.wire
    assert b"emergency stop" in broken.value.wire
    assert b"[DONE]" not in broken.value.wire
    answer = send(proxy.url, chat("hello"))
    assert (answer.status, "stopped" in answer.error["message"]) == (402, True)
    assert proxy.entries(1)[0].charged >= Money(fake.bill()["picos"])


def test_a_request_that_does_not_fit_by_its_bytes_is_counted_first(start, fake):
    proxy = start(budget="0.03", cutoff="0.03")
    answer = send(proxy.url, chat("[[text:It fits.]] " + "word " * 4000, stream=True))
    assert (answer.status, text_of(answer)) == (200, "It fits.")
    assert [request.target for request in fake.requests()] == ["/v1/messages/count_tokens", "/v1/messages"]


def test_a_limit_that_does_not_fit_is_lowered_in_what_claude_is_sent(start, fake):
    proxy = start(budget="0.05", cutoff="0.05", options=ProxyOptions(lower_max_tokens=True))
    answer = send(proxy.url, chat("[[out:10]]", max_tokens=None))
    assert answer.status == 200
    assert 1024 <= fake.requests(path="/v1/messages")[0].json["max_tokens"] < 5000


def test_in_mode_local_not_a_byte_goes_to_claude(start, fake):
    answer = send(start(mode=Mode.local).url, chat("hello"))
    assert (answer.status, "mode is local" in answer.error["message"]) == (402, True)
    assert fake.requests() == []
