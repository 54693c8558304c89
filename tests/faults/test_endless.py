"""Answers that never end: what a broken or a hostile server sends is cut off, and takes neither memory nor time."""

import json
from contextlib import suppress
from typing import Any

import pytest

from budget.ledger import Mode, Outcome
from pricing.money import ZERO
from proxy.upstream.local_model import LocalSetting
from tests.faults.conftest import Start
from tests.kit.balance import balanced
from tests.kit.raw import Client, Truncated, message, post
from tests.kit.scripted import Line, Scripted, eventually

MOST_BYTES = 2**30
"""What an endless answer sends, if nobody stops it."""
PIECE = 2**16


class Endless:
    """A server that begins an answer and never ends it; `sent` is how much of it was taken."""

    def __init__(self, begins: bytes, goes_on: bytes) -> None:
        self.sent = 0
        self.is_over = False
        self._begins, self._goes_on = begins, goes_on

    def __call__(self, line: Line) -> None:
        while line.request and b"POST /v1/" not in line.request[:9]:
            line.send(_about_itself(line.request))
            line.read_request()
        try:
            line.send(self._begins)
            while self.sent < MOST_BYTES:
                line.send(self._goes_on)
                self.sent += len(self._goes_on)
        finally:
            self.is_over = True


def _about_itself(request: bytes) -> bytes:
    if not request.startswith(b"GET /v1/models "):
        return b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"
    body = b'{"object":"list","data":[{"id":"fake-model"}]}'
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)


HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
FRAMING = {
    "a head": (b"HTTP/1.1 200 OK\r\nx-a: ", b"a" * PIECE),
    "heads of 1xx": (b"", b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" * 1000),
    "a chunk's extension": (HEAD + b"2\r\n{}\r\n5;a=", b"a" * PIECE),
    "a trailer": (HEAD + b"2\r\n{}\r\n0\r\nx-a: ", b"a" * PIECE),
    "trailers": (HEAD + b"2\r\n{}\r\n0\r\n", b"x-a: b\r\n" * 8000),
}


@pytest.mark.parametrize("what", FRAMING)
def test_f04_framing_of_claude_s_that_never_ends_is_cut_off(start: Start, what: str) -> None:
    endless = Endless(*FRAMING[what])
    with Scripted(endless) as cloud:
        proxy = start(cloud=f"http://127.0.0.1:{cloud.port}")
        with Client(proxy.url) as client, suppress(Truncated):
            client.ask(message("hello"))
        assert eventually(lambda: endless.is_over, 30)
        (entry,) = balanced(proxy, entries=1)
    assert endless.sent < 16 * 2**20  # What lies in the buffers between two sockets.
    assert entry.outcome is not Outcome.complete
    assert entry.charged > ZERO


def said(delta: dict[str, Any]) -> bytes:
    """Spell one chunk of an answer."""
    choice = {"index": 0, "delta": delta, "finish_reason": None}
    return b"data: %b\n\n" % json.dumps({"object": "chat.completion.chunk", "choices": [choice]}).encode()


def call(**function: str) -> bytes:
    """Spell a piece of a tool call."""
    return said({"tool_calls": [{"index": 0, "id": "call-1", "type": "function", "function": function}]})


EVENTS = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
LOCAL = {
    "JSON": (b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n{", b" " * PIECE),
    "a line": (EVENTS + b"data: ", b"a" * PIECE),
    "an event": (EVENTS, b"data: a\n" * 8000),
    "words": (EVENTS, said({"content": "a" * 60_000})),
    "blanks": (EVENTS, said({"content": " " * 60_000})),
    "thoughts": (EVENTS, said({"reasoning_content": "a" * 60_000})),
    "a thought in the text": (EVENTS + said({"content": "<think>"}), said({"content": "a" * 60_000})),
    "a call": (EVENTS + call(name="Bash", arguments='{"a":"'), call(arguments="a" * 60_000)),
    "a call's name": (EVENTS, call(name="a" * 60_000)),
    "blank lines": (EVENTS, b"\n" * PIECE),
    "a trailer": (HEAD + b"2\r\n{}\r\n0\r\nx-a: ", b"a" * PIECE),
}


QUICK = ("a line", "blanks", "a trailer")


@pytest.mark.parametrize(
    "what", [what if what in QUICK else pytest.param(what, marks=pytest.mark.prove) for what in LOCAL]
)
def test_f20_a_local_server_s_answer_that_never_ends_is_cut_off(start: Start, what: str) -> None:
    endless = Endless(*LOCAL[what])
    with Scripted(endless) as server:
        setting = LocalSetting("box", f"http://127.0.0.1:{server.port}", "openai", ("fake-model",), context=32768)
        proxy = start(cloud="http://127.0.0.1:9", mode=Mode.local, servers=(setting,))
        with Client(proxy.url) as client:
            client.send(post(proxy.url, message("hello", stream=True)))
            try:
                wire = client.answer().wire
            except Truncated as broken:
                wire = broken.wire
        assert b"bursar: " in wire[-500:]
        assert b"message_stop" not in wire
        assert eventually(lambda: endless.is_over, 30)
        balanced(proxy, entries=1)
    assert endless.sent < MOST_BYTES / 2
