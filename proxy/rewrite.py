"""Change one top-level value of a JSON body and not one other byte."""

from __future__ import annotations

import json
from typing import Any


def with_value(body: bytes, key: str, value: Any) -> bytes:
    """Replace the value of a top-level key that the body has; KeyError if it has none.

    The provider's prompt cache and the signatures of thinking depend on every other byte.
    """
    text = body.decode()
    start, end = _span(text, key)
    return (text[:start] + json.dumps(value) + text[end:]).encode()


def _span(text: str, key: str) -> tuple[int, int]:
    scan = json.JSONDecoder().raw_decode
    at = text.index("{") + 1
    while True:
        at = _skip(text, at)
        name, at = scan(text, at)
        start = _skip(text, _skip(text, at) + 1)
        _, end = scan(text, start)
        if name == key:
            return start, end
        at = _skip(text, end)
        if text[at] != ",":
            raise KeyError(key)
        at += 1


def _skip(text: str, at: int) -> int:
    while text[at] in " \t\r\n":
        at += 1
    return at
