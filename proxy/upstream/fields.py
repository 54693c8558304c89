"""Fields of a server's JSON, taken as what they should be: anything else is as good as absent."""

from __future__ import annotations

from typing import Any


def table(value: Any) -> dict[str, Any]:
    """Take a JSON object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def tables(value: Any) -> list[dict[str, Any]]:
    """Take a list of JSON objects, leaving out what is none."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def positive(value: Any) -> int | None:
    """Take a whole number above zero."""
    fits = isinstance(value, int) and not isinstance(value, bool) and value > 0
    return value if fits else None


def text(value: Any) -> str:
    """Take a text; an empty one for anything else."""
    return value if isinstance(value, str) else ""


def billions(parameters: int | None) -> str:
    """Write a number of parameters as a person says it: "8B", "350M"; empty where it is not known."""
    if parameters is None:
        return ""
    for unit, size in (("T", 10**12), ("B", 10**9), ("M", 10**6)):
        if parameters >= size:
            return f"{parameters / size:.1f}".removesuffix(".0") + unit
    return str(parameters)
