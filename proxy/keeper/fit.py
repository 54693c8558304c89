"""Fit: which requests can be sent once more just to read their prefix, and what is sent then – pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pricing.bound import Shape
from proxy.rewrite import with_value


def can_be_kept(fields: Mapping[str, Any], shape: Shape) -> bool:
    """Tell whether the provider answers this request without output, at the price of what it reads.

    It refuses that with thinking of a fixed budget, with an answer bound to a schema, and with a forced tool. What lets
    the server work on its own is left alone, because nobody can bound it.
    Source: https://platform.claude.com/docs/en/build-with-claude/prompt-caching
    """
    if shape.grows or shape.unbounded or not (shape.writes_5m or shape.writes_1h):
        return False
    config = _object(fields.get("output_config"))
    if config.get("format") or fields.get("output_format"):
        return False
    if _object(fields.get("tool_choice")).get("type") in ("any", "tool"):
        return False
    return _object(fields.get("thinking")).get("type") != "enabled"


def without_output(body: bytes, fields: Mapping[str, Any]) -> bytes:
    """Give the same request for no output, not as a stream; not one other byte changes, so that its prefix is the same.

    What the next request of the conversation reads is what this one read or wrote: the answer comes after it.
    """
    body = with_value(body, "max_tokens", 0)
    return with_value(body, "stream", False) if "stream" in fields else body


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
