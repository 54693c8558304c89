"""A server's own Messages API: what it is asked, and its answers with their bad habits."""

import json
from dataclasses import replace
from typing import Any

import pytest

from proxy.toolcalls.verdict import Repaired
from proxy.translate.response import Folded, Unfinished
from proxy.translate.stream import AnthropicStream
from tests.proxy.translate.test_stream import answer, events
from tests.proxy.translate.words import CAPS, PNG, WEATHER, chat, result, text, translated, use

OWN = replace(CAPS, messages_api=True)

# Requests


def test_the_conversation_is_told_by_the_same_rules() -> None:
    history = [
        {"role": "user", "content": [text("@local look", cache_control={"type": "ephemeral"}), PNG]},
        {"role": "assistant", "content": [
            {"type": "thinking", "thinking": "hm", "signature": "s"}, text("I look."), use("a", city="x"), use("b"),
        ]},
        {"role": "system", "content": "Mind the gap."},
        {"role": "user", "content": [text("and?"), result("b", "B", is_error=True), result("a", "A")]},
    ]  # fmt: skip
    system = [text("x-anthropic-billing-header: cc_version=2.1.abc;"), text("You are.", cache_control={})]
    dropped = {"metadata": {"user_id": "u"}, "context_management": {}, "safeguards": []}
    told = translated(OWN, system=system, messages=history, tools=[WEATHER], judged=True, temperature=0.5,
                      stop_sequences=["END"], **dropped)  # fmt: skip
    assert (told.path, told.wire) == ("/v1/messages", "messages")
    body = json.loads(told.body)
    call = {"type": "tool_use", "name": "get_weather"}
    assert body == {
        "model": "qwen", "system": "You are.", "max_tokens": 100, "temperature": 0.5, "stop_sequences": ["END"],
        "messages": [
            {"role": "user", "content": [
                text("look"), {"type": "image", "source": PNG["source"]},
            ]},
            {"role": "assistant", "content": [
                text("I look."), {**call, "id": "a", "input": {"city": "x"}}, {**call, "id": "b", "input": {}},
            ]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "a", "content": "A"},
                {"type": "tool_result", "tool_use_id": "b", "content": "Error: B"},
                text("and?\n\n<system-reminder>\nMind the gap.\n</system-reminder>"),
            ]},
        ],
        "tools": [{
            "name": "get_weather", "description": "Tell the weather",
            "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
        }],
        "tool_choice": {"type": "auto"}, "stream": True,
    }  # fmt: skip
    assert told.functions[0]["function"]["name"] == "get_weather"


def test_a_stream_is_not_shortened_as_an_answer_in_one_piece_is() -> None:
    assert chat(OWN, tools=[WEATHER], max_tokens=30000, judged=True)["max_tokens"] == 30000


def test_choice_and_thinking_are_put_in_words_that_local_servers_know() -> None:
    asked = chat(OWN, tools=[WEATHER], tool_choice={"type": "tool", "name": "get_weather"})
    assert asked["tool_choice"] == {"type": "any"}
    one = chat(OWN, tools=[WEATHER], tool_choice={"type": "auto", "disable_parallel_tool_use": True})
    assert one["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}
    assert "tools" not in chat(OWN, tools=[WEATHER], tool_choice={"type": "none"})
    assert "thinking" not in chat(OWN, thinking={"type": "adaptive"})
    assert chat(OWN, thinking={"type": "disabled"})["thinking"] == {"type": "disabled"}
    assert chat(replace(OWN, thinking="on"))["thinking"] == {"type": "enabled", "budget_tokens": 100}


# Answers


def event(kind: str, **fields: Any) -> bytes:
    """Write one event."""
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


START = event("message_start", message={"id": "msg_1", "model": "local", "content": [],
                                        "usage": {"input_tokens": 40, "cache_read_input_tokens": 60}})  # fmt: skip


def block(at: int, start: dict[str, Any], *deltas: dict[str, Any]) -> bytes:
    """Write a block's events."""
    told = [event("content_block_delta", index=at, delta=delta) for delta in deltas]
    return b"".join(
        [event("content_block_start", index=at, content_block=start), *told, event("content_block_stop", index=at)]
    )


def end(reason: str = "end_turn", **more: Any) -> bytes:
    """Write an answer's last events."""
    delta = {"stop_reason": reason, "stop_sequence": None, **more}
    return event("message_delta", delta=delta, usage={"output_tokens": 7}) + event("message_stop")


THOUGHT = block(
    0,
    {"type": "thinking", "thinking": ""},
    {"type": "thinking_delta", "thinking": "hm"},
    {"type": "signature_delta", "signature": "3f2a"},
)
SAID = block(
    1, {"type": "text", "text": ""}, {"type": "text_delta", "text": "I look. "}, {"type": "text_delta", "text": "Ü"}
)
CALL = block(
    2,
    {"type": "tool_use", "id": "call_1", "name": "get_weather"},
    {"type": "input_json_delta", "partial_json": '{"city": '},
    {"type": "input_json_delta", "partial_json": '"Paris"}'},
)
PARIS = ("get_weather", {"city": "Paris"})
STREAM = START + event("ping") + THOUGHT + SAID + CALL + end("tool_use")


def told(*pieces: bytes, clean: bool = True) -> AnthropicStream:
    """Translate an answer."""
    stream = AnthropicStream("claude-x", translated(OWN, tools=[WEATHER]))
    stream.out = b"".join(stream.feed(piece) for piece in pieces) + stream.end(clean)  # type: ignore[attr-defined]
    return stream


def blocks(stream: Any) -> list[Any]:
    """Return the blocks that the client gets."""
    return answer(events(stream.out))


def test_words_and_calls_pass_and_thoughts_with_their_signatures_do_not() -> None:
    stream = told(STREAM)
    assert blocks(stream) == ["I look. Ü", PARIS]
    assert b"thinking" not in stream.out
    assert b"3f2a" not in stream.out
    first = events(stream.out)[0]["message"]
    assert (first["model"], first["id"].startswith("msg_"), first["id"] == "msg_1") == ("claude-x", True, False)
    assert b"call_1" not in stream.out
    assert stream.usage == {
        "input_tokens": 40, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 60, "output_tokens": 7,
    }  # fmt: skip


def test_every_cut_of_the_bytes_is_the_same_answer() -> None:
    for at in range(len(STREAM)):
        assert blocks(told(STREAM[:at], STREAM[at:])) == ["I look. Ü", PARIS]


def test_blocks_that_are_stopped_only_at_the_end_are_understood() -> None:
    starts = [
        event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
        event("content_block_delta", index=0, delta={"type": "text_delta", "text": "a"}),
        event("content_block_start", index=1, content_block={"type": "tool_use", "id": "x", "name": "get_weather",
                                                             "input": {"city": "Paris"}}),
        event("content_block_stop", index=0), event("content_block_stop", index=1),
    ]  # fmt: skip
    assert blocks(told(START, *starts, end("tool_use"))) == ["a", PARIS]


def test_two_calls_are_two_calls() -> None:
    second = CALL.replace(b'"index": 2', b'"index": 3').replace(b"call_1", b"call_2")
    assert blocks(told(START + CALL + second + end("tool_use"))) == [PARIS, PARIS]


def test_a_call_is_judged_and_repaired_like_any_other() -> None:
    broken = block(
        0,
        {"type": "tool_use", "id": "x", "name": "GetWeather", "input": {}},
        {"type": "input_json_delta", "partial_json": "{'city': 'Paris'"},
    )
    stream = told(START + broken + end("tool_use"))
    assert blocks(stream) == [PARIS]
    assert isinstance(stream.verdicts[0], Repaired)


def test_the_reasons_to_stop_are_the_apis_own() -> None:
    for reason in ("end_turn", "max_tokens", "refusal"):
        assert told(START + SAID + end(reason)).stop_reason == reason
    stops = translated(OWN, stop_sequences=["END"])
    stream = AnthropicStream("claude-x", stops)
    out = stream.feed(START + SAID + end("stop_sequence", stop_sequence="END"))
    assert events(out)[-2]["delta"] == {"stop_reason": "stop_sequence", "stop_sequence": "END"}


@pytest.mark.parametrize("clean", [True, False])
@pytest.mark.parametrize(
    "stream",
    [
        b"",
        START,
        START + SAID,
        START + CALL,
        START + SAID + event("message_stop"),
        START + SAID + event("error", error={"type": "overloaded_error", "message": "no"}) + end(),
        START + SAID + b'data: {"error": {"message": "Unexpected empty grammar stack"}}\n\n' + end(),
        START + b"data: [1]\n\n" + end(),
    ],
)
def test_what_is_cut_or_fails_never_ends_cleanly(stream: bytes, clean: bool) -> None:
    found = events(told(stream, clean=clean).out)  # type: ignore[attr-defined]
    assert found[-1]["type"] == "error"


def test_one_message_instead_of_a_stream_is_understood() -> None:
    message = {
        "type": "message", "content": [
            {"type": "thinking", "thinking": "hm"}, text("Hi"),
            {"type": "tool_use", "id": "x", "name": "get_weather", "input": {"city": "Paris"}},
        ],
        "stop_reason": "tool_use", "usage": {"input_tokens": 3, "output_tokens": 4},
    }  # fmt: skip
    body = json.dumps(message).encode()
    stream = told(*[body[at : at + 5] for at in range(0, len(body), 5)])
    assert blocks(stream) == ["Hi", PARIS]
    assert stream.usage["output_tokens"] == 4
    folded = Folded("claude-x", translated(OWN))
    folded.feed(body[:-3])
    folded.end(True)
    with pytest.raises(Unfinished):
        folded.message()
