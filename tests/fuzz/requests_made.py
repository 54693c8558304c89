"""Makes requests on the wire: plain ones in every spelling, ones that could be read as two, and broken ones."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from tests.fuzz.odd_http import (
    AMBIGUOUS,
    CRLF,
    FIELDS,
    FOREIGN,
    HARMLESS,
    HOSTS,
    LENGTHS,
    LINES,
    OTHER_PROTOCOLS,
    SIZES,
    TARGETS,
    TOKENS,
)
from tests.kit.fake_claude import KEY

Want = Literal["answer", "refusal", "nothing", "any"]
"""What has to come of it: an answer of the upstream's, a 4xx, no answer as it is not whole, or any of these."""


@dataclass(frozen=True)
class Made:
    """One input: the pieces as they are sent, what has to come of it, and the kind it is of."""

    pieces: tuple[bytes, ...]
    want: Want
    kind: str

    @property
    def data(self) -> bytes:
        """All of it."""
        return b"".join(self.pieces)


@dataclass(frozen=True)
class Draft:
    """A request by its parts; `body` is None where it has none."""

    line: bytes
    fields: tuple[tuple[bytes, bytes], ...]
    body: bytes
    host: bytes

    def spell(self, *more: tuple[bytes, bytes], framing: bytes | None = None, body: bytes | None = None) -> bytes:
        """Write it with fields added; `framing` replaces the content-length's line."""
        length = framing if framing is not None else b"Content-Length: %d\r\n" % len(self.body)
        head = b"".join(name + b": " + value + CRLF for name, value in (*self.fields, *more))
        return self.line + CRLF + head + length + CRLF + (self.body if body is None else body)

    def without(self, name: bytes) -> Draft:
        """Leave a field out."""
        return replace(self, fields=tuple(pair for pair in self.fields if pair[0].lower() != name))

    def chunked(self, dice: random.Random) -> bytes:
        """Write its body in chunks of any size, some with extensions and trailers."""
        parts, at = [], 0
        while at < len(self.body):
            size = dice.choice((1, 2, 7, 50, 1000))
            piece = self.body[at : at + size]
            extra = dice.choice((b"", b"", b"", b";a=b", b';q="x"', b";ok"))
            parts.append(dice.choice((b"%x", b"%X", b"000%x")) % len(piece) + extra + CRLF + piece + CRLF)
            at += size
        trailer = dice.choice((b"", b"", b"X-Trailer: 1\r\n", b"X: 1\r\nHost: evil.example\r\nOrigin: null\r\n"))
        return b"".join(parts) + dice.choice((b"0", b"000")) + CRLF + trailer + CRLF


def made(number: int, port: int, dice: random.Random) -> Made:
    """Make one input; the same number, port and dice make the same one."""
    draft = _draft(number, port, dice)
    kind = dice.choice(_KINDS)
    return kind(draft, dice)


def _draft(number: int, port: int, dice: random.Random) -> Draft:
    tag = b"fuzz-%d." % number
    asked = {"model": "claude-haiku-5-5", "max_tokens": 10, "messages": [{"role": "user", "content": tag.decode()}]}
    host = dice.choice((b"127.0.0.1:%d", b"localhost:%d")) % port
    fields = [
        (b"Host", host),
        (b"User-Agent", tag),
        (b"x-api-key", KEY.encode()),
        (b"anthropic-version", b"2023-06-01"),
        (b"content-type", b"application/json"),
        (b"Accept-Encoding", b"gzip, deflate, br"),
    ]
    target = dice.choice((b"/v1/messages", b"/v1/messages?beta=true", b"/v1/messages/count_tokens?beta=true"))
    return Draft(b"POST " + target + b" HTTP/1.1", tuple(fields), json.dumps(asked).encode(), host)


# --- what has to be answered ----------------------------------------------------------------------------------------


def _plain(draft: Draft, dice: random.Random) -> Made:
    more = dice.choice(HARMLESS)
    return Made(_split(draft.spell(*more), dice), "answer", "plain")


def _in_chunks(draft: Draft, dice: random.Random) -> Made:
    name = dice.choice((b"Transfer-Encoding", b"transfer-encoding", b"TRANSFER-ENCODING"))
    value = dice.choice((b"chunked", b"Chunked", b" chunked", b"chunked  "))
    data = draft.spell(framing=name + b": " + value + CRLF, body=draft.chunked(dice))
    return Made(_split(data, dice), "answer", "chunked")


def _odd_spelling(draft: Draft, dice: random.Random) -> Made:
    """Change what may be changed: case, blanks, order, lines before."""
    fields = [
        (dice.choice((n, n.upper(), n.lower(), n.title())), b" " * dice.randrange(3) + v) for n, v in draft.fields
    ]
    dice.shuffle(fields)
    data = replace(draft, fields=tuple(fields)).spell()
    return Made(_split(dice.choice((b"", b"", CRLF, CRLF * 2)) + data, dice), "answer", "odd spelling")


def _byte_by_byte(draft: Draft, dice: random.Random) -> Made:
    data = draft.spell() if dice.random() < 0.5 else _in_chunks(draft, dice).data
    return Made(tuple(data[at : at + 1] for at in range(len(data))), "answer", "byte by byte")


def _old(draft: Draft, dice: random.Random) -> Made:
    line = draft.line.replace(b"HTTP/1.1", b"HTTP/1.0")
    return Made(_split(replace(draft, line=line).spell(), dice), "answer", "HTTP/1.0")


def _twice(draft: Draft, dice: random.Random) -> Made:
    """Send a second request before the first one's answer: it is dropped."""
    second = dice.choice((draft.spell(), b"GET /health HTTP/1.1\r\nHost: " + draft.host + CRLF * 2, b"rubbish"))
    return Made(_split(draft.spell() + second * dice.choice((1, 1, 3)), dice), "answer", "pipelined")


# --- what has to be refused -----------------------------------------------------------------------------------------


def _two_framings(draft: Draft, dice: random.Random) -> Made:
    """Frame a body so that two readers might see two requests (smuggling)."""
    hidden = b"GET /v1/models HTTP/1.1\r\nHost: " + draft.host + CRLF * 2
    length = b"Content-Length: %d\r\n" % len(draft.body)
    framing = dice.choice(AMBIGUOUS).replace(b"LENGTH", length)
    body = draft.chunked(dice) + hidden if b"ransfer" in framing and dice.random() < 0.7 else draft.body + hidden
    return Made(_split(draft.spell(framing=framing, body=body), dice), "refusal", "two framings")


def _bad_length(draft: Draft, dice: random.Random) -> Made:
    value = dice.choice(LENGTHS).replace(b"N", b"%d" % len(draft.body))
    return Made(_split(draft.spell(framing=b"Content-Length: " + value + CRLF), dice), "refusal", "bad length")


def _bad_chunk(draft: Draft, dice: random.Random) -> Made:
    size = dice.choice(SIZES)
    body = size.replace(b"N", b"%x" % len(draft.body)) + CRLF + draft.body + CRLF + b"0" + CRLF * 2
    return Made(_split(draft.spell(framing=b"Transfer-Encoding: chunked\r\n", body=body), dice), "refusal", "bad chunk")


def _bad_field(draft: Draft, dice: random.Random) -> Made:
    line = dice.choice(FIELDS).replace(b"HOST", draft.host)
    length = b"Content-Length: %d\r\n" % len(draft.body)
    return Made(_split(draft.spell(framing=line + CRLF + length), dice), "refusal", "bad field")


def _bad_host(draft: Draft, dice: random.Random) -> Made:
    hosts = dice.choice(HOSTS)
    bare = draft.without(b"host")
    more = tuple((b"Host", host.replace(b"HOST", draft.host)) for host in hosts)
    return Made(_split(bare.spell(*more), dice), "refusal", "bad host")


def _bad_line(draft: Draft, dice: random.Random) -> Made:
    line = dice.choice(LINES).replace(b"HOST", draft.host)
    return Made(_split(replace(draft, line=line).spell(), dice), "refusal", "bad line")


def _foreign(draft: Draft, dice: random.Random) -> Made:
    """Send what a web page could send, or a body that cannot be metered."""
    field = dice.choice(FOREIGN)
    bare = draft.without(field[0].lower())
    return Made(_split(bare.spell(field), dice), "refusal", "foreign")


def _huge(draft: Draft, dice: random.Random) -> Made:
    match dice.randrange(4):
        case 0:
            more = tuple((b"x-%d" % n, b"1") for n in range(dice.choice((201, 500, 5000))))
        case 1:
            more = ((b"x-long", b"a" * dice.choice((66_000, 200_000))),)
        case 2:
            more = ((b"y" * 70_000, b"1"),)
        case _:
            draft = replace(draft, line=b"GET /" + b"a" * 70_000 + b" HTTP/1.1")
            more = ()
    return Made(_split(draft.spell(*more), dice), "refusal", "huge")


def _no_http(draft: Draft, dice: random.Random) -> Made:
    return Made(_split(dice.choice(OTHER_PROTOCOLS) + draft.spell(), dice), "refusal", "no HTTP")


# --- what may be either ---------------------------------------------------------------------------------------------


def _cut(draft: Draft, dice: random.Random) -> Made:
    data = dice.choice((draft.spell(), _in_chunks(draft, dice).data))
    # Without its last byte no request is whole.
    return Made(_split(data[: dice.randrange(len(data))], dice), "nothing", "cut")


def _waiting(draft: Draft, dice: random.Random) -> Made:
    """Announce more than ever comes."""
    more = dice.choice((b"Content-Length: 34603008\r\n", b"Transfer-Encoding: chunked\r\n"))
    body = draft.body if more.startswith(b"C") else dice.choice((b"fffffff", b"f" * 16)) + CRLF + draft.body + CRLF
    return Made(_split(draft.spell(framing=more, body=body), dice), "nothing", "waiting")


def _mangled(draft: Draft, dice: random.Random) -> Made:
    """Change the bytes of any other input."""
    data = bytearray(dice.choice(_KINDS[:-_MANGLES])(draft, dice).data[:20_000])
    for _ in range(dice.choice((1, 1, 1, 2, 4))):
        at = dice.randrange(len(data) + 1)
        match dice.randrange(6):
            case 0:
                data[at : at + 1] = bytes([dice.randrange(256)])
            case 1:
                data[at:at] = dice.choice(TOKENS)
            case 2:
                del data[at : at + dice.choice((1, 1, 2, 20))]
            case 3:
                end = at + dice.choice((1, 8, 60))
                data[at:at] = data[at:end]
            case 4:
                lines = bytes(data).split(CRLF)
                first, second = dice.randrange(len(lines)), dice.randrange(len(lines))
                lines[first], lines[second] = lines[second], lines[first]
                data = bytearray(CRLF.join(lines))
            case _:
                old = dice.choice((CRLF, b" ", b": ", b"/", b"1"))
                data = bytearray(bytes(data).replace(old, dice.choice(TOKENS), 1))
    return Made(_split(bytes(data), dice), "any", "mangled")


def _elsewhere(draft: Draft, dice: random.Random) -> Made:
    """Ask for another path, by another method."""
    method = dice.choice((b"GET", b"HEAD", b"POST", b"OPTIONS", b"PUT", b"DELETE", b"PATCH", b"TRACE", b"PURGE"))
    line = method + b" " + dice.choice(TARGETS) + b" HTTP/1.1"
    return Made(_split(replace(draft, line=line).spell(), dice), "any", "elsewhere")


def _split(data: bytes, dice: random.Random) -> tuple[bytes, ...]:
    """Cut some bytes in a few pieces, as a network may."""
    if dice.random() < 0.7:
        return (data,)
    places = sorted({0, len(data), *(dice.randrange(len(data) + 1) for _ in range(dice.choice((1, 2, 5))))})
    return tuple(data[start:end] for start, end in pairwise(places))


_MANGLES = 10
_KINDS: tuple[Callable[[Draft, random.Random], Made], ...] = (
    _plain, _in_chunks, _odd_spelling, _byte_by_byte, _old, _twice, _two_framings, _two_framings, _bad_length,
    _bad_chunk, _bad_field, _bad_host, _bad_line, _bad_line, _foreign, _huge, _no_http, _cut, _waiting, _elsewhere,
    *(_mangled,) * _MANGLES,
)  # fmt: skip
