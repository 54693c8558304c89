"""The shapes in which models write a call as one JSON object."""

from __future__ import annotations

from typing import Any

NAME_KEYS = ("name", "tool", "tool_name")
ARGUMENT_KEYS = ("arguments", "parameters", "input", "args", "kwargs")
OTHER_KEYS = ("id", "type", "index", "call_id", "tool_call_id")
CALL_KEYS = (*NAME_KEYS, *ARGUMENT_KEYS, *OTHER_KEYS, "function")
MISSING = object()


def shape_of(value: Any) -> tuple[str, Any] | None:
    """Find the name and the arguments in an object that is a call; None where it is none.

    The name is "" and the arguments are MISSING where they are not said.
    """
    if isinstance(value, dict) and isinstance(value.get("function"), dict):
        if set(value) - {"function", *OTHER_KEYS}:
            return None
        value = value["function"]
    if not isinstance(value, dict) or set(value) - {*NAME_KEYS, *ARGUMENT_KEYS, *OTHER_KEYS}:
        return None
    names = [value[key] for key in NAME_KEYS if key in value]
    given = [value[key] for key in ARGUMENT_KEYS if key in value]
    if len(names) > 1 or len(given) > 1 or not (names or given):
        return None
    name = names[0] if names else ""
    return (name, given[0] if given else MISSING) if isinstance(name, str) else None
