"""Answers of a local server, mangled on the wire by a seed: what is sent, how, and whether a whole answer is in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from tests.kit.local_fake import DONE, calls, chunk, ending, says, usage

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
WORDS = ("Hello ", "there, ", *(f"this is piece {number} of a longer answer, and " for number in range(12)), "the end.")
"""More than what is held back of an answer in words: the agent sees the first of it before the last is there."""
GARBAGE = (
    b"\x00\xff\xfe\x80", b"data: {not json\n\n", b": a comment\n\n", b"data: [DONE]\n\n", b"event: error\n", b"\n\n\n",
    b'data: {"error":{"message":"no","code":500}}\n\n', b"data: null\n\n", b"data: []\n\n", b'data: {"choices":[]}\n\n',
    b'data: {"choices":[{"delta":{"content":7}}]}\n\n', b'data: {"choices":"x"}\n\n', b"retry: 1\r\n\r", b"id\n",
    b'data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":-1,"function":null}]}}]}\n\n',
    b'data: {"choices":[{"index":0,"delta":{"tool_calls":{"a":1}}}]}\n\n', b"\xef\xbb\xbf", b"0\r\n\r\n",
    b'data: {"choices":[{"index":0,"delta":{"content":"' + b"[" * 5000 + b'"}}]}\n\n',
    b"data: " + b"[" * 100_000 + b"\n\n", b"HTTP/1.1 200 OK\r\n\r\n",
)  # fmt: skip


@dataclass(frozen=True)
class Play:
    """What goes over the wire: these bytes, so many at a time, so slowly; then the connection ends in this way."""

    wire: bytes
    end: str = "keep"  # "keep" it open for more requests, "fin", "rst", or "hang": say nothing more.
    piece: int = 0
    pause_s: float = 0.0
    story: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether a reader could find the end of an answer in it; where not, nobody may be told of a good end."""
        return any(_finishes(event) for event in _events(_unframed(self.wire)))


def good(words: str = "Hello there.") -> Play:
    """Make an answer that is as it should be."""
    return Play(framed([says(words)]))


def mangled(seed: int) -> Play:
    """Make an answer and spoil it, once to three times."""
    chance = Random(seed)
    events = [event + b"\n\n" for event in _base(chance).split(b"\n\n") if event]
    for name in _picked(chance, IN_EVENTS):
        events = IN_EVENTS[name](events, chance) if events else events
    play = Play(framed(events, chance))
    for name in _picked(chance, ON_WIRE) or chance.choices(list(ON_WIRE)):
        play = replace(ON_WIRE[name](play, chance), story=(*play.story, name))
    return play


def framed(events: list[bytes], chance: Random | None = None) -> bytes:
    """Frame a body in chunks: an event each, or cut anywhere."""
    pieces = events
    if chance and chance.random() < 0.5:
        body = b"".join(events)
        cuts = sorted(chance.randrange(len(body) + 1) for _ in range(6))
        pieces = [body[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    return HEAD + b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces if piece) + b"0\r\n\r\n"


def _base(chance: Random) -> bytes:
    match chance.randrange(4):
        case 0:
            return says(*WORDS)
        case 1:
            return calls("get_weather", '{"city": "Paris"}')
        case 2:
            said = chunk({"reasoning_content": "Let me see. "}) + chunk({"content": "I will check the weather now."})
            return said + calls("get_weather", '{"city": "Rome"}', pieces=5)
        case _:
            return chunk({"content": "Short."}, "stop") + usage() + DONE


def _picked(chance: Random, among: dict[str, Any]) -> list[str]:
    return chance.sample(list(among), chance.choices([0, 1, 2], [5, 4, 1])[0])


# --- in the events ----------------------------------------------------------------------------------------------


def _flip_in(data: bytes, chance: Random) -> bytes:
    spoilt = bytearray(data)
    for _ in range(chance.randrange(1, 4)):
        if spoilt:
            spoilt[chance.randrange(len(spoilt))] ^= 1 << chance.randrange(8)
    return bytes(spoilt)


def _flip_event(events: list[bytes], chance: Random) -> list[bytes]:
    place = chance.randrange(len(events))
    return [*events[:place], _flip_in(events[place], chance), *events[place + 1 :]]


def _drop(events: list[bytes], chance: Random) -> list[bytes]:
    place = chance.randrange(len(events))
    return events[:place] + events[place + 1 :]


def _double(events: list[bytes], chance: Random) -> list[bytes]:
    place = chance.randrange(len(events))
    return events[: place + 1] + events[place:]


def _swap(events: list[bytes], chance: Random) -> list[bytes]:
    shuffled = list(events)
    chance.shuffle(shuffled)
    return shuffled


def _garbage(events: list[bytes], chance: Random) -> list[bytes]:
    place = chance.randrange(len(events) + 1)
    rubbish = chance.choice([*GARBAGE, chance.randbytes(chance.randrange(1, 400))])
    return [*events[:place], rubbish, *events[place:]]


def _huge(events: list[bytes], chance: Random) -> list[bytes]:
    size = chance.choice([1 << 16, 1 << 20, 5 << 20])
    line = b'data: {"choices":[{"index":0,"delta":{"content":"' + b"x" * size + chance.choice([b'"}}]}\n\n', b""])
    return _insert(events, line, chance)


def _insert(events: list[bytes], extra: bytes, chance: Random) -> list[bytes]:
    place = chance.randrange(len(events) + 1)
    return [*events[:place], extra, *events[place:]]


def _stop_early(events: list[bytes], chance: Random) -> list[bytes]:
    return events[: chance.randrange(len(events))]


def _two_answers(events: list[bytes], chance: Random) -> list[bytes]:
    other = calls("get_weather", '{"city": "Oslo"}') if chance.random() < 0.5 else ending()
    return [*events, other]


IN_EVENTS: dict[str, Callable[[list[bytes], Random], list[bytes]]] = {
    "a bit flipped in an event": _flip_event,
    "an event dropped": _drop,
    "an event doubled": _double,
    "events shuffled": _swap,
    "garbage between events": _garbage,
    "a huge line": _huge,
    "ended before its end": _stop_early,
    "another answer behind it": _two_answers,
}

# --- on the wire ------------------------------------------------------------------------------------------------


def _cut(play: Play, chance: Random) -> Play:
    return replace(play, wire=play.wire[: chance.randrange(len(play.wire))], end=chance.choice(["fin", "rst"]))


def _flip_wire(play: Play, chance: Random) -> Play:
    return replace(play, wire=_flip_in(play.wire, chance), end="fin")


def _bad_chunk(play: Play, chance: Random) -> Play:
    """Spoil one chunk's size, or the line's end after it."""
    sizes = [at for at in range(len(HEAD), len(play.wire) - 6) if play.wire[at : at + 6] == b"data: "]
    at = chance.choice(sizes or [len(HEAD)])
    spoilt = chance.choice([b"zz\r\n", b"-5\r\n", b"ffffffffffffffff\r\n", b"\r\n", b"5;ext\r\n", b"0\r\n\r\n"])
    return replace(play, wire=play.wire[:at] + spoilt + play.wire[at:], end="fin")


def _no_chunks(play: Play, chance: Random) -> Play:
    """Send the body without frames: to the connection's end, or with a length that is right, too small or too large."""
    body = _unframed(play.wire)
    length = chance.choice([None, len(body), len(body) // 2, len(body) + 50, -1])
    told = b"" if length is None else b"content-length: %d\r\n" % length
    return replace(
        play, wire=b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n" + told + b"\r\n" + body, end="fin"
    )


def _other_head(play: Play, chance: Random) -> Play:
    chunked = b"transfer-encoding: chunked\r\n"
    heads = (
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 500 Oops\r\n" + chunked + b"\r\n",
        b"HTTP/1.0 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n" + chunked + b"\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n" + chunked + b"\r\n",
        b"HTTP/1.1 301 Moved\r\nlocation: /\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 200_000 + b"\r\n" + chunked + b"\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"SSH-2.0-OpenSSH_9\r\n",
    )
    return replace(play, wire=chance.choice(heads) + play.wire[len(HEAD) :], end="fin")


def _drip(play: Play, chance: Random) -> Play:
    return replace(play, piece=chance.choice([1, 3, 17]) if len(play.wire) < 3000 else 1 << 16, pause_s=0.0002)


def _more_behind(play: Play, chance: Random) -> Play:
    return replace(play, wire=play.wire + chance.choice([b"\r\n", play.wire, b"garbage", HEAD]))


ON_WIRE: dict[str, Callable[[Play, Random], Play]] = {
    "cut": _cut,
    "cut again": _cut,
    "a bit flipped on the wire": _flip_wire,
    "a bad chunk": _bad_chunk,
    "no chunks": _no_chunks,
    "another head": _other_head,
    "in drops": _drip,
    "bytes behind the end": _more_behind,
    "as it is": lambda play, chance: play,
}

# --- what a reader could find -----------------------------------------------------------------------------------


def _unframed(wire: bytes) -> bytes:
    """Take the frames off as far as they are right; where there are none, take all that follows the head."""
    head, _, rest = wire.partition(b"\r\n\r\n")
    if b"chunked" not in head.lower():
        return rest
    body = b""
    while rest:
        size, found, rest = rest.partition(b"\r\n")
        try:
            count = int(size.split(b";")[0].strip() or b"x", 16)
        except ValueError:
            return body
        if not found or count <= 0:
            return body
        body += rest[:count]
        rest = rest[count:].removeprefix(b"\r\n")
    return body


def _events(body: bytes) -> list[bytes]:
    """Give the data of the lines that are whole."""
    lines = body.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")[:-1]
    return [line.removeprefix(b"\xef\xbb\xbf")[5:].strip() for line in lines if b"data:" in line[:12]]


def _finishes(data: bytes) -> bool:
    try:
        choices = json.loads(data.decode(errors="replace"))["choices"]
        return any(isinstance(choice.get("finish_reason"), str) for choice in choices)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return False
