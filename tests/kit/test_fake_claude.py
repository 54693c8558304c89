"""The fake Claude: its answers are well-formed, its bill exact, its faults what they say."""

import gzip
import json

import pytest

from tests.kit.fake_claude import FakeClaude
from tests.kit.raw import Client, Truncated, ask, eventually, get, message, parsed, post


def _line(fake: FakeClaude) -> dict:
    return fake.bill()["lines"][-1]


def test_a_stream_has_the_events_of_the_real_one_in_order(fake: FakeClaude) -> None:
    answer = ask(fake.url, message("[[text:Hello you]]", stream=True))
    names = [name for name, _ in answer.events]
    assert names[:3] == ["message_start", "content_block_start", "ping"]
    assert names[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    assert answer.text == "Hello you"
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"


def test_the_bill_is_the_usage_at_the_published_price(fake: FakeClaude) -> None:
    answer = ask(fake.url, message("[[out:100]]"))
    assert answer.json["usage"]["input_tokens"] == 6  # "typetexttext" and the 11 of the directive: 23 bytes
    assert _line(fake)["picos"] == 6 * 2_000_000 + 100 * 10_000_000  # $2 in, $10 out
    assert _line(fake)["state"] == "complete"


def test_a_stream_and_a_whole_answer_cost_the_same(fake: FakeClaude) -> None:
    for stream in (True, False):
        ask(fake.url, message("[[out:100]]", stream=stream))
    first, second = fake.bill()["lines"]
    assert first["picos"] == second["picos"]


def test_a_client_that_leaves_pays_for_what_was_generated(fake: FakeClaude) -> None:
    with Client(fake.url) as client:
        client.send(post(fake.url, message("[[long:500:10]]", stream=True)))
        client.until(b"text_delta")
    eventually(lambda: _line(fake)["state"] == "cancelled")
    assert 1 <= _line(fake)["tokens"]["output"] < 100


def test_the_request_is_kept_to_the_byte(fake: FakeClaude) -> None:
    sent = post(
        fake.url, b'{ "model":"claude-sonnet-5-5",\n"max_tokens":5,"messages":[{"role":"user","content":"\\u00e9"}]}'
    )
    with Client(fake.url) as client:
        client.send(sent)
        client.answer()
    (got,) = fake.requests()
    assert got.head + (got.body or b"") == sent


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (message("x", max_tokens=-1), 400, "max_tokens"),
        (message("x", colour="red"), 400, "colour: Extra inputs are not permitted"),
        (message("x", model="gpt-9"), 404, "model: gpt-9"),
        (message(""), 400, "non-empty content"),
        ({"model": "claude-opus-5-5", "max_tokens": 5, "messages": []}, 400, "at least one message"),
        (b"{not json", 400, "not valid JSON"),
    ],
)
def test_what_the_real_one_refuses_is_refused_and_free(fake: FakeClaude, body: dict, status: int, words: str) -> None:
    answer = ask(fake.url, body)
    assert answer.status == status
    assert words in answer.error["message"]
    assert fake.bill()["lines"] == []


def test_a_tool_call_must_be_answered(fake: FakeClaude) -> None:
    use = {"type": "tool_use", "id": "toolu_1", "name": "Read", "input": {}}
    turns = [
        {"role": "user", "content": "x"},
        {"role": "assistant", "content": [use]},
        {"role": "user", "content": "y"},
    ]
    answer = ask(fake.url, message("x") | {"messages": turns})
    assert "without `tool_result` blocks" in answer.error["message"]


def test_without_a_key_nobody_is_answered(fake: FakeClaude) -> None:
    assert ask(fake.url, message("x"), x_api_key="sk-ant-wrong").status == 401
    assert ask(fake.url, message("x"), x_api_key="", authorization="Bearer sk-ant-fake-1").status == 200


def test_the_steps_of_a_script_are_taken_in_turn(fake: FakeClaude) -> None:
    tools = [{"name": "Read", "input_schema": {"type": "object"}}]
    script = "[[read:/a]] [[text:Done]]"
    first = ask(fake.url, message(script, tools=tools)).json
    assert (first["stop_reason"], first["content"][0]["input"]) == ("tool_use", {"file_path": "/a"})
    result = {"type": "tool_result", "tool_use_id": first["content"][0]["id"], "content": "text of a"}
    turns = [
        {"role": "user", "content": script},
        {"role": "assistant", "content": first["content"]},
        {"role": "user", "content": [result]},
    ]
    assert ask(fake.url, message("x", tools=tools) | {"messages": turns}).text == "Done"


def test_thinking_comes_back_signed_and_a_forged_signature_is_refused(fake: FakeClaude) -> None:
    first = ask(fake.url, message("[[think:8]][[text:Yes]]")).json["content"]
    assert [block["type"] for block in first] == ["thinking", "text"]
    for signature, status in ((first[0]["signature"], 200), ("Zm9yZ2Vk", 400)):
        thought = first[0] | {"signature": signature}
        turns = [{"role": "user", "content": "x"}, {"role": "assistant", "content": [thought, first[1]]}]
        body = message("x") | {"messages": [*turns, {"role": "user", "content": "y"}]}
        assert ask(fake.url, body).status == status


def test_max_tokens_cuts_the_answer(fake: FakeClaude) -> None:
    answer = ask(fake.url, message("[[out:500]]", max_tokens=7)).json
    assert (answer["stop_reason"], answer["usage"]["output_tokens"]) == ("max_tokens", 7)


def test_counting_is_free_and_exact(fake: FakeClaude) -> None:
    body = message("some words to count")
    counted = ask(fake.url, {k: body[k] for k in ("model", "messages")}, "/v1/messages/count_tokens").json
    assert counted["input_tokens"] == ask(fake.url, body).json["usage"]["input_tokens"]
    assert len(fake.bill()["lines"]) == 1


@pytest.mark.parametrize("how", ["fin", "rst"])
def test_a_cut_ends_the_stream_after_exactly_so_many_bytes(fake: FakeClaude, how: str) -> None:
    with Client(fake.url) as client, pytest.raises(Truncated) as caught:
        client.ask(message(f"[[out:400]] [[fault:cut=700 how={how}]]", stream=True))
    body = caught.value.wire.partition(b"\r\n\r\n")[2]
    assert sum(int(part.split(b"\r\n")[0], 16) for part in _chunk_heads(body)) == 700


def _chunk_heads(body: bytes) -> list[bytes]:
    heads = []
    while body:
        size = int(body.split(b"\r\n", 1)[0], 16)
        heads.append(body.split(b"\r\n", 1)[0])
        body = body.split(b"\r\n", 1)[1][size + 2 :]
    return heads


def test_a_cut_behind_the_end_of_a_whole_answer_cuts_nothing_and_the_connection_is_kept(fake: FakeClaude) -> None:
    with Client(fake.url) as client:
        for _ in range(2):
            assert client.ask(message("[[text:short]] [[fault:cut=5000 how=fin]]")).text == "short"


def test_faults_wait_their_turn(fake: FakeClaude) -> None:
    fake.next("status=529 retry-after=3", "")
    first, second = (ask(fake.url, message("x")) for _ in range(2))
    assert (first.status, first.headers["retry-after"], first.error["type"]) == (529, "3", "overloaded_error")
    assert second.status == 200
    assert len(fake.bill()["lines"]) == 1


def test_usage_can_be_made_nonsense(fake: FakeClaude) -> None:
    answer = ask(fake.url, message('[[fault:usage={"output_tokens":-5,"input_tokens":null}]]'))
    assert answer.json["usage"]["output_tokens"] == -5
    assert "input_tokens" not in answer.json["usage"]
    assert _line(fake)["state"] == "cancelled"


def test_a_packed_stream_unpacks_to_a_stream(fake: FakeClaude) -> None:
    answer = ask(fake.url, message("[[text:Hi]] [[fault:gzip]]", stream=True))
    assert answer.headers["content-encoding"] == "gzip"
    assert b"message_stop" in gzip.decompress(answer.body)


@pytest.mark.parametrize("fault", ["until-close", "http10", "length", "trailers", "early", "bytes=7"])
def test_however_it_is_framed_the_answer_is_the_same(fake: FakeClaude, fault: str) -> None:
    assert ask(fake.url, message(f"[[text:Same]] [[fault:{fault}]]", stream=True)).text == "Same"


def test_models_are_listed(fake: FakeClaude) -> None:
    assert "claude-opus-5-5" in [model["id"] for model in get(fake.url, "/v1/models?limit=1000").json["data"]]


def test_the_title_request_is_answered_with_a_title(fake: FakeClaude) -> None:
    schema = {"type": "json_schema", "schema": {"properties": {"title": {"type": "string"}}}}
    answer = ask(fake.url, message("name this", output_config={"format": schema}))
    assert set(json.loads(answer.text)) == {"title"}


def test_what_was_answered_is_kept_to_the_byte(fake: FakeClaude) -> None:
    answer = ask(fake.url, message("[[text:Kept]]", stream=True))
    assert fake.requests()[0].answer == answer.wire
    assert parsed(answer.wire) == answer
