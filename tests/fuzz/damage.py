"""Damage: what becomes of a file by accident or on purpose – bytes turned, lost, doubled, encoded some other way."""

from __future__ import annotations

import random
from collections.abc import Callable

BOM = b"\xef\xbb\xbf"
ODD_BYTES = (
    b"\x00",
    b"\xff",
    b"\xc3",
    b"\x1b[31m",
    b"\r",
    b"\n",
    b"\t",
    b'"',
    b"'",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
)
ODD_TEXTS = ("\u2028", "\u202e", "\ufeff", "\ufffd", "\U0001f4b8", "é", "\x7f", "\x85", "=", "#", "//", "/*", "*/", ":")

Mutation = Callable[[random.Random, bytes], bytes]


def damaged(dice: random.Random, data: bytes) -> bytes:
    """Give the bytes after one to four mutations."""
    for _ in range(dice.choice((1, 1, 1, 2, 2, 3, 4))):
        data = dice.choice(MUTATIONS)(dice, data)
    return data


def _turned(dice: random.Random, data: bytes) -> bytes:
    at = _place(dice, data)
    return data[:at] + bytes([dice.randrange(256)]) + data[at + 1 :]


def _inserted(dice: random.Random, data: bytes) -> bytes:
    at = _place(dice, data)
    odd = dice.choice((*ODD_BYTES, *(text.encode() for text in ODD_TEXTS)))
    return data[:at] + odd * dice.choice((1, 1, 1, 2, 300)) + data[at:]


def _lost(dice: random.Random, data: bytes) -> bytes:
    at = _place(dice, data)
    return data[:at] + data[at + dice.choice((1, 1, 2, 10, 200)) :]


def _doubled(dice: random.Random, data: bytes) -> bytes:
    at = _place(dice, data)
    piece = data[at : at + dice.choice((1, 10, 100, 1000))]
    return data[:at] + piece * dice.choice((2, 2, 3, 50)) + data[at + len(piece) :]


def _line_doubled(dice: random.Random, data: bytes) -> bytes:
    lines = data.split(b"\n")
    at = dice.randrange(len(lines))
    return b"\n".join([*lines[: at + 1], *lines[at : at + dice.choice((1, 3))], *lines[at + 1 :]])


def _lines_swapped(dice: random.Random, data: bytes) -> bytes:
    lines = data.split(b"\n")
    one, other = dice.randrange(len(lines)), dice.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return b"\n".join(lines)


def _cut(dice: random.Random, data: bytes) -> bytes:
    return data[: _place(dice, data)]


def _crlf(_: random.Random, data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _marked(_: random.Random, data: bytes) -> bytes:
    return BOM + data


def _encoded(dice: random.Random, data: bytes) -> bytes:
    text = data.decode("utf-8", "replace")
    return text.encode(dice.choice(("utf-16", "utf-16-be", "utf-32", "latin-1", "cp037")), "replace")


def _hole(dice: random.Random, data: bytes) -> bytes:
    """Make what a crash leaves of a file that was not synced: its length, and nothing in its last part."""
    at = _place(dice, data)
    return data[:at] + b"\x00" * (len(data) - at)


def _place(dice: random.Random, data: bytes) -> int:
    return dice.randrange(len(data) + 1)


MUTATIONS: tuple[Mutation, ...] = (
    *(_turned, _turned, _inserted, _inserted, _lost, _lost, _doubled, _line_doubled, _lines_swapped, _cut),
    *(_crlf, _marked, _encoded, _hole),
)
