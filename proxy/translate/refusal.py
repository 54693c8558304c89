"""What no local server can do: such requests belong to the cloud, and are refused here with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CLOUD_FIELDS = ("container", "mcp_servers", "user_profile_id")
"""Fields of a request that only the API itself can honour."""


class CannotTranslate(ValueError):
    """A request that cannot be put to a local model; `reason` says why, without a word of the prompt.

    `does_not_fit` marks the one kind that a larger context window would cure.
    """

    def __init__(self, reason: str, *, does_not_fit: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.does_not_fit = does_not_fit


def refuse_cloud_only(fields: Mapping[str, Any]) -> None:
    """Raise CannotTranslate for a request whose top level asks for what only the API has."""
    for name in CLOUD_FIELDS:
        if fields.get(name):
            raise CannotTranslate(f"{name} needs the cloud")
    if fields.get("max_tokens") == 0:
        raise CannotTranslate("max_tokens 0 warms the cloud's prompt cache and nothing else")
    for tool in _dicts(fields.get("tools")):
        kind = tool.get("type")
        if kind not in (None, "custom"):
            raise CannotTranslate(f"the tool type {_word(kind)} needs the cloud")


def refuse_block(kind: object, where: str) -> CannotTranslate:
    """Word the refusal of a content block that no local server understands."""
    return CannotTranslate(f"a {_word(kind)} block in {where} needs the cloud")


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _word(kind: object) -> str:
    """Show a type name from the request, unless it is no plain name."""
    plain = isinstance(kind, str) and len(kind) <= 64 and kind.replace("_", "").replace("-", "").isalnum()
    return str(kind) if plain else "nameless"
