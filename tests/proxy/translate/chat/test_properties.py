"""What must hold for every chat request, every answer, and every way to cut it."""

import itertools
import json
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.reader import Fields
from proxy.request import BadRequest, read_fields
from proxy.sse import frame
from proxy.translate.chat.ask import ask
from proxy.translate.chat.tell import DONE, ChatStream
from proxy.translate.chat.told import Told
from proxy.wellformed import parsed_object
from tests.kit.claude.checks import check_message

TOLD = Told("chatcmpl-1", 1, "m", include_usage=True)
TOOLS = [{"type": "function", "function": {"name": "f"}}]

words = st.text("xyz é世\n ", min_size=1, max_size=6).filter(str.strip)
names = st.sampled_from(["a", "b", "call_0", "functions.f:0", "é"])
inputs = st.dictionaries(st.text("ab", min_size=1, max_size=2), words | st.integers(-9, 9) | st.none(), max_size=2)

# --- answers: Messages to chat ---------------------------------------------------------------------------------------

texts = st.lists(words, min_size=1, max_size=3).map(lambda pieces: ("text", pieces))
thoughts = st.lists(words, min_size=1, max_size=2).map(lambda pieces: ("thinking", pieces))
made = st.tuples(st.uuids().map(lambda u: f"toolu_{u.hex}"), inputs).map(lambda made: ("tool_use", list(made)))
answers = st.lists(texts | thoughts | made, max_size=5)


def _block(index: int, kind: str, content: Any) -> bytes:
    if kind == "tool_use":
        identifier, given = content
        opened = {"type": kind, "id": identifier, "name": "f", "input": {}}
        text = json.dumps(given)
        pieces = [{"type": "input_json_delta", "partial_json": text[at : at + 5]} for at in range(0, len(text), 5)]
    else:
        opened = {"type": kind, kind: ""}
        pieces = [{"type": f"{kind}_delta", kind: piece} for piece in content]
    parts = [("content_block_start", {"content_block": opened})]
    parts += [("content_block_delta", {"delta": piece}) for piece in pieces]
    parts += [("content_block_stop", {})]
    return b"".join(frame(name, {**data, "index": index}) for name, data in parts)


def _stream(answer: list[tuple[str, Any]]) -> bytes:
    reason = "tool_use" if any(kind == "tool_use" for kind, _ in answer) else "end_turn"
    return (
        frame("message_start", {"message": {"usage": {"input_tokens": 3, "output_tokens": 1}}})
        + frame("ping", {"type": "ping"})
        + b"".join(_block(index, kind, content) for index, (kind, content) in enumerate(answer))
        + frame("message_delta", {"delta": {"stop_reason": reason}, "usage": {"output_tokens": 9}})
        + frame("message_stop", {})
    )


def _message(answer: list[tuple[str, Any]]) -> dict[str, Any]:
    content = [
        {"type": kind, "id": given[0], "name": "f", "input": given[1]}
        if kind == "tool_use"
        else {"type": kind, kind: "".join(given)}
        for kind, given in answer
    ]
    reason = "tool_use" if any(kind == "tool_use" for kind, _ in answer) else "end_turn"
    return {"content": content, "stop_reason": reason, "usage": {"input_tokens": 3, "output_tokens": 9}}


def _folded(told: bytes) -> dict[str, Any]:
    """Put the chunks of a stream together, as a client does."""
    message: dict[str, Any] = {"content": "", "reasoning_content": "", "tool_calls": [], "finish": None, "usage": None}
    for event in told.decode().split("\n\n"):
        if not event.startswith("data: {"):
            continue
        chunk = json.loads(event.removeprefix("data: "))
        message["usage"] = chunk["usage"] or message["usage"]
        for choice in chunk["choices"]:
            message["finish"] = choice["finish_reason"] or message["finish"]
            for name in ("content", "reasoning_content"):
                message[name] += choice["delta"].get(name, "")
            for piece in choice["delta"].get("tool_calls", []):
                if piece["index"] == len(message["tool_calls"]):
                    message["tool_calls"].append({"id": piece["id"], "arguments": ""})
                message["tool_calls"][piece["index"]]["arguments"] += piece["function"]["arguments"]
    return message


@given(answers)
def test_a_stream_tells_the_same_as_the_whole_answer(answer: list[tuple[str, Any]]) -> None:
    stream = ChatStream(TOLD)
    folded = _folded(stream.feed(_stream(answer)) + stream.end())
    whole = TOLD.completion(_message(answer))
    (choice,) = whole["choices"]
    assert folded["content"] == (choice["message"]["content"] or "")
    assert folded["reasoning_content"] == choice["message"].get("reasoning_content", "")
    calls = choice["message"].get("tool_calls", [])
    assert [(call["id"], json.loads(call["arguments"])) for call in folded["tool_calls"]] == [
        (call["id"], json.loads(call["function"]["arguments"])) for call in calls
    ]
    assert (folded["finish"], folded["usage"]) == (choice["finish_reason"], whole["usage"])


@given(answers, st.lists(st.integers(0, 4000), max_size=8))
def test_any_chunking_gives_the_same_chunks(answer: list[tuple[str, Any]], cuts: list[int]) -> None:
    data, stream = _stream(answer), ChatStream(TOLD)
    at_once = stream.feed(data) + stream.end()
    places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    stream = ChatStream(TOLD)
    told = b"".join(stream.feed(data[start:end]) for start, end in itertools.pairwise(places)) + stream.end()
    assert told == at_once
    assert told.endswith(DONE)


@given(answers, st.integers(0, 10_000))
def test_a_cut_stream_never_ends_as_if_it_were_whole(answer: list[tuple[str, Any]], cut: int) -> None:
    data = _stream(answer)
    stream = ChatStream(TOLD)
    told = stream.feed(data[: cut % len(data)]) + stream.end()
    assert DONE not in told
    assert b'"finish_reason":"' not in told
    assert b'"error"' in told


@given(st.lists(st.binary(max_size=40) | st.sampled_from([b"event: ", b"data: {", b"}\n\n", b'"delta":', b"\n"])))
def test_noise_never_raises_and_never_ends_well(pieces: list[bytes]) -> None:
    stream = ChatStream(TOLD)
    told = b"".join(stream.feed(piece) for piece in pieces) + stream.end()
    assert DONE not in told


@given(answers)
def test_an_answer_sent_back_is_the_message_it_came_from(answer: list[tuple[str, Any]]) -> None:
    whole = TOLD.completion(_message(answer))["choices"][0]["message"]
    results = [{"role": "tool", "tool_call_id": call["id"], "content": "r"} for call in whole.get("tool_calls", [])]
    asked = ask({"model": "claude-opus-5", "messages": [{"role": "user", "content": "q"}, whole, *results]}).sent
    text = "".join("".join(content) for kind, content in answer if kind == "text")
    expected = [{"type": "text", "text": text}] if text.strip() else []
    expected += [
        {"type": "tool_use", "id": content[0], "name": "f", "input": content[1]}
        for kind, content in answer
        if kind == "tool_use"
    ]
    got = [block for message in asked["messages"] if message["role"] == "assistant" for block in message["content"]]
    if got and got[-1]["type"] == "text":
        expected[-1] = {"type": "text", "text": text.rstrip()}
    assert got == expected
    answered = [b["tool_use_id"] for m in asked["messages"] for b in m["content"] if b["type"] == "tool_result"]
    assert answered == [call["id"] for call in whole.get("tool_calls", [])]


# --- requests: chat to Messages --------------------------------------------------------------------------------------

contents = words | st.just("") | st.lists(words.map(lambda text: {"type": "text", "text": text}), max_size=3)
call = st.builds(
    lambda name, given: {"id": name, "type": "function", "function": {"name": "f", "arguments": given}},
    names, inputs.map(json.dumps) | st.sampled_from(["", "{", "[]"]),
)  # fmt: skip
said = st.one_of(
    st.builds(lambda content: {"role": "user", "content": content}, contents),
    st.builds(lambda content: {"role": "system", "content": content}, contents),
    st.builds(
        lambda content, made: {"role": "assistant", "content": content, "tool_calls": made},
        contents | st.none(), st.lists(call, max_size=3),
    ),
    st.builds(lambda name, content: {"role": "tool", "tool_call_id": name, "content": content}, names, contents),
)  # fmt: skip
talks = st.lists(said, max_size=12).map(lambda talk: [{"role": "user", "content": "q"}, *talk])


@given(talks)
@settings(max_examples=200)
def test_every_conversation_becomes_one_that_the_api_takes(talk: list[dict[str, Any]]) -> None:
    found = ask({"model": "claude-sonnet-5-5", "messages": talk, "tools": TOOLS}).sent
    check_message(found)
    roles = [message["role"] for message in found["messages"]]
    assert all(first != second for first, second in itertools.pairwise(roles))


@given(talks)
def test_every_word_of_a_conversation_is_kept(talk: list[dict[str, Any]]) -> None:
    found = ask({"model": "claude-sonnet-5-5", "messages": talk, "tools": TOOLS}).sent
    sent = json.dumps(found, ensure_ascii=False)
    for message in talk:
        content = message.get("content") or ""
        for text in [content] if isinstance(content, str) else [part["text"] for part in content]:
            assert json.dumps(text.strip(), ensure_ascii=False)[1:-1] in sent


@given(talks, st.integers(0, 12))
def test_a_conversation_that_grows_keeps_the_bytes_that_it_began_with(talk: list[dict[str, Any]], place: int) -> None:
    # It grows by what stands after an answer: there all calls have their results, or never will.
    begun = talk[: place + 1]
    if begun[-1]["role"] != "user" or begun[-1]["content"] in ("", []):
        return
    fields = {"model": "claude-sonnet-5-5", "tools": TOOLS}
    short, long = (msgspec.json.encode(ask({**fields, "messages": part}).sent) for part in (begun, talk))
    assert long.startswith(short.removesuffix(b"]}]}"))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats() | st.text('ab{\\"é', max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=3),
    max_leaves=6,
)
keys = st.sampled_from(
    [
        "model", "messages", "tools", "tool_choice", "parallel_tool_calls", "max_tokens", "max_completion_tokens",
        "temperature", "top_p", "stop", "stream", "stream_options", "response_format", "reasoning_effort", "user", "n",
        "logprobs", "functions", "prompt_cache_key", "modalities",
    ]
)  # fmt: skip
fields = st.dictionaries(keys, json_values, max_size=5)
good = st.fixed_dictionaries({"model": st.just("claude-sonnet-5-5"), "messages": talks})


@given(good, fields)
@settings(max_examples=300)
def test_nothing_but_a_bad_request_comes_of_any_fields(base: dict[str, Any], odd: dict[str, Any]) -> None:
    _read(json.dumps({**base, **odd}).encode())


@given(good, st.lists(json_values, max_size=4), st.integers(0, 3))
def test_nothing_but_a_bad_request_comes_of_any_messages(base: dict[str, Any], odd: list[Any], at: int) -> None:
    _read(json.dumps({**base, "messages": [*base["messages"][:at], *odd, *base["messages"][at:]]}).encode())


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_nothing_but_a_bad_request_comes_of_any_bytes(body: bytes) -> None:
    _read(body)


def _read(body: bytes) -> None:
    try:
        wish = ask(parsed_object(body).value)
        sent = msgspec.json.encode(wish.sent)
        read_fields(sent, Fields.of(wish.sent, sent), {}, dialect="openai")
    except BadRequest:
        pass
