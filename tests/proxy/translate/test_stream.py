"""Streams: what a local server sends, habit by habit → the Messages API's events."""

import itertools
import json
from typing import Any

import pytest

from proxy.sse import SseParser
from proxy.translate.request import Translated
from proxy.translate.stream import PING, AnthropicStream
from tests.kit.local_fake import DONE, calls, chunk, ending, says, usage

HEX = "0123456789abcdef01234567"


def new(**facts: Any) -> AnthropicStream:
    """Start a stream whose ids are known."""
    counter = itertools.count(1)
    asked = Translated(b"", 100, 50, **facts)
    return AnthropicStream("claude-x", asked, mint=lambda: f"{next(counter):024x}")


def events(raw: bytes) -> list[dict[str, Any]]:
    """Read the events for the client; each must be named like its type."""
    found = SseParser().feed(raw)
    for event in found:
        assert event.event == json.loads(event.data)["type"]
    return [json.loads(event.data) for event in found]


def told(upstream: bytes, *, clean: bool = True, **facts: Any) -> list[dict[str, Any]]:
    """Translate a whole upstream stream."""
    stream = new(**facts)
    return events(stream.feed(upstream) + stream.end(clean))


def kinds(found: list[dict[str, Any]]) -> list[str]:
    """Return the types of events."""
    return [event["type"] for event in found]


def answer(found: list[dict[str, Any]]) -> list[Any]:
    """Return the blocks as a client puts them together: text as text, a call as name and input."""
    blocks: list[Any] = []
    for event in found:
        if event["type"] == "content_block_start":
            assert event["index"] == len(blocks)
            blocks.append([event["content_block"], ""])
        elif event["type"] == "content_block_delta":
            assert event["index"] == len(blocks) - 1
            blocks[-1][1] += event["delta"].get("text", "") + event["delta"].get("partial_json", "")
    return [whole if block["type"] == "text" else (block["name"], json.loads(whole)) for block, whole in blocks]


def tool(*deltas: dict[str, Any], finish: str | None = "tool_calls") -> bytes:
    """Write tool call deltas, each in a chunk of its own, and the end."""
    return b"".join(chunk({"tool_calls": [delta]}) for delta in deltas) + (ending(finish) if finish else b"")


def piece(index: int | None = 0, identifier: str = "", name: str = "", arguments: Any = None) -> dict[str, Any]:
    """Write one tool call delta, leaving out what is empty."""
    function = {"name": name} if name else {}
    function |= {} if arguments is None else {"arguments": arguments}
    found: dict[str, Any] = {"function": function}
    found |= {} if index is None else {"index": index}
    return found | ({"id": identifier} if identifier else {})


def test_a_text_is_told_in_the_apis_exact_shape() -> None:
    stream = new()
    assert stream.feed(says("Hel", "lo")).decode() == (
        'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_000000000000000000000001",'
        '"type":"message","role":"assistant","model":"claude-x","content":[],"stop_reason":null,"stop_sequence":null,'
        '"usage":{"input_tokens":0,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":0}}}\n\n'
        'event: content_block_start\ndata: {"type":"content_block_start","index":0,'
        '"content_block":{"type":"text","text":""}}\n\n'
        'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
        '"delta":{"type":"text_delta","text":"Hel"}}\n\n'
        'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
        '"delta":{"type":"text_delta","text":"lo"}}\n\n'
        'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n'
        'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},'
        '"usage":{"input_tokens":100,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":10}}\n\n'
        'event: message_stop\ndata: {"type":"message_stop"}\n\n'
    )
    assert (stream.over, stream.failed, stream.finish, stream.stop_reason) == (True, None, "stop", "end_turn")


def test_each_text_delta_goes_out_at_once() -> None:
    stream = new()
    assert kinds(events(stream.feed(chunk({"role": "assistant", "content": None})))) == []
    assert kinds(events(stream.feed(chunk({"content": "a"}))))[-1] == "content_block_delta"
    assert kinds(events(stream.feed(chunk({"content": "b"})))) == ["content_block_delta"]


def test_a_tool_call_is_told_whole_after_the_text() -> None:
    upstream = chunk({"content": "I look."}) + calls("get_weather", '{"city": "Paris"}')
    found = told(upstream)
    assert answer(found) == ["I look.", ("get_weather", {"city": "Paris"})]
    assert kinds(found)[2:5] == ["content_block_delta", "content_block_stop", "content_block_start"]
    start = found[4]["content_block"]
    assert start == {"type": "tool_use", "id": "toolu_000000000000000000000002", "name": "get_weather", "input": {}}
    assert found[-2]["delta"]["stop_reason"] == "tool_use"


def test_nothing_of_a_tool_call_is_told_before_the_answer_is_finished() -> None:
    stream = new()
    assert stream.feed(tool(piece(0, "x", "f", '{"a": 1}'), finish=None)) == b""
    assert not stream.started


def test_the_servers_own_ids_are_never_passed_on() -> None:
    assert b"local-1" not in new().feed(calls("f", "{}", identifier="local-1"))


@pytest.mark.parametrize(
    ("upstream", "made"),
    [
        (tool(piece(0, "x", "f", ""), piece(0, arguments='{"a"'), piece(0, arguments=": 1}")), [("f", {"a": 1})]),
        (tool(piece(0, "x", "f", '{"a": 1}'), piece(1, "y", "g", '{"b": 2}')), [("f", {"a": 1}), ("g", {"b": 2})]),
        (tool(piece(0, "x", "f", '{"a": 1}'), piece(0, "y", "g", '{"b": 2}')), [("f", {"a": 1}), ("g", {"b": 2})]),
        (tool(piece(0, name="f", arguments="{}"), piece(0, name="f", arguments="{}")), [("f", {}), ("f", {})]),
        (tool(piece(None, "x", "f", '{"a": 1}'), piece(None, "y", "f", "{}")), [("f", {"a": 1}), ("f", {})]),
        (tool(piece(None, "x", "f", '{"a"'), piece(None, arguments=": 1}")), [("f", {"a": 1})]),
        (tool(piece(0, "x", "f", '{"a"'), piece(0, "x", "f", ": 1}")), [("f", {"a": 1})]),
        (tool(piece(0, "x", "f", {"a": 1})), [("f", {"a": 1})]),
        (tool(piece(0, "x", "f", "")), [("f", {})]),
        (tool(piece(0, "x", "f")), [("f", {})]),
        (tool(piece(1, "y", "g", "{}"), piece(0, "x", "f", "{}")), [("g", {}), ("f", {})]),
        (tool(piece(0, "x", "f", '{"a'), piece(1, "y", "g", "{"), piece(0, arguments='": 1}'), piece(1, arguments="}")),
         [("f", {"a": 1}), ("g", {})]),
        (tool(piece(0, "x", "f", "{}"), finish="stop"), [("f", {})]),
    ],
)  # fmt: skip
def test_every_habit_of_sending_tool_calls_is_understood(upstream: bytes, made: list[Any]) -> None:
    found = told(upstream)
    assert answer(found) == made
    assert found[-2]["delta"]["stop_reason"] == "tool_use"


@pytest.mark.parametrize("arguments", ['{"city": "Par', "[1]", "{'city': 'Paris'}", '{"a": NaN}', "[" * 5000])
def test_arguments_that_are_no_object_reach_the_client_in_a_form_that_it_can_complain_about(arguments: str) -> None:
    ((name, given),) = answer(told(calls("f", arguments)))
    assert (name, given["__unparsedToolInput"]["raw"]) == ("f", arguments)


def test_a_call_that_the_length_limit_cut_off_is_discarded() -> None:
    upstream = chunk({"content": "I write."}) + tool(piece(0, "x", "f", '{"a": "b'), finish="length")
    found = told(upstream)
    assert answer(found) == ["I write."]
    assert found[-2]["delta"]["stop_reason"] == "max_tokens"


def test_the_whole_call_before_a_cut_one_still_runs() -> None:
    found = told(tool(piece(0, "x", "f", "{}"), piece(1, "y", "g", '{"a'), finish="length"))
    assert answer(found) == [("f", {})]
    assert found[-2]["delta"]["stop_reason"] == "tool_use"


def test_only_the_first_call_is_told_where_one_at_a_time_was_asked_for() -> None:
    assert answer(told(tool(piece(0, "x", "f", "{}"), piece(1, "y", "g", "{}")), one_call=True)) == [("f", {})]


def test_long_arguments_are_told_in_pieces_that_join_to_the_same_json() -> None:
    content = {"content": "äöü" * 20000}
    found = told(calls("Write", json.dumps(content, ensure_ascii=False)))
    assert len(found) > 5
    assert answer(found) == [("Write", content)]


@pytest.mark.parametrize(
    ("finish", "reason"),
    [("stop", "end_turn"), ("eos_token", "end_turn"), ("length", "max_tokens"), ("content_filter", "refusal")],
)
def test_why_the_model_stopped_is_told_in_the_apis_words(finish: str, reason: str) -> None:
    assert told(chunk({"content": "a"}) + ending(finish))[-2]["delta"] == {"stop_reason": reason, "stop_sequence": None}


def test_a_stop_sequence_is_named_where_the_server_says_it_hit() -> None:
    hit = {"index": 0, "delta": {}, "finish_reason": "stop", "stop_reason": "END"}
    upstream = chunk({"content": "a"}) + b"data: %b\n\n" % json.dumps({"choices": [hit]}).encode() + DONE
    delta = {"stop_reason": "stop_sequence", "stop_sequence": "END"}
    assert told(upstream, stop_sequences=("END",))[-2]["delta"] == delta
    assert told(upstream)[-2]["delta"] == {"stop_reason": "end_turn", "stop_sequence": None}


def test_an_empty_answer_ends_cleanly_without_blocks() -> None:
    assert kinds(told(says(""))) == ["message_start", "message_delta", "message_stop"]


@pytest.mark.parametrize("key", ["reasoning_content", "reasoning"])
def test_what_the_model_says_to_itself_is_not_told(key: str) -> None:
    stream = new()
    assert stream.feed(chunk({key: "secret plan"})) == b""
    assert stream.ping() == PING
    assert answer(events(stream.feed(says("Done.")))) == ["Done."]


# Counts


def test_the_counts_are_told_by_the_apis_classes() -> None:
    stream = new()
    stream.feed(chunk({"content": "a"}) + chunk({}, "stop") + usage(100, 7, cached=60) + DONE)
    assert stream.usage == {
        "input_tokens": 40, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 60, "output_tokens": 7,
    }  # fmt: skip
    assert not stream.estimated


@pytest.mark.parametrize(
    "last",
    [
        chunk({}, "stop", usage={"prompt_tokens": 9, "completion_tokens": 2}) + DONE,
        chunk({}, "stop") + chunk(usage={"prompt_tokens": 9, "completion_tokens": 2}),
        chunk({}, "stop", timings={"prompt_n": 9, "cache_n": 0, "predicted_n": 2, "x": 1.5}) + DONE,
        chunk({"content": "b"}, usage={"prompt_tokens": 9, "completion_tokens": 1})
        + chunk({}, "stop", usage={"prompt_tokens": 9, "completion_tokens": 2}) + DONE,
    ],
)  # fmt: skip
def test_counts_are_found_wherever_a_server_puts_them(last: bytes) -> None:
    stream = new()
    found = events(stream.feed(chunk({"content": "a"}) + last) + stream.end(True))
    assert (found[-2]["usage"]["input_tokens"], found[-2]["usage"]["output_tokens"]) == (9, 2)
    assert not stream.estimated


@pytest.mark.parametrize(
    "counts", [{}, {"prompt_tokens": -1, "completion_tokens": 2}, {"prompt_tokens": 1.5, "completion_tokens": 2},
               {"prompt_tokens": "9", "completion_tokens": 2}, {"prompt_tokens": 2**63, "completion_tokens": 2},
               {"prompt_tokens": True, "completion_tokens": 1}, {"prompt_tokens": 9}],
)  # fmt: skip
def test_without_counts_that_can_be_true_an_estimate_is_told_and_flagged(counts: dict[str, Any]) -> None:
    stream = new()
    found = events(stream.feed(chunk({"content": "four"}) + chunk({"reasoning": "eight..."}, "stop", usage=counts)
                               + DONE))  # fmt: skip
    assert stream.estimated
    assert (found[-2]["usage"]["input_tokens"], found[-2]["usage"]["output_tokens"]) == (50, 3)  # 12 characters / 4


def test_llama_cpps_timings_are_kept_for_whoever_measures() -> None:
    timings = {"prompt_n": 9, "predicted_n": 2, "predicted_ms": 12.5}
    stream = new()
    stream.feed(chunk({"content": "a"}) + chunk({}, "stop", timings=timings) + DONE)
    assert stream.timings == timings


# What goes wrong


def error_of(found: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the error that a stream ends in, having made sure that nothing looks like a clean end."""
    assert found[-1]["type"] == "error"
    assert not {"message_delta", "message_stop"} & set(kinds(found))
    return found[-1]["error"]


@pytest.mark.parametrize("clean", [True, False])
@pytest.mark.parametrize("upstream", [b"", chunk({"role": "assistant"}), chunk({"content": "Half an ans"}), DONE])
def test_an_answer_without_a_reason_to_stop_never_ends_cleanly(upstream: bytes, clean: bool) -> None:
    assert error_of(told(upstream, clean=clean))["type"] == "api_error"


def test_a_stream_that_is_cut_after_the_reason_and_before_the_end_mark_is_an_error_unless_it_ended_politely() -> None:
    upstream = chunk({"content": "a"}) + chunk({}, "stop")
    assert kinds(told(upstream, clean=True))[-1] == "message_stop"
    error_of(told(upstream, clean=False))


def test_after_the_end_mark_a_broken_connection_does_no_harm() -> None:
    assert kinds(told(says("a"), clean=False))[-1] == "message_stop"


@pytest.mark.parametrize(
    "event",
    [
        b'data: {"error": {"code": 500, "message": "Unexpected empty grammar stack", "type": "server_error"}}\n\n',
        b'event: error\ndata: {"error": {"message": "template failed"}}\n\n',
        b'event: error\ndata: {"message": "template failed"}\n\n',
        b'data: {"object": "error", "message": "no", "code": 400}\n\n',
        b'data: {"error": "just text"}\n\n',
    ],
)
def test_an_error_inside_a_stream_ends_it_as_an_error(event: bytes) -> None:
    for before in (b"", chunk({"content": "Half"})):
        error_of(told(before + event + DONE))


def test_a_full_context_is_told_in_the_words_that_clients_understand() -> None:
    raw = {"code": 400, "type": "exceed_context_size_error", "message": "x", "n_prompt_tokens": 9, "n_ctx": 8}
    found = told(b"data: %b\n\n" % json.dumps({"error": raw}).encode())
    assert error_of(found) == {"type": "invalid_request_error", "message": "prompt is too long: 9 tokens > 8 maximum"}


@pytest.mark.parametrize("junk", [b"data: {broken\n\n", b"data: [1]\n\n", b"data: \xff\xfe\n\n", b"data: 7\n\n"])
def test_an_event_that_cannot_be_read_may_have_held_text_and_is_an_error(junk: bytes) -> None:
    error_of(told(chunk({"content": "a"}) + junk + chunk({"content": "b"}) + ending()))


@pytest.mark.parametrize("finish", ["tool_calls", "abort", "who knows"])
def test_a_reason_without_its_calls_or_of_no_meaning_is_an_error(finish: str) -> None:
    error_of(told(chunk({"content": "I call it now."}) + ending(finish)))


def test_a_call_that_names_no_tool_is_an_error_when_it_is_all_there_is() -> None:
    error_of(told(tool(piece(0, "x", "", "{}"))))


def test_nothing_follows_the_end() -> None:
    stream = new()
    stream.feed(says("a"))
    assert stream.feed(says("b")) + stream.ping() + stream.end(True) + stream.end(False) + stream.fail("late") == b""


def test_a_server_can_be_given_up_on() -> None:
    stream = new()
    begun = events(stream.feed(chunk({"content": "Half"})))
    assert "took too long" in error_of(begun + events(stream.fail("it took too long")))["message"]
    assert stream.failed == "it took too long"


def test_what_is_recorded_of_a_failure_holds_none_of_the_servers_words() -> None:
    stream = new()
    stream.feed(b'data: {"error": {"code": 500, "message": "cannot parse: my secret prompt"}}\n\n')
    assert stream.failed == "it answered with an error (status 500)"
    assert "secret" in stream.trouble.message


# Habits


@pytest.mark.parametrize(
    "noise",
    [b": 30 s\n\n", b"\n\n\n", b"data:\n\n", chunk(), chunk({}), b"data: {}\n\n", b'data: {"choices": null}\n\n',
     b'data: {"choices": [null, 7, {"index": 1, "delta": {"content": "other"}}]}\n\n',
     b'data: {"choices": [{"delta": null}]}\n\n', b'data: {"choices": [{"delta": {"tool_calls": [7, null]}}]}\n\n',
     b'data: {"choices": [{"delta": {"content": 7}}], "timings": {"x": NaN}}\n\n', b"event: ping\ndata: {}\n\n"],
)  # fmt: skip
def test_noise_between_the_chunks_changes_nothing(noise: bytes) -> None:
    quiet = told(says("a", "b"))
    assert told(noise + says("a", "b")) == quiet
    assert told(chunk({"content": "a"}) + noise + chunk({"content": "b"}) + noise + ending()) == quiet


def test_a_missing_end_mark_and_a_missing_reason_key_are_accepted() -> None:
    raw = {"choices": [{"index": 0, "delta": {"content": "a"}}]}
    assert answer(told(b"data: %b\n\n" % json.dumps(raw).encode() + chunk({}, "stop"))) == ["a"]


def test_a_server_that_does_not_stream_is_understood() -> None:
    call = {"id": "x", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": "Hi", "tool_calls": [call]},
        "finish_reason": "stop",
    }
    body = {"choices": [choice], "usage": {"prompt_tokens": 3, "completion_tokens": 4}}
    found = told(json.dumps(body, indent=1).encode())
    assert answer(found) == ["Hi", ("f", {"a": 1})]
    assert found[-2]["usage"]["output_tokens"] == 4
    error_of(told(json.dumps(body).encode()[:-5]))
    error_of(told(b'{"error": {"message": "no"}}'))


def test_text_in_parts_and_lone_halves_of_characters_do_not_break_the_stream() -> None:
    parts = [{"type": "thinking", "thinking": "x"}, {"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    assert answer(told(chunk({"content": parts}) + ending())) == ["ab"]
    assert answer(told(b'data: {"choices": [{"delta": {"content": "x\\ud83d"}}]}\n\n' + ending())) == [
        "x\N{REPLACEMENT CHARACTER}"
    ]


def test_an_answer_without_end_is_given_up() -> None:
    stream = new()
    big = chunk({"reasoning": "x" * 8_000_000})
    for _ in range(5):
        stream.feed(big)
    assert stream.failed == "its answer has no end"


def test_tool_calls_without_end_are_given_up() -> None:
    stream = new()
    stream.feed(tool(*(piece(number, "x", "f", "{}") for number in range(200)), finish=None))
    assert stream.failed == "its tool calls have no end"
