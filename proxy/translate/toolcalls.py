"""Tool calls as a local model makes them: collected piece by piece, accepted when the answer is finished.

What stands between collecting and sending is one function, `Accept`: the place for checking and repairing.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

CALLS_LIMIT = 128
ARGUMENTS_LIMIT_CHARS = 16 * 1024 * 1024
DEPTH_LIMIT = 100


@dataclass
class Call:
    """One call as it came: the server's id, the tool's name, and its arguments as text."""

    id: str = ""
    name: str = ""
    pieces: list[str] = field(default_factory=list)

    @property
    def arguments(self) -> str:
        """All of its arguments so far."""
        return "".join(self.pieces)


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A call that goes to the client; `arguments` is the JSON text of an object."""

    name: str
    arguments: str


Accept = Callable[[tuple[Call, ...], str], tuple[ToolUse, ...]]
"""Takes the calls and why the answer finished, and returns those that go to the client."""


class Calls:
    """The calls of one answer, by the index that the server gives them."""

    def __init__(self) -> None:
        self._calls: list[Call] = []
        self._open: dict[int, Call] = {}
        self._size = 0

    def __bool__(self) -> bool:
        return bool(self._calls)

    def add(self, index: int | None, identifier: str, name: str, arguments: str) -> bool:
        """Take one piece; False when the calls have grown beyond all reason."""
        call = self._call(index, identifier, name)
        call.id = call.id or identifier
        call.name = call.name or name
        if arguments:
            call.pieces.append(arguments)
        self._size += len(arguments)
        return len(self._calls) <= CALLS_LIMIT and self._size <= ARGUMENTS_LIMIT_CHARS

    def all(self) -> tuple[Call, ...]:
        """Return the calls in the order in which they began."""
        return tuple(self._calls)

    def _call(self, index: int | None, identifier: str, name: str) -> Call:
        """Find the call that a piece belongs to.

        Some servers send several calls under one index, and some send no index: there a new id with a name,
        or a name after complete arguments, begins a new call.
        """
        last = self._calls[-1] if self._calls else None
        known = last if index is None else self._open.get(index)
        if known is None or _begins_another(known, identifier, name):
            known = Call()
            self._open[len(self._calls) if index is None else index] = known
            self._calls.append(known)
        return known


def accept(calls: tuple[Call, ...], finish: str) -> tuple[ToolUse, ...]:
    """Let calls pass as they are, save those that the length limit cut off and those that name no tool.

    Arguments that are no JSON object go in the form in which Claude Code keeps them itself: the client then
    tells the model what was wrong, while broken JSON would break the client.
    """
    return tuple(_use(call) for call in calls if call.name and not (finish == "length" and not _complete(call)))


def is_object(arguments: str) -> bool:
    """Tell whether a text is a JSON object by the letter of the standard, and of sane depth."""
    try:
        parsed = json.loads(arguments, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return False
    return isinstance(parsed, dict) and _is_shallow(parsed)


def _begins_another(known: Call, identifier: str, name: str) -> bool:
    if not name:
        return False
    if identifier and known.id:
        return identifier != known.id
    return bool(known.name) and is_object(known.arguments)


def _is_shallow(parsed: Any) -> bool:
    """Tell whether it nests less deeply than would trouble whoever reads it after us."""
    level = [parsed]
    for _ in range(DEPTH_LIMIT):
        level = [inner for value in level for inner in _inside(value)]
        if not level:
            return True
    return False


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        value = list(value.values())
    return [inner for inner in value if isinstance(inner, dict | list)] if isinstance(value, list) else []


def _complete(call: Call) -> bool:
    return is_object(call.arguments)


def _use(call: Call) -> ToolUse:
    arguments = call.arguments
    if not arguments.strip():
        return ToolUse(call.name, "{}")
    if is_object(arguments):
        return ToolUse(call.name, arguments)
    kept = {"__unparsedToolInput": {"raw": arguments, "len": len(arguments)}}
    return ToolUse(call.name, json.dumps(kept, ensure_ascii=False))


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
