"""What must hold for every request, every stream and every cut."""

import contextlib
import itertools
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.sse import SseParser
from proxy.translate.request import CannotTranslate, to_chat
from proxy.translate.stream import AnthropicStream
from proxy.upstream.local_model import LocalModel
from tests.kit.local_fake import DONE, calls, chunk, ending, says, usage

CAPS = LocalModel("m", 1_000_000, vision=True, tools=True, kind="llamacpp")

# Requests

ids = st.sampled_from(["a", "b", "c", "d"])
words = st.text("xyz ", min_size=1, max_size=4)
cache = st.just({"cache_control": {"type": "ephemeral"}})
image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}
texts = st.builds(lambda text, mark: {"type": "text", "text": text, **mark}, words, cache | st.just({}))
results = st.builds(
    lambda tool, content, mark: {"type": "tool_result", "tool_use_id": tool, "content": content, **mark},
    ids, words | st.lists(texts | st.just(image), max_size=2), cache | st.just({}),
)  # fmt: skip
uses = st.builds(lambda tool: {"type": "tool_use", "id": tool, "name": "f", "input": {"x": tool}}, ids)
thoughts = st.just({"type": "thinking", "thinking": "hm", "signature": "s"})
turns = st.one_of(
    st.builds(lambda content: {"role": "user", "content": content}, words | st.lists(texts | results, max_size=4)),
    st.builds(
        lambda content: {"role": "assistant", "content": content}, words | st.lists(texts | uses | thoughts, max_size=4)
    ),
    st.builds(lambda content: {"role": "system", "content": content}, words),
)


@settings(max_examples=400)
@given(st.lists(turns, min_size=1, max_size=12))
def test_every_translated_conversation_is_one_that_strict_templates_accept(messages: list[dict[str, Any]]) -> None:
    try:
        body = to_chat({"max_tokens": 10, "system": "S", "messages": messages}, model="m", caps=CAPS).body
    except CannotTranslate:
        assert not any(says_something(message) for message in messages)
        return
    assert b"cache_control" not in body
    system, *rest = json.loads(body)["messages"]
    assert system["role"] == "system"
    check_order(rest)


def says_something(message: dict[str, Any]) -> bool:
    """Tell whether a message holds anything but rules and thinking."""
    content = message["content"] if message["role"] != "system" else []
    return isinstance(content, str) or any(block["type"] != "thinking" for block in content)


def check_order(messages: list[dict[str, Any]]) -> None:
    """Make sure that roles alternate and that every call is followed by its results, in order."""
    expected: list[str] = []
    for before, message in itertools.pairwise([{"role": "start"}, *messages]):
        assert message["role"] in ("user", "assistant", "tool")
        if message["role"] == "tool":
            assert message["tool_call_id"] == expected.pop(0)
            assert isinstance(message["content"], str)
            continue
        assert expected == []
        assert message["role"] != before["role"]
        assert message["content"] or message.get("tool_calls")
        expected = [call["id"] for call in message.get("tool_calls", [])]
    assert expected == []


KEYS = [
    "role", "content", "type", "text", "id", "name", "input", "source", "data", "tool_use_id", "title", "citations",
    "input_schema", "media_type", "url", "thinking",
]  # fmt: skip
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)
kinds = st.sampled_from(["text", "tool_use", "tool_result", "image", "document", "search_result", "thinking", "x"])
blocks = st.builds(
    lambda kind, more: {**more, "type": kind}, kinds, st.dictionaries(st.sampled_from(KEYS), json_values)
)
wild = st.builds(
    lambda role, content: {"role": role, "content": content},
    st.sampled_from(["user", "assistant", "system", "tool"]), st.lists(blocks, max_size=4) | json_values,
)  # fmt: skip


@settings(max_examples=300)
@given(
    st.dictionaries(
        st.sampled_from(
            ["system", "tools", "tool_choice", "thinking", "output_config", "stop_sequences", "temperature"]
        ),
        json_values,
    ),
    st.lists(wild, max_size=5) | json_values,
)
def test_a_request_of_any_shape_is_translated_or_refused_and_nothing_else(
    fields: dict[str, Any], messages: Any
) -> None:
    with contextlib.suppress(CannotTranslate):
        body = to_chat({"max_tokens": 10, **fields, "messages": messages}, model="m", caps=CAPS).body
        assert json.loads(body)["model"] == "m"


# Streams

STREAMS = [
    says("Hello ", "wörld 🙂", "!"),
    chunk({"content": "I look."}) + calls("get_weather", '{"city": "Paris"}'),
    (chunk({"reasoning_content": "hm"}) + says("x")).replace(b"\n", b"\r\n"),
    b"\xef\xbb\xbf: 30 s\n\n" + says("a"),
    chunk({"content": "half"}) + b'data: {"error": {"message": "no"}}\n\n',
    json.dumps({"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]}).encode(),
    b"\xff\x00 rubbish \n\n" + says("a"),
]


def told(chunks: list[bytes], *, clean: bool) -> bytes:
    """Translate a stream that comes in these chunks, with known ids."""
    counter = itertools.count(1)
    stream = AnthropicStream("claude-x", mint=lambda: f"{next(counter):024x}")
    return b"".join(stream.feed(chunk) for chunk in chunks) + stream.end(clean)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """Cut bytes at the given places."""
    marks = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(marks)]


@given(st.sampled_from(STREAMS), st.lists(st.integers(0, 2000), max_size=12))
def test_the_cuts_of_the_upstream_bytes_never_change_the_answer(stream: bytes, places: list[int]) -> None:
    assert told(cut(stream, places), clean=True) == told([stream], clean=True)


def test_an_answer_that_comes_byte_by_byte_is_the_same() -> None:
    for stream in STREAMS:
        assert told([bytes([byte]) for byte in stream], clean=True) == told([stream], clean=True)


def test_an_answer_cut_at_any_byte_before_its_reason_never_ends_cleanly() -> None:
    for stream in STREAMS[:4]:
        reason = stream.index(b'"finish_reason": "')
        for at in range(reason):
            for clean in (True, False):
                assert_not_clean(told([stream[:at]], clean=clean))


@given(st.sampled_from(STREAMS), st.integers(0, 2000))
def test_an_answer_whose_connection_broke_never_ends_cleanly_before_the_end_mark(stream: bytes, at: int) -> None:
    piece = stream[: at % len(stream)]
    if b"[DONE]" not in piece:
        assert_not_clean(told([piece], clean=False))


def assert_not_clean(output: bytes) -> None:
    """Make sure that the output ends in one error and holds nothing that looks like an end."""
    names = [event.event for event in SseParser().feed(output)]
    assert names[-1] == "error"
    assert names.count("error") == 1
    assert not {"message_stop", "message_delta"} & set(names)


PIECES = [
    b"data: ", b"\n\n", b"\r", b"event: error\n", DONE, usage(), chunk({}, "stop"), chunk({}, "tool_calls"),
    b'{"choices": [',
    chunk({"content": "x"}), chunk({"tool_calls": [{"index": 0, "function": {"name": "f", "arguments": "{"}}]}),
    chunk({"tool_calls": [{"index": "z", "id": 7, "function": None}]}), b"\xff\xc3", b'{"error":', b"[]]}", ending(),
    chunk({"tool_calls": {"a": 1}, "content": {"b": 2}, "reasoning": 4}), b"null", b'"\\ud800"',
]  # fmt: skip


@settings(max_examples=400)
@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=6), max_size=14), st.booleans())
def test_rubbish_never_raises_and_the_output_is_always_a_well_formed_stream(pieces: list[bytes], clean: bool) -> None:
    output = told(pieces, clean=clean)
    assert output == told([b"".join(pieces)], clean=clean)
    parser = SseParser()
    events = [json.loads(event.data) for event in parser.feed(output)]
    assert not parser.pending
    check_grammar([event["type"] for event in events])


def check_grammar(names: list[str]) -> None:
    """Make sure that events come in the API's order: a message, blocks one at a time, an end or an error."""
    assert names
    assert names[-1] in ("message_stop", "error")
    inside, begun = False, False
    for name in names[:-1]:
        match name:
            case "message_start":
                assert not begun
                begun = True
            case "content_block_start":
                assert begun
                assert not inside
                inside = True
            case "content_block_delta":
                assert inside
            case "content_block_stop":
                assert inside
                inside = False
            case _:
                assert name == "message_delta"
                assert not inside
                assert names[-1] == "message_stop"
