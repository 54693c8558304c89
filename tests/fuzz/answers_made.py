"""Makes Claude's answers, streamed and whole, and spoils them: what they say, how they are spelled, framed and cut."""

from __future__ import annotations

import gzip
import json
import random
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

from tests.fuzz.mutate import mutated, odd
from tests.fuzz.witness import MESSAGE

Events = list[bytes]
TOKENS_IN, TOKENS_OUT, FIRST_OUT = 10, 500, 1
COUNTS = re.compile(rb'"(input|output)_tokens"\s*:\s*(\d+)')
HUGE = (1 << 16, 1 << 18, 2 << 20)


@dataclass(frozen=True)
class Reply:
    """What goes over the wire for one request.

    `body` is what the framing holds, as far as it is sent; `is_whole` that the framing is complete. `is_as_it_was` says
    that the answer is one that Claude could give, and `tells_less` that its counts are fewer than the true ones.
    """

    pieces: tuple[bytes, ...]
    body: bytes
    is_stream: bool
    is_whole: bool
    is_packed: bool
    is_as_it_was: bool
    tells_less: bool
    is_broken_head: bool
    is_free: bool
    end: Literal["keep", "fin", "rst"]
    story: str

    @property
    def has_ended(self) -> bool:
        """Whether an end of the stream, or an error, can be found in what is sent of it."""
        return self.is_packed or any(mark in self.body for mark in (b"message_stop", b"error"))


def made(dice: random.Random, *, is_stream: bool) -> Reply:
    """Make one answer: most of them spoiled, once or twice."""
    events = _stream(dice) if is_stream else [_whole()]
    story = []
    for _ in range(dice.choice((0, 1, 1, 1, 2, 3))):
        change = dice.choice(_IN_STREAMS if is_stream else _IN_WHOLES)
        events = change(events, dice)
        story.append(change.__name__.strip("_"))
    return _framed(b"".join(events), dice, story, is_stream=is_stream)


def event(name: str, data: dict[str, Any]) -> bytes:
    """Write one event as Claude does."""
    return b"event: %b\ndata: %b\n\n" % (name.encode(), json.dumps({"type": name, **data}).encode())


def _stream(dice: random.Random) -> Events:
    usage = {"input_tokens": TOKENS_IN, "output_tokens": FIRST_OUT, "cache_read_input_tokens": 0}
    message = {"id": "msg_1", "role": "assistant", "model": "claude-haiku-5-5", "content": [], "usage": usage}
    words = dice.choice((["Hello."], ["Grüße, ", "世界 ", "🙂"], ["word "] * 30))
    return [
        event("message_start", {"message": message}),
        event("content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}}),
        event("ping", {}),
        *(event("content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": t}}) for t in words),
        event("content_block_stop", {"index": 0}),
        event("message_delta", {"delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": TOKENS_OUT}}),
        event("message_stop", {}),
    ]


def _whole() -> bytes:
    message = json.loads(MESSAGE)
    message["usage"] = {"input_tokens": TOKENS_IN, "output_tokens": TOKENS_OUT}
    return json.dumps(message).encode()


# --- what it says ---------------------------------------------------------------------------------------------------


def _data_of(block: bytes) -> Any:
    try:
        return json.loads(block.partition(b"data:")[2])
    except (ValueError, RecursionError):
        return None


def _change_an_event(events: Events, dice: random.Random) -> Events:
    """Change the JSON of an event by structure."""
    at = dice.randrange(len(events))
    value = _data_of(events[at])
    if not isinstance(value, dict):
        return events
    changed = mutated(value, dice, dice.choice((1, 1, 3)))
    name = events[at].partition(b"event: ")[2].partition(b"\n")[0] or b"message_delta"
    spelled = b"event: %b\ndata: %b\n\n" % (name, json.dumps(changed).encode())
    return [*events[:at], spelled, *events[at + 1 :]]


def _odd_usage(events: Events, dice: random.Random) -> Events:
    """Put a count that is none, or a usage that is none."""
    value: Any = dice.choice((odd(dice), -1, 2**63, 1.5, "7", True, None, [], {}, 10**9 + 1, 1e308))
    name = dice.choice(("input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_creation", "iterations"))
    usage = value if dice.random() < 0.2 else {name: value, **dice.choice(({}, {"output_tokens": TOKENS_OUT}))}
    if dice.random() < 0.5:
        told = {"delta": {"stop_reason": "end_turn"}, "usage": usage}
        return [event("message_delta", told) if b"event: message_delta" in e else e for e in events]
    start = {"message": {"model": "claude-haiku-5-5", "usage": usage}}
    return [event("message_start", start) if b"event: message_start" in e else e for e in events]


def _odd_reason(events: Events, dice: random.Random) -> Events:
    told = {"delta": {"stop_reason": odd(dice), "x": odd(dice)}, "usage": {"output_tokens": TOKENS_OUT}}
    return [event("message_delta", told) if b"event: message_delta" in e else e for e in events]


def _odd_model(events: Events, dice: random.Random) -> Events:
    model = dice.choice((odd(dice), "claude-opus-5-5", "claude-haiku-5-5-20990101", "\ud800", "x" * 100_000, ""))
    usage = {"input_tokens": TOKENS_IN, "output_tokens": FIRST_OUT}
    start = {"message": {"model": model, "usage": usage}}
    return [event("message_start", start) if b"event: message_start" in e else e for e in events]


def _drop(events: Events, dice: random.Random) -> Events:
    at = dice.randrange(len(events))
    return events[:at] + events[at + 1 :] or events


def _double(events: Events, dice: random.Random) -> Events:
    at = dice.randrange(len(events))
    return events[: at + 1] * dice.choice((1, 2)) + events[at:]


def _shuffle(events: Events, dice: random.Random) -> Events:
    return dice.sample(events, len(events))


def _garbage(events: Events, dice: random.Random) -> Events:
    at = dice.randrange(len(events) + 1)
    rubbish = dice.choice((*_RUBBISH, dice.randbytes(dice.randrange(1, 300))))
    return [*events[:at], rubbish, *events[at:]]


def _huge_line(events: Events, dice: random.Random) -> Events:
    at = dice.randrange(len(events) + 1)
    line = dice.choice((b"data: ", b": ", b"event: ")) + b"x" * dice.choice(HUGE) + b"\n\n"
    return [*events[:at], line, *events[at:]]


# --- how it is spelled ----------------------------------------------------------------------------------------------


def _line_ends(events: Events, dice: random.Random) -> Events:
    end = dice.choice((b"\r", b"\r\n"))
    return [e.replace(b"\n", end) for e in events]


def _mixed_line_ends(events: Events, dice: random.Random) -> Events:
    return [e.replace(b"\n", dice.choice((b"\r", b"\r\n", b"\n"))) for e in events]


def _bom(events: Events, dice: random.Random) -> Events:
    return [b"\xef\xbb\xbf" * dice.choice((1, 2)), *events]


def _other_fields(events: Events, dice: random.Random) -> Events:
    """Spell the same events in other words of the standard: no blank, several data lines, other fields, comments."""
    word = dice.choice((b"id: 1\n", b"retry: 5\n", b": hello\n", b"nonsense\n", b"data\n", b"event: ping\n"))
    return [(word + e if dice.random() < 0.5 else e.replace(b": ", b":", 2)) for e in events]


def _flip(events: Events, dice: random.Random) -> Events:
    at = dice.randrange(len(events))
    changed = bytearray(events[at] or b" ")
    changed[dice.randrange(len(changed))] = dice.randrange(256)
    return [*events[:at], bytes(changed), *events[at + 1 :]]


def _text_only(events: Events, dice: random.Random) -> Events:
    return [dice.choice((b"", b"null", b"[]", b"{}", b"<html>", b'"x"', b"{", b"[" * 50_000, b'{"usage":{}}'))]


# --- how it is framed -----------------------------------------------------------------------------------------------


def _framed(body: bytes, dice: random.Random, story: list[str], *, is_stream: bool) -> Reply:
    counts = {(name, int(count)) for name, count in COUNTS.findall(body) if len(count) < 12}
    known = {(b"input", TOKENS_IN), (b"output", TOKENS_OUT), (b"output", FIRST_OUT)}
    tells_less = any(count < (TOKENS_IN if name == b"input" else TOKENS_OUT) for name, count in counts - known)
    is_as_it_was = not story
    headers, packed = [], dice.random() < 0.2
    if packed:
        coding = dice.choice(("gzip", "gzip", "deflate", "br", "zstd", "gzip, gzip", "x-gzip", "nonsense"))
        headers.append(b"content-encoding: " + coding.encode())
        body, is_sound = _packed(body, coding, dice)
        is_as_it_was = is_as_it_was and is_sound and coding in ("gzip", "deflate", "x-gzip")
    kind = b"text/event-stream" if is_stream else b"application/json"
    other = dice.random() < 0.1
    kind = dice.choice((kind + b"; charset=utf-8", kind.upper(), b"text/html", b"")) if other else kind
    is_broken_head = dice.random() < 0.05
    head = dice.choice(_HEADS) if is_broken_head else b"HTTP/1.1 200 OK\r\n"
    wire, sent, is_whole, end = _on_wire(body, dice, story)
    if end == "fin" or is_broken_head:  # Else bursar may already have sent the next request when the end comes.
        head, end = head + b"connection: close\r\n", "fin" if end == "keep" else end
    head += b"request-id: req_1\r\ncontent-type: %b\r\n" % kind + b"".join(line + b"\r\n" for line in headers)
    return Reply(
        pieces=_cut(head + wire, dice),
        body=sent,
        is_stream=kind.lower().startswith(b"text/event-stream"),
        is_whole=is_whole,
        is_packed=packed,
        is_as_it_was=is_as_it_was and is_whole and len(story) == 1 and not is_broken_head and not other,
        tells_less=tells_less,
        is_broken_head=is_broken_head,
        is_free=bool(re.match(rb"HTTP/1.1 [3-9]", head)),
        end=end,
        story=", ".join(story),
    )


def _packed(body: bytes, coding: str, dice: random.Random) -> tuple[bytes, bool]:
    packed = zlib.compress(body) if coding == "deflate" else gzip.compress(body, mtime=0)
    match dice.randrange(6):
        case 0:
            return packed[: dice.randrange(len(packed))], False
        case 1:
            changed = bytearray(packed)
            changed[dice.randrange(len(changed))] ^= 1 << dice.randrange(8)
            return bytes(changed), False
        case 2:
            return dice.choice((body, b"", packed + b"trailing", dice.randbytes(200))), False
        case _:
            return packed, True


def _on_wire(
    body: bytes, dice: random.Random, story: list[str]
) -> tuple[bytes, bytes, bool, Literal["keep", "fin", "rst"]]:
    """Frame a body; give it with the rest of the head, as far as it is sent, whether that is whole, and the end."""
    end: Literal["keep", "fin", "rst"] = dice.choice(("keep", "keep", "fin"))
    framing = dice.choice(("length", "chunks", "chunks", "chunks", "close"))
    story.append(framing)
    cut = dice.randrange(len(body) + 1) if dice.random() < 0.25 else None
    if cut is not None:
        story.append(f"cut at {cut} of {len(body)}")
        body = body[:cut]
    if framing == "close":
        return b"\r\n" + body, body, True, "fin" if cut is None else dice.choice(("fin", "rst"))
    if framing == "length":
        more = 0 if cut is None else dice.choice((1, 1000))
        whole = b"content-length: %d\r\n\r\n" % (len(body) + more) + body
        return whole, body, cut is None, end if cut is None else dice.choice(("fin", "rst"))
    chunked = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in _cut(body, dice) if piece)
    head = b"transfer-encoding: chunked\r\n\r\n"
    if cut is not None:
        last = dice.choice((b"", b"5\r\nab", b"zz\r\n", b"\x00"))
        body += last[-2:] if last.startswith(b"5") else b""
        return head + chunked + last, body, False, dice.choice(("fin", "rst"))
    return head + chunked + dice.choice((b"0\r\n\r\n", b"0;x\r\na: b\r\n\r\n")), body, True, end


def _cut(data: bytes, dice: random.Random) -> tuple[bytes, ...]:
    """Cut some bytes in pieces, down to single bytes."""
    match dice.randrange(5):
        case 0 if len(data) < 1000:
            return tuple(data[at : at + 1] for at in range(len(data)))
        case 1 | 2:
            places = sorted({0, len(data), *(dice.randrange(len(data) + 1) for _ in range(6))})
            return tuple(data[at:to] for at, to in pairwise(places))
        case _:
            return (data,)


_RUBBISH = (
    b"event: content_block_delta\ndata: {not json\n\n", b"data: \xff\xfe\n\n", b"nonsense\n\n", b"\n\n\n\n",
    b"data\n\n", b"event: message_delta\ndata: null\n\n", b"event: message_delta\ndata: [1]\n\n",
    b"event: message_delta\ndata:\n\n", b'event: message_start\ndata: {"message": 7}\n\n',
    b'event: message_start\ndata: {"message": {"usage": []}}\n\n',
    b'event: message_delta\ndata: {"delta": [], "usage": {}}\n\n', b"event: message_stop\ndata: x\n\n", b": \x00\n\n",
    b'event: message_delta\ndata: {"delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 1e999}}\n\n',
    b'event: message_delta\ndata: {"usage": {"input_tokens": NaN, "output_tokens": -Infinity}}\n\n', b"event\n\n",
    b'event: error\ndata: {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}\n\n',
    b"event: error\ndata: \n\n", b"event: message_delta\ndata: " + b"[" * 100_000 + b"\n\n",
    b"event: tomorrow\ndata: {}\n\n",
    b'event: message_delta\ndata: {"usage": {"output_tokens": ' + b"9" * 5000 + b"}}\n\n", b"data: [DONE]\n\n",
    b'event: content_block_start\ndata: {"index": -1, "content_block": {"type": "tool_use", "id": 1, "name": []}}\n\n',
    b'event: content_block_delta\ndata: {"index": 99, "delta": {"type": "input_json_delta", "partial_json": 5}}\n\n',
)  # fmt: skip
_HEADS = (
    b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n", b"HTTP/1.1 200\r\n", b"HTTP/1.0 200 OK\r\n", b"HTTP/1.1 204 No\r\n",
    b"HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\n", b"HTTP/1.1 999 X\r\n",
    b"HTTP/1.1 302 X\r\nlocation: http://x/\r\n", b"HTTP/1.1 101 Switching\r\nupgrade: h2c\r\nconnection: upgrade\r\n",
    b"HTTP/2 200\r\n", b"\x00\xff", b"", b"\r\n\r\n", b"HTTP/1.1 200 OK\r\nx: a\r\n b\r\n",
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n", b"HTTP/1.1 abc\r\n",
    b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 20_000, b"HTTP/1.1 200 OK\r\nx: \x00\r\n", b"HTTP/1.1 529 Over\r\n",
    b"HTTP/1.1 500 X\r\n", b"HTTP/1.1 400 X\r\n", b"HTTP/1.1 200 OK\r\nx-bursar-route: me\r\nset-cookie: a=\xff\r\n",
)  # fmt: skip
Change = Callable[[Events, random.Random], Events]
_IN_STREAMS: tuple[Change, ...] = (
    _change_an_event, _change_an_event, _change_an_event, _odd_usage, _odd_usage, _odd_reason, _odd_model, _drop,
    _double, _shuffle, _garbage, _garbage, _huge_line, _line_ends, _mixed_line_ends, _bom, _other_fields, _flip, _flip,
    _text_only,
)  # fmt: skip
_IN_WHOLES: tuple[Change, ...] = (_flip, _flip, _text_only, _bom)
