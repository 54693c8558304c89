"""A call found in a text, before anybody has judged it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from proxy.toolcalls.call import CALLS_LIMIT
from proxy.toolcalls.ladder import parse_strict, parse_value
from proxy.toolcalls.shape import MISSING, shape_of
from proxy.toolcalls.verdict import Step

DECODER = json.JSONDecoder(strict=False)


class NoCall(ValueError):
    """A text that is no call after all, or one that cannot be cut out of it without doubt."""


@dataclass(frozen=True, slots=True)
class Found:
    """A call as its style writes it; `steps` are the repairs that reading it took.

    `is_raw` where the style writes every value without quotes, so that only parameters that the tool declares count.
    """

    name: str
    arguments: str
    steps: tuple[Step, ...] = ()
    is_raw: bool = False


def from_json(text: str, *, bare: bool = False) -> list[Found]:
    """Read one object that is a call, or a list of them; `bare` ones, without a mark, have to be whole ones.

    Raises NoCall.
    """
    parsed = parse_value(text, may_close=True)
    if parsed is None:
        return [_call(value, (), bare=bare) for value in _several(text)]
    values = parsed.value if isinstance(parsed.value, list) else [parsed.value]
    return [_call(value, parsed.steps, bare=bare) for value in values]


def between(text: str, start: str, end: str) -> tuple[str, str]:
    """Return what stands between `start`, which the text begins with, and the first `end`, and what follows it."""
    if not text.startswith(start):
        raise NoCall(f"no {start}")
    inner, found, rest = text[len(start) :].partition(end)
    if not found:
        raise NoCall(f"no {end}")
    return inner, rest


def object_until(text: str, end: str) -> tuple[str, str]:
    """Cut the JSON object off that a text begins with, and return it with what follows the `end` after it.

    A strict object ends where it ends, even if `end` stands in one of its strings; one to be repaired, at the `end`.
    """
    text = text.lstrip()
    try:
        _, at = DECODER.raw_decode(text)
    except (ValueError, RecursionError):
        given, _, rest = text.partition(end)
        return given, rest
    return text[:at], text[at:].lstrip().removeprefix(end)


def _several(text: str) -> list[Any]:
    """Read objects that follow one another, with blanks, commas or semicolons in between."""
    values: list[Any] = []
    while text := text.lstrip(" \t\r\n,;" if values else " \t\r\n"):
        first, text = object_until(text, "\n")
        parsed = parse_strict(first)
        if parsed is None or len(values) == CALLS_LIMIT:
            raise NoCall("no JSON")
        values.append(parsed.value)
    return values


def _call(value: Any, steps: tuple[Step, ...], *, bare: bool) -> Found:
    shape = shape_of(value)
    if shape is None or not shape[0] or (bare and shape[1] is MISSING):
        raise NoCall("no call's shape")
    name, given = shape
    return Found(name, _text(given), steps)


def _text(given: Any) -> str:
    if given is MISSING or given is None:
        return ""
    return given if isinstance(given, str) else json.dumps(given)
