"""The ladder by which almost-JSON is read: one repair after the other, until it is JSON or none is left.

No rung changes what a string says or makes up a value; where a text could mean two things, it means nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from proxy.toolcalls.strict import NotStrict, has_doubled_keys, value_of
from proxy.toolcalls.tokens import (
    Tokens,
    closed,
    from_python,
    tokens_of,
    without_control,
    without_trailing_commas,
)
from proxy.toolcalls.verdict import Step

REPAIR_LIMIT_CHARS = 400_000
"""What is longer is not repaired: the agents' requests share the thread that does it."""

NESTED_STRINGS = 3


@dataclass(frozen=True, slots=True)
class Parsed:
    """A value, its text as strict JSON, and the repairs that made it so."""

    value: Any
    text: str
    steps: tuple[Step, ...] = ()


def parse(text: str, *, may_close: bool = True) -> Parsed | None:
    """Read a call's arguments; `may_close` unless the length limit may have cut something off."""
    if not text.strip():
        return Parsed({}, "{}", (Step.EMPTY,))
    found = parse_value(text, may_close=may_close)
    for _ in range(NESTED_STRINGS):
        if found is None or not isinstance(found.value, str):
            return found
        inner = parse_value(found.value, may_close=False)
        found = inner and Parsed(inner.value, inner.text, (*found.steps, Step.UNWRAPPED, *inner.steps))
    return None


def parse_value(text: str, *, may_close: bool) -> Parsed | None:
    """Read one value, a string as a string."""
    found = parse_strict(text)
    return found or (_mended(text, may_close=may_close) if len(text) <= REPAIR_LIMIT_CHARS else None)


def parse_strict(text: str) -> Parsed | None:
    """Read what needs no repair."""
    try:
        return Parsed(value_of(text), text)
    except NotStrict:
        return None


def unfenced(text: str) -> str | None:
    """Take a text out of the code fence around it; None where there is none."""
    text = text.strip()
    head, newline, rest = text.partition("\n")
    if not newline or not head.startswith("```") or not (head[3:].strip() or "x").isalnum():
        return None
    return rest.strip().removesuffix("```").strip()


def _mended(text: str, *, may_close: bool) -> Parsed | None:
    inner = unfenced(text)
    steps = [] if inner is None else [Step.FENCE]
    tokens = tokens_of(text if inner is None else inner)
    for step, edit in _rungs(may_close=may_close):
        if tokens is None:
            return None
        found = _repaired(tokens, steps)
        if found is not None:
            return found
        edited = edit(tokens)
        steps += [step] if edited != tokens else []
        tokens = edited
    return None if tokens is None else _repaired(tokens, steps)


def _rungs(*, may_close: bool) -> list[tuple[Step, Callable[[Tokens], Tokens | None]]]:
    rungs: list[tuple[Step, Callable[[Tokens], Tokens | None]]] = [(Step.NEWLINES, without_control)]
    if may_close:
        rungs.append((Step.CLOSED, closed))
    return [*rungs, (Step.COMMAS, without_trailing_commas), (Step.PYTHON, from_python)]


def _repaired(tokens: Tokens, steps: list[Step]) -> Parsed | None:
    """Read tokens after some repairs; a key that stands twice makes them doubtful."""
    text = "".join(tokens)
    found = parse_strict(text)
    return None if found is None or has_doubled_keys(text) else Parsed(found.value, text, tuple(steps))
