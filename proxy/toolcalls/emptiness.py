"""Whether a call says nothing: an unwilling model is forced to the emptiest arguments that the schema allows."""

from __future__ import annotations

from typing import Any

from proxy.toolcalls.strict import NotStrict, value_of


def says_nothing(arguments: str) -> bool:
    """Tell whether arguments have values, and all of them are empty; a call without any is one of a kind of its own."""
    try:
        values = value_of(arguments)
    except NotStrict:
        return False
    return isinstance(values, dict) and bool(values) and all(map(_is_empty, values.values()))


def _is_empty(value: Any) -> bool:
    """Tell whether a value holds nothing; numbers and truth values always say something."""
    if isinstance(value, dict):
        return all(map(_is_empty, value.values()))
    if isinstance(value, list):
        return all(map(_is_empty, value))
    return value is None or (isinstance(value, str) and not value.strip())
