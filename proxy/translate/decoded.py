"""JSON as local servers send it: read leniently where that loses no more than a broken character."""

from __future__ import annotations

import json
from typing import Any

import msgspec


def decoded(data: bytes) -> Any:
    """Decode JSON; None where it is none."""
    try:
        return msgspec.json.decode(data)
    except (ValueError, RecursionError):
        pass
    try:
        parsed = json.loads(data.decode("utf-8", "replace"), strict=False, parse_constant=_nothing)
        # A lone half of a character can stand in JSON, but never in the UTF-8 we send.
        return msgspec.json.decode(_without_halves(json.dumps(parsed, ensure_ascii=False)))
    except (ValueError, RecursionError):
        return None


def words(value: Any) -> str:
    """Return text, also from a list of parts; anything else counts as none."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(words(part.get("text")) for part in value if isinstance(part, dict))
    return ""


def _without_halves(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _nothing(_name: str) -> None:
    """Read NaN and Infinity, which llama.cpp's timings can hold, as null."""
