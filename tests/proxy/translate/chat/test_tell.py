"""A stream of the Messages API told as chunks, and whole answers and errors beside it."""

import json
from typing import Any

import pytest

from proxy.sse import frame
from proxy.translate.chat.errors import error_of
from proxy.translate.chat.tell import DONE, PING, ChatStream
from proxy.translate.chat.told import Told, finish_of, usage_of

TOLD = Told("chatcmpl-1", 1_700_000_000, "claude-sonnet-5-5")
WITH_USAGE = Told("chatcmpl-1", 1_700_000_000, "claude-sonnet-5-5", include_usage=True)
START = frame("message_start", {"message": {"usage": {"input_tokens": 10, "cache_read_input_tokens": 5}}})
STOP = frame("message_stop", {})


def block(index: int, kind: dict[str, Any], *deltas: dict[str, Any]) -> bytes:
    """Write one content block."""
    return (
        frame("content_block_start", {"index": index, "content_block": kind})
        + b"".join(frame("content_block_delta", {"index": index, "delta": delta}) for delta in deltas)
        + frame("content_block_stop", {"index": index})
    )


def words(index: int, *texts: str) -> bytes:
    return block(index, {"type": "text", "text": ""}, *({"type": "text_delta", "text": text} for text in texts))


def call(index: int, identifier: str, *pieces: str, given: Any = None) -> bytes:
    kind = {"type": "tool_use", "id": identifier, "name": "read", "input": given or {}}
    return block(index, kind, *({"type": "input_json_delta", "partial_json": piece} for piece in pieces))


def ending(reason: str = "end_turn", output: int = 7) -> bytes:
    return frame("message_delta", {"delta": {"stop_reason": reason}, "usage": {"output_tokens": output}}) + STOP


def chunks(told: bytes) -> list[Any]:
    """Read what was told: each chunk, and the end mark as a string."""
    events = [event for event in told.decode().split("\n\n") if event and not event.startswith(":")]
    data = [event.removeprefix("data: ") for event in events]
    return [text if text == "[DONE]" else json.loads(text) for text in data]


def deltas(told: bytes) -> list[dict[str, Any]]:
    return [choice["delta"] for chunk in chunks(told) for choice in chunk["choices"]]


def test_words_are_told_with_the_role_first_and_the_reason_last() -> None:
    stream = ChatStream(TOLD)
    told = stream.feed(START + words(0, "Hel", "lo") + ending()) + stream.end()
    *pieces, done = chunks(told)
    assert done == "[DONE]"
    assert {(piece["id"], piece["created"], piece["model"], piece["object"]) for piece in pieces} == {
        ("chatcmpl-1", 1_700_000_000, "claude-sonnet-5-5", "chat.completion.chunk")
    }
    assert [choice["delta"] for piece in pieces for choice in piece["choices"]] == [
        {"role": "assistant", "content": ""}, {"content": "Hel"}, {"content": "lo"}, {}
    ]  # fmt: skip
    assert [choice["finish_reason"] for piece in pieces for choice in piece["choices"]] == [None, None, None, "stop"]
    assert all("usage" not in piece for piece in pieces)


def test_calls_are_numbered_and_their_arguments_come_in_pieces() -> None:
    told = ChatStream(TOLD).feed(
        START + words(0, "Look") + call(1, "a", '{"x"', ":1}") + call(2, "b", "{}") + ending("tool_use")
    )
    made = [delta["tool_calls"][0] for delta in deltas(told) if "tool_calls" in delta]
    assert [(piece["index"], piece.get("id"), piece["function"]) for piece in made] == [
        (0, "a", {"name": "read", "arguments": ""}),
        (0, None, {"arguments": '{"x"'}),
        (0, None, {"arguments": ":1}"}),
        (1, "b", {"name": "read", "arguments": ""}),
        (1, None, {"arguments": "{}"}),
    ]
    assert chunks(told)[-1]["choices"][0]["finish_reason"] == "tool_calls"


@pytest.mark.parametrize(("given", "arguments"), [({}, "{}"), ({"x": 1}, '{"x":1}')])
def test_a_call_without_pieces_has_the_input_it_was_opened_with(given: Any, arguments: str) -> None:
    told = ChatStream(TOLD).feed(START + call(0, "a", "", given=given) + ending("tool_use"))
    texts = [delta["tool_calls"][0]["function"]["arguments"] for delta in deltas(told) if "tool_calls" in delta]
    assert "".join(texts) == arguments


def test_thoughts_are_told_apart_from_words_and_without_their_signature() -> None:
    thought = {"type": "thinking_delta", "thinking": "hm"}, {"type": "signature_delta", "signature": "s"}
    told = ChatStream(TOLD).feed(START + block(0, {"type": "thinking", "thinking": ""}, *thought) + words(1, "Yes"))
    assert deltas(told)[1:] == [{"reasoning_content": "hm"}, {"content": "Yes"}]


def test_the_counts_come_last_and_only_if_they_were_asked_for() -> None:
    told = chunks(ChatStream(WITH_USAGE).feed(START + words(0, "Hi") + ending(output=7)))
    assert [chunk["usage"] for chunk in told[:-1]] == [None] * 3
    assert told[-1]["choices"] == []
    assert told[-1]["usage"] == {
        "prompt_tokens": 15,
        "completion_tokens": 7,
        "total_tokens": 22,
        "prompt_tokens_details": {"cached_tokens": 5, "cache_write_tokens": 0},
    }


def test_pings_are_comments() -> None:
    assert ChatStream(TOLD).feed(frame("ping", {"type": "ping"})) == PING == b": ping\n\n"


def test_an_error_is_told_once_and_nothing_after_it() -> None:
    stream = ChatStream(TOLD)
    broken = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    stream.feed(START + words(0, "Hi"))
    (told,) = chunks(stream.feed(frame("error", broken) + words(1, "more") + ending()) + stream.end())
    assert told == {
        "error": {"message": "Overloaded", "type": "overloaded_error", "param": None, "code": "overloaded_error"}
    }


@pytest.mark.parametrize(
    "part", [b"", START, START + words(0, "Hi"), START + words(0, "Hi") + ending().removesuffix(STOP)]
)
def test_a_stream_without_its_end_has_no_end_mark_and_no_reason(part: bytes) -> None:
    stream = ChatStream(TOLD)
    told = stream.feed(part) + stream.end()
    assert DONE not in told
    assert [chunk for chunk in chunks(told) if "choices" in chunk and chunk["choices"][0]["finish_reason"]] == []
    assert "error" in chunks(told)[-1]


@pytest.mark.parametrize(
    "odd",
    [
        b"event: message_start\ndata: {\n\n",
        frame("content_block_delta", {"delta": None}),
        frame("content_block_delta", {"delta": {"type": "text_delta"}}),
        frame("content_block_start", {"content_block": {"type": "tool_use"}}),
        frame("content_block_start", []),
        frame("message_delta", {"delta": 7}),
        b"event: message_start\ndata: " + b"[" * 100_000 + b"\n\n",
    ],
)
def test_what_cannot_be_read_is_an_error_and_no_exception(odd: bytes) -> None:
    stream = ChatStream(TOLD)
    assert "error" in chunks(stream.feed(START + odd))[-1]
    assert DONE not in stream.end()


def test_blocks_that_this_dialect_does_not_have_are_left_out() -> None:
    told = ChatStream(TOLD).feed(START + block(0, {"type": "server_tool_use", "id": "s"}) + words(1, "Hi"))
    assert deltas(told)[1:] == [{"content": "Hi"}]


@pytest.mark.parametrize(
    ("reason", "calls", "finish"),
    [
        ("end_turn", False, "stop"), ("stop_sequence", False, "stop"), ("tool_use", True, "tool_calls"),
        ("end_turn", True, "tool_calls"), ("max_tokens", True, "length"), ("refusal", False, "content_filter"),
        ("model_context_window_exceeded", False, "length"), ("pause_turn", False, "stop"), (None, False, "stop"),
    ],
)  # fmt: skip
def test_why_an_answer_ended(reason: str | None, calls: bool, finish: str) -> None:
    assert finish_of(reason, has_calls=calls) == finish


def test_all_of_the_prompt_is_counted_and_what_was_read_from_the_cache_told() -> None:
    raw = {"input_tokens": 3, "cache_creation_input_tokens": 20, "cache_read_input_tokens": 100, "output_tokens": 4}
    assert usage_of(raw) == {
        "prompt_tokens": 123,
        "completion_tokens": 4,
        "total_tokens": 127,
        "prompt_tokens_details": {"cached_tokens": 100, "cache_write_tokens": 20},
    }


@pytest.mark.parametrize("odd", [None, -1, "7", 1.5, True, 2**70])
def test_impossible_counts_count_as_none(odd: Any) -> None:
    assert usage_of({"input_tokens": odd, "output_tokens": odd})["total_tokens"] == 0


def test_a_whole_answer_is_one_completion() -> None:
    message = {
        "content": [
            {"type": "thinking", "thinking": "hm", "signature": "s"},
            {"type": "text", "text": "Look"},
            {"type": "tool_use", "id": "a", "name": "read", "input": {"x": "é"}},
        ],
        "stop_reason": "tool_use",
        "usage": {"input_tokens": 3, "output_tokens": 4},
    }
    completion = TOLD.completion(message)
    (choice,) = completion["choices"]
    assert (completion["object"], choice["finish_reason"]) == ("chat.completion", "tool_calls")
    assert choice["message"] == {
        "role": "assistant",
        "content": "Look",
        "refusal": None,
        "reasoning_content": "hm",
        "tool_calls": [{"id": "a", "type": "function", "function": {"name": "read", "arguments": '{"x":"é"}'}}],
    }


@pytest.mark.parametrize(
    ("body", "status", "message", "kind"),
    [
        (b'{"type":"error","error":{"type":"not_found_error","message":"m"}}', 404, "m", "not_found_error"),
        (b'{"error":{"message":"m","type":"t","param":null,"code":"t"}}', 402, "m", "t"),
        (b"<html>Bad gateway</html>", 502, "<html>Bad gateway</html>", "api_error"),
        (b"", 400, "the answer was an empty 400", "invalid_request_error"),
        (b'{"error": 7}', 500, '{"error": 7}', "api_error"),
    ],
)
def test_every_error_has_the_caller_s_shape(body: bytes, status: int, message: str, kind: str) -> None:
    told = json.loads(error_of(body, status))
    assert told == {"error": {"message": message, "type": kind, "param": None, "code": kind}}
