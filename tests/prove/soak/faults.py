"""Faults of the soak: what goes wrong at Claude's side, at the agent's, on the wire, and in the local model."""

from __future__ import annotations

import json
from typing import Any, Literal

from tests.kit.local_fake import Act, calls, says

Leave = Literal["", "head", "body", "waiting", "first", "middle", "rude", "slow", "unread"]

UPSTREAM = (
    "status=400", "status=401", "status=429 retry-after=1", "status=500", "status=503", "status=529 retry-after=1",
    "drop", "reset", "early", "redirect=http://127.0.0.1:9/", "cut=0", "cut=700 how=fin", "cut=900 how=rst",
    "cut=1500 how=clean", "cut-event=5 how=clean", "stall=400,0.4", "error-event=6", "no-stop", "no-delta", "garbage",
    "big-line=300000", "bom", "cr", "crlf", "comments", "unknown-event", "bytes=9", "length", "until-close", "http10",
    "gzip", "gzip-cut", "bomb=20000000", "bad-chunk", "trailers", "many-headers=60", "usage=none",
)  # fmt: skip
"""In the words of the fake Claude: tests/kit/claude/faults.py."""

LEAVES: dict[Leave, str] = {
    "head": "[[out:5]]",
    "body": "[[out:5]]",
    "waiting": "[[ttft:3000]]",
    "first": "[[long:200:10]]",
    "middle": "[[long:200:10]]",
    "rude": "[[long:200:10]]",
    "slow": "[[out:1500]]",
    "unread": "[[fault:big-line=2000000]] [[out:5]]",
}
"""Where an agent closes its connection, or how it reads; and what it had asked for."""

WIRES = (
    "not json", "doubled key", "deep", "text/plain", "gzip body", "path", "host", "origin", "two lengths", "garbage",
    "pipelined",
)  # fmt: skip

LOCAL: dict[str, Act] = {
    "cut": Act(says("Hel", "lo", " there."), cut_after=150),
    "politely": Act(says("Hel", "lo", " there."), cut_after=150, politely=True),
    "hang": Act(says("Hel", "lo"), hang_after=150),
    "500": Act(b'{"error": {"message": "out of memory"}}', status=500, content_type="application/json"),
    "junk": Act(b"data: {nothing\n\ndata: 7\n\n"),
    "no such tool": Act(calls("Nothing", "{}")),
}
_HEALTHY = Act(says("It is ", "done, ", "locally."))


def local_act(asked: dict[str, Any]) -> Act:
    """Answer as the local model does: well, or as the last message wants it."""
    words = json.dumps(asked["messages"][-1:])
    return next((act for name, act in LOCAL.items() if f"[[local:{name}]]" in words), _HEALTHY)


def spoiled(fault: str, url: str, wire: bytes) -> bytes:
    """Spoil a request on its way."""
    head, _, body = wire.partition(b"\r\n\r\n")
    match fault:
        case "not json":
            body = body[:-1]
        case "doubled key":
            body = b'{"model":"claude-opus-5-5",' + body[1:]
        case "deep":
            body = b'{"messages":' + b"[" * 20_000 + b"]" * 20_000 + b"}"
        case "text/plain":
            head = head.replace(b"application/json", b"text/plain")
        case "gzip body":
            head += b"\r\ncontent-encoding: gzip"
        case "path":
            head = head.replace(b"/v1/messages", b"/v1/anything", 1)
        case "host":
            head = head.replace(url.partition("//")[2].encode(), b"elsewhere.example")
        case "origin":
            head += b"\r\norigin: https://elsewhere.example"
        case "two lengths":
            return head + b"\r\ntransfer-encoding: chunked\r\n\r\n" + body
        case "pipelined":
            return wire + wire
        case _:
            return b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"
    return _measured(head, len(body)) + b"\r\n\r\n" + body


def _measured(head: bytes, size: int) -> bytes:
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"content-length:")]
    return b"\r\n".join([*lines, b"content-length: %d" % size])
