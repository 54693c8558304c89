"""JSON by the letter of the standard, and of a depth and an alphabet that whoever reads it after us survives."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

DEPTH_LIMIT = 100

_HALF = re.compile(r"\\u[dD][89a-fA-F]|[\ud800-\udfff]")


class NotStrict(ValueError):
    """A text that is no such JSON."""


def value_of(text: str) -> Any:
    """Read a text; raises NotStrict."""
    try:
        value = json.loads(text, parse_constant=_no_constant, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise NotStrict("no JSON") from error
    if not _is_shallow(value):
        raise NotStrict("too deep")
    if _HALF.search(text) and _has_halves(value):
        raise NotStrict("half a character")
    return value


def is_object(text: str) -> bool:
    """Tell whether a text is a JSON object."""
    try:
        return isinstance(value_of(text), dict)
    except NotStrict:
        return False


def has_doubled_keys(text: str) -> bool:
    """Tell whether some object in a JSON text has a key twice: nobody can say which of the two was meant."""
    doubled: list[bool] = []
    json.loads(text, object_pairs_hook=lambda pairs: doubled.append(len(dict(pairs)) < len(pairs)))
    return any(doubled)


def written(value: Any) -> str:
    """Write a value as JSON; raises NotStrict for what has no such form."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (ValueError, TypeError, RecursionError) as error:
        raise NotStrict("no JSON value") from error


def _no_constant(name: str) -> NoReturn:
    raise NotStrict(f"{name} is no JSON")


def _finite(number: str) -> float:
    """Refuse a number that Python could only write as Infinity."""
    found = float(number)
    return found if math.isfinite(found) else _no_constant(number)


def _has_halves(value: Any) -> bool:
    """Tell whether a string holds half of a character, which no UTF-8 can carry."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def _is_shallow(value: Any) -> bool:
    level = [value]
    for _ in range(DEPTH_LIMIT):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return True
    return False


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        value = list(value.values())
    return [inner for inner in value if isinstance(inner, dict | list)] if isinstance(value, list) else []
