"""What must hold for every request, every stream and every cut."""

import contextlib
import itertools
import json
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.sse import SseParser
from proxy.translate.request import CannotTranslate, Translated, to_chat
from proxy.translate.stream import AnthropicStream
from proxy.upstream.local_model import LocalModel
from tests.kit.local_fake import DONE, calls, chunk, ending, says, usage
from tests.proxy.translate import test_ollama as ollama
from tests.proxy.translate import test_own_messages as own
from tests.proxy.translate.test_sureness import CALL, CLOSE, choice, with_call

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


# Prefixes

answers = words | st.lists(texts | uses, min_size=1, max_size=4)
requests = words | st.lists(texts | results, min_size=1, max_size=4)
plain_turns = st.tuples(
    st.builds(lambda content: {"role": "assistant", "content": content}, answers),
    st.builds(lambda content: {"role": "user", "content": content}, requests),
    st.none() | st.builds(lambda content: {"role": "system", "content": content}, words),
)


def flat(turns: list[Any]) -> list[dict[str, Any]]:
    """Return the messages of turns."""
    return [message for turn in turns for message in turn if message]


@settings(max_examples=300)
@given(
    st.lists(plain_turns, max_size=5), plain_turns, st.text("abcdef0123456789", min_size=3, max_size=3),
    st.sampled_from(["llamacpp", "ollama"]), st.booleans(),
)  # fmt: skip
def test_a_turn_that_is_added_leaves_the_conversation_before_it_as_it_was_byte_for_byte(
    before: list[Any], added: Any, session: str, kind: Any, own: bool
) -> None:
    """A local server then finds all of it in its cache."""
    first = [{"role": "user", "content": "@local Hi"}, {"role": "system", "content": "Rules."}]
    caps = replace(CAPS, kind=kind, messages_api=own)
    tools = [{"name": "f", "input_schema": {"type": "object"}}]

    def body(messages: list[dict[str, Any]], number: int) -> bytes:
        system = [{"type": "text", "text": f"x-anthropic-billing-header: {session}{number};"},
                  {"type": "text", "text": "You are."}]  # fmt: skip
        asked = {"max_tokens": 10, "system": system, "messages": messages, "tools": tools}
        return to_chat(asked, model="m", caps=caps).body

    shorter = json.loads(body(first + flat(before), 1))
    longer = json.loads(body(first + flat([*before, added]), 2))
    known = len(shorter["messages"])
    assert json.dumps(longer["messages"][:known]) == json.dumps(shorter["messages"])
    assert longer.get("system") == shorter.get("system")
    assert longer["tools"] == shorter["tools"]
    assert to_chat({"max_tokens": 9, "messages": first}, model="m", caps=caps) == to_chat(
        {"max_tokens": 9, "messages": first}, model="m", caps=caps
    )


@given(st.lists(plain_turns, min_size=1, max_size=5), st.sampled_from(["m", "mistral-small"]))
def test_ids_pair_each_call_with_one_result_and_stay_what_they_were(given_turns: list[Any], model: str) -> None:
    messages = [{"role": "user", "content": "Hi"}, *flat(given_turns)]
    bodies = [to_chat({"max_tokens": 10, "messages": messages}, model=model, caps=CAPS).body for _ in range(2)]
    assert bodies[0] == bodies[1]
    found = json.loads(bodies[0])["messages"]
    for at, message in enumerate(found):
        calls = [call["id"] for call in message.get("tool_calls", [])]
        assert len(set(calls)) == len(calls)
        assert [one["tool_call_id"] for one in found[at + 1 : at + 1 + len(calls)]] == calls
        assert model == "m" or all(len(one) == 9 for one in calls)


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


def told(chunks: list[bytes], *, clean: bool, asked: Translated | None = None) -> bytes:
    """Translate a stream that comes in these chunks, with known ids."""
    counter = itertools.count(1)
    stream = AnthropicStream("claude-x", asked, mint=lambda: f"{next(counter):024x}")
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


# Every wire

ASKED = Translated(b"", 100, 50, ("get_weather",), functions=(
    {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}},
))  # fmt: skip
WIRES: list[tuple[Translated, bytes]] = [
    (replace(ASKED, wire="sse"), chunk({"content": "I look. Ü"}) + calls("get_weather", '{"city": "Paris"}')),
    (replace(ASKED, wire="json"), json.dumps({"choices": [with_call([*CALL, *CLOSE])]}, indent=1).encode()),
    (replace(ASKED, wire="json", constrained=True), json.dumps({"choices": [choice(
        [('{"name": "get_weather", "arguments": {}}', -3.0)], content='{"name": "get_weather", "arguments": {}}'
    )]}).encode()),
    (replace(ASKED, wire="ndjson"), ollama.says("Grüße 🙂", thinking="hm") + ollama.CALL + ollama.end()),
    (replace(ASKED, wire="ndjson", constrained=True), ollama.says('{"name": "get_weather", ', '"arguments": {}}')
     + ollama.end()),
    (replace(ASKED, wire="messages"), own.STREAM),
    (replace(ASKED, wire="messages"), (own.START + own.SAID + own.end()).replace(b"\n", b"\r\n")),
]  # fmt: skip
wires = st.sampled_from(WIRES)


@settings(max_examples=300)
@given(wires, st.lists(st.integers(0, 5000), max_size=12), st.booleans())
def test_on_every_wire_the_cuts_of_the_bytes_never_change_the_answer(
    wire: tuple[Translated, bytes], places: list[int], clean: bool
) -> None:
    asked, stream = wire
    assert told(cut(stream, places), clean=clean, asked=asked) == told([stream], clean=clean, asked=asked)
    assert b"message_stop" in told([stream], clean=True, asked=asked)


def test_on_every_wire_an_answer_that_is_cut_before_its_reason_never_ends_cleanly() -> None:
    for asked, stream in WIRES:
        for at in range(last_of(stream)):
            for clean in (True, False):
                assert_not_clean(told([stream[:at]], clean=clean, asked=asked))


def last_of(stream: bytes) -> int:
    """Find where the reason to stop is told; an answer in one piece has to be whole."""
    marks = [stream.rfind(mark) for mark in (b'"finish_reason": "', b'"done": true', b'"stop_reason": "')]
    return len(stream.rstrip()) if stream.startswith((b'{"choices"', b"{\n")) else max(marks)


@settings(max_examples=500)
@given(
    wires,
    st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 4), st.binary(max_size=4)), max_size=5),
    st.booleans(),
)
def test_on_every_wire_damaged_bytes_never_raise_and_make_a_well_formed_stream(
    wire: tuple[Translated, bytes], damages: list[tuple[int, int, bytes]], clean: bool
) -> None:
    asked, stream = wire
    for place, length, instead in damages:
        at = place % (len(stream) + 1)
        stream = stream[:at] + instead + stream[at + length :]
    output = told([stream], clean=clean, asked=asked)
    check_grammar([event.event for event in SseParser().feed(output)])


@given(wires, st.binary(max_size=200), st.booleans())
def test_on_every_wire_rubbish_never_raises_and_is_no_answer(
    wire: tuple[Translated, bytes], rubbish: bytes, clean: bool
) -> None:
    assert_not_clean(told([rubbish], clean=clean, asked=wire[0]))


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
