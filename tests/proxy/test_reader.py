"""The reader: what it remembers of messages changes nothing of how a request is read."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from proxy.reader import Reader
from proxy.request import AgentRequest, BadRequest, read
from proxy.strictjson import MOST_DEPTH
from tests.kit import bodies

MARK = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "A" * 40}}
MESSAGES: list[Any] = [
    bodies.user("Fix the importer"),
    bodies.user("<system-reminder>x</system-reminder>"),
    bodies.said("Done. 数据"),
    bodies.call("Read", "t1", file_path="a.py"),
    bodies.result("line", "t1"),
    bodies.result([bodies.text('"messages":[') | MARK, IMAGE], "t1"),
    bodies.result([{"type": "tool_reference", "tool_name": "Read"}], "t1"),
    {"role": "user", "content": [{"type": "document", "source": {}}]},
    {"role": "user", "content": [{"type": ["odd"]}]},
    {"role": "system", "content": "Working directory: /x"},
    {"role": "user", "content": 5},
    {"role": "user", "Content": "x"},
    {"role": "a role of many letters", "content": "x"},
    {"content": "x"},
    "hi",
]
BASE = {"model": "claude-opus-5-5", "max_tokens": 100}
AFTER = {"tools": [{"name": "Read", "input_schema": {"messages": []}}], "system": [bodies.text("You are.") | MARK]}


def told(body: bytes, reader: Reader | None) -> tuple[Any, ...] | str:
    """Give all that is known of a request, or why it cannot be read."""
    try:
        asked = read(body, {}, reader)
    except BadRequest as bad:
        return str(bad)
    fields = {**asked.fields, "messages": list(asked.fields["messages"])}
    return fields, asked.shape, asked.cloud_only, asked.turn, asked.session, asked.fields["messages"].first_words


@given(
    st.lists(st.lists(st.sampled_from(MESSAGES), min_size=1, max_size=6), min_size=1, max_size=4),
    st.sampled_from([(",", ":"), (", ", ": "), (",", ": ")]),
    st.booleans(),
    st.booleans(),
)
def test_a_conversation_is_read_the_same_whatever_was_read_before(
    talks: list[list[Any]], separators: tuple[str, str], escaped: bool, first: bool
) -> None:
    reader = Reader(most=4, least=0)
    for messages in talks:
        said = {"messages": messages}
        fields = {**said, **BASE, **AFTER} if first else {**BASE, **AFTER, **said}
        body = json.dumps(fields, separators=separators, ensure_ascii=escaped).encode()
        assert told(body, reader) == told(body, reader) == told(body, None)


SAID = b'{"role":"user","content":"hi"}'
HEAD = b'"model":"m","max_tokens":1'
TOOL = b'{"name":"Read","input_schema":{}}'


@pytest.mark.parametrize(
    "body",
    [
        b'{%b,"messages":[%b],"messages":[%b,%b]}' % (HEAD, SAID, SAID, SAID),
        b'{%b,"messages":[%b],"mess\\u0061ges":[%b]}' % (HEAD, SAID, SAID),
        b'{"metadata":{"messages":[%b]},%b,"messages":[%b]}' % (SAID, HEAD, SAID),
        b'{"metadata":{"messages":[%b]},%b,"messages":[]}' % (SAID, HEAD),
        b'{"metadata":{"messages":[%b,%b]},%b,"messages":[%b]}' % (SAID, SAID, HEAD, SAID),
        b'{%b,"messages":[ %b,%b]}' % (HEAD, SAID, SAID),
        b'{%b,"messages":[%b ,%b]}' % (HEAD, SAID, SAID),
        b'{%b,"messages":[%b,%b ]}' % (HEAD, SAID, SAID),
        b'{%b,"messages":[%b,%b]' % (HEAD, SAID, SAID),
        b'{%b,"messages":[%b,%b]}}' % (HEAD, SAID, SAID),
        b'{%b,"messages":[%b,,%b]}' % (HEAD, SAID, SAID),
        b'{%b,"messages":[]}' % HEAD,
        b'{%b,"messages":[{"role":"user","role":"user","content":"hi"}]}' % HEAD,
        b'{%b,"messages":[{"role":"user","content":"\xff"}]}' % HEAD,
        b'{%b,"messages":[{"role":"user","content":"\\ud800"}]}' % HEAD,
        b'{%b,"messages":[{"role":"user","content":"hi","x":%b}]}' % (HEAD, b"[" * 200 + b"]" * 200),
        b'[{%b,"messages":[%b]}]' % (HEAD, SAID),
        b'{%b,"tools":[%b],"messages":[%b],"tools":[%b]}' % (HEAD, TOOL, SAID, TOOL),
        b'{%b,"tools":[],"messages":[%b],"tools":[%b]}' % (HEAD, SAID, TOOL),
        b'{%b,"tools":[ %b],"messages":[%b]}' % (HEAD, TOOL, SAID),
        b'{%b,"tools":[%b,%b],"messages":[%b]}' % (HEAD, TOOL, TOOL, SAID),
        b'{%b,"tools":[%b,{"name":"x","name":"y"}],"messages":[%b]}' % (HEAD, TOOL, SAID),
        b'{%b,"tools":[1],"messages":[%b]}' % (HEAD, SAID),
        b'{%b,"tools":{"name":"x"},"messages":[%b]}' % (HEAD, SAID),
        b'{%b,"tools":null,"messages":[%b]}' % (HEAD, SAID),
        b'{"metadata":{"tools":[%b]},%b,"tools":[%b],"messages":[%b]}' % (TOOL, HEAD, TOOL, SAID),
        b'{"metadata":{"tools":[%b]},%b,"tools":[],"messages":[%b]}' % (TOOL, HEAD, SAID),
        b'{%b,"tools":[],"messages":[%b],"metadata":{"tools":[%b]}}' % (HEAD, SAID, TOOL),
        b'{%b,"messages":[%b],"metadata":{"tools":[%b]}}' % (HEAD, SAID, TOOL),
        b'{%b,"tools":[%b],"messages":[{"role":"user","content":"hi","tools":[%b]}]}' % (HEAD, TOOL, TOOL),
        b'{%b,"messages":[%b,{"role":"user","content":"hi","tools":[%b]}]}' % (HEAD, SAID, TOOL),
        b'\xef\xbb\xbf{%b,"messages":[%b]}' % (HEAD, SAID),
    ],
)
def test_what_is_odd_around_messages_that_are_known_is_found_as_ever(body: bytes) -> None:
    reader = Reader(least=0)
    told(b'{%b,"messages":[%b],"tools":[%b]}' % (HEAD, SAID, TOOL), reader)
    assert told(body, reader) == told(body, None)


@pytest.mark.parametrize("levels", range(MOST_DEPTH - 6, MOST_DEPTH + 2))
def test_messages_may_be_nested_as_deeply_as_ever(levels: int) -> None:
    deep = b"[" * levels + b"]" * levels
    body = b'{%b,"messages":[{"role":"user","content":"hi","x":%b}]}' % (HEAD, deep)
    assert told(body, Reader(least=0)) == told(body, None)


@given(st.binary(max_size=40), st.integers(0, 200), st.integers(0, 40))
@example(b'","role":"', 30, 0)
def test_however_a_body_is_damaged_it_is_read_as_ever(bytes_in: bytes, at: int, out: int) -> None:
    whole = b'{%b,"messages":[%b,%b],"tools":[%b],"system":"You are."}' % (HEAD, SAID, SAID, TOOL)
    reader = Reader(least=0)
    told(whole, reader)
    damaged = whole[:at] + bytes_in + whole[at + out :]
    assert told(damaged, reader) == told(damaged, None)


def test_a_message_that_is_known_is_not_made_into_an_object_again() -> None:
    history = [bodies.call("Read", "t1", file_path="a.py"), bodies.result("line " * 9000, "t1")] * 3
    body = bodies.encode(bodies.main_turn("Fix it", *history))
    asked = _again(body)
    made = [type(item) is dict for item in asked.fields["messages"]._items]
    assert made.count(True) <= 1, made
    assert asked.turn.text == "Fix it"


def _again(body: bytes) -> AgentRequest:
    reader = Reader()
    read(body, bodies.headers(), reader)
    return read(body, bodies.headers(), reader)
