"""HTTP/1.1 by the letter, for judging: what one request is, and nothing that could also be read as another.

Source: RFC 9112 §3–§7, less all that it allows a server to be lenient about.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

CRLF = b"\r\n"
LINE = re.compile(rb"([A-Z]+) +(/[\x21-\x7e\x80-\xff]*) +(?:HTTP|RTSP|ICE)/1\.([01])")
"""Blanks and the protocol's name are read as bursar reads them: whatever they are, one request is meant."""
FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*((?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)[ \t]*")
SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?[ \t]*")
Fields = list[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Plain:
    """One request that has one meaning; names as they came, the body out of its chunks."""

    method: bytes
    target: bytes
    fields: Fields
    body: bytes
    rest: bytes
    """What came after it."""

    def values(self, name: bytes) -> list[bytes]:
        """Give the values of a field, its name in lower case."""
        return [value for key, value in self.fields if key.lower() == name]


def plain(data: bytes) -> Plain | None:
    """Read the first request of some bytes; None if it is not whole or has not one meaning."""
    head, mark, rest = data.lstrip(CRLF).partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    line = LINE.fullmatch(first)
    fields = [FIELD.fullmatch(text) for text in lines]
    if not mark or line is None or None in fields:
        return None
    pairs = [(found[1], found[2]) for found in fields if found]
    body = _body(pairs, rest, is_old=line[3] == b"0")
    return None if body is None else Plain(line[1], line[2], pairs, *body)


def _body(fields: Fields, rest: bytes, *, is_old: bool) -> tuple[bytes, bytes] | None:
    lengths = [value for name, value in fields if name.lower() == b"content-length"]
    codings = [value for name, value in fields if name.lower() == b"transfer-encoding"]
    if codings:
        return None if lengths or len(codings) > 1 or codings[0].lower() != b"chunked" or is_old else _chunks(rest)
    if not lengths:
        return b"", rest
    if len(lengths) > 1 or not re.fullmatch(rb"[0-9]{1,15}", lengths[0]) or len(rest) < int(lengths[0]):
        return None
    return rest[: int(lengths[0])], rest[int(lengths[0]) :]


def _chunks(rest: bytes) -> tuple[bytes, bytes] | None:
    body = b""
    while True:
        line, mark, rest = rest.partition(b"\r\n")
        size = SIZE.fullmatch(line)
        if not mark or size is None:
            return None
        length = int(size[1], 16)
        if not length:
            return _after_trailers(body, rest)
        if rest[length : length + 2] != b"\r\n":
            return None
        body, rest = body + rest[:length], rest[length + 2 :]


def _after_trailers(body: bytes, rest: bytes) -> tuple[bytes, bytes] | None:
    while True:
        line, mark, rest = rest.partition(b"\r\n")
        if not mark or (line and not FIELD.fullmatch(line)):
            return None
        if not line:
            return body, rest
