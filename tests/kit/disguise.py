"""Disguise: the forms in which words can lie in a file, so that looking for them finds them in each.

As they are, in UTF-16, percent-encoded, in JSON's or hexadecimal digits, in base64 at any place, in gzip or zlib.
"""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Iterator
from functools import cache
from urllib.parse import quote_plus

MOST_UNPACKED = 64 << 20
MOST_LAYERS = 3
"""Packed in packed in packed is looked into."""
_PACKED = re.compile(rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]")
_ESCAPED = re.compile(rb"%([0-9a-fA-F]{2})|\\u00([0-9a-fA-F]{2})|\\x([0-9a-fA-F]{2})")


def holds(data: bytes, word: str) -> bool:
    """Tell whether bytes hold a word in any form."""
    return any(form in layer for layer in layers(data) for form in forms(word))


def layers(data: bytes, most: int = MOST_LAYERS) -> Iterator[bytes]:
    """Give bytes as they are, without escapes, and what is packed in them."""
    yield data
    if b"%" in data or b"\\" in data:
        yield _ESCAPED.sub(_meant, data)
    if most:
        for found in _PACKED.finditer(data):
            unpacked = _unpack(data, found.start())
            if unpacked:
                yield from layers(unpacked, most - 1)


@cache
def forms(word: str) -> tuple[bytes, ...]:
    """Give the forms of a word that are no escapes and not packed."""
    raw = word.encode()
    wide = [word.encode("utf-16-le"), word.encode("utf-16-be")]
    digits = [raw.hex().encode(), raw.hex().upper().encode(), quote_plus(word).encode()]
    return tuple(dict.fromkeys([raw, *wide, *digits, *(form for one in (raw, *wide) for form in _in_base64(one))]))


def _in_base64(raw: bytes) -> Iterator[bytes]:
    """Give what stays the same of it in base64, whatever stands before and after."""
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + raw).rstrip(b"=")
        whole = coded[(0, 2, 3)[shift] : len(coded) - bool((shift + len(raw)) % 3)]
        yield from (whole, whole.translate(bytes.maketrans(b"+/", b"-_")))


def _meant(found: re.Match[bytes]) -> bytes:
    return bytes([int(next(filter(None, found.groups())), 16)])


def _unpack(data: bytes, start: int) -> bytes:
    """Unpack what begins there, as far as it can be; nothing if it was no beginning."""
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)
    try:
        return unpacker.decompress(data[start:], MOST_UNPACKED)
    except zlib.error:
        return b""
