"""Tools and the choice among them: Anthropic's form → Chat Completions functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from proxy.translate.refusal import CannotTranslate

PLACEHOLDER = "DeferredToolPlaceholder"
"""Stands in Claude Code's list for tools still to be searched; it is never to be called."""

NO_PARAMETERS: dict[str, Any] = {"type": "object", "properties": {}}


@dataclass(frozen=True, slots=True)
class Tools:
    """The functions to send, which of them must be called, and whether only one call may be made."""

    functions: tuple[dict[str, Any], ...] = ()
    choice: str | None = None
    one_call: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The names a model may call."""
        return tuple(function["function"]["name"] for function in self.functions)


def tools_of(fields: Mapping[str, Any]) -> Tools:
    """Read `tools` and `tool_choice`.

    llama.cpp neither honours a named choice nor `none`: so the one tool is sent alone, or no tool at all.
    """
    given = fields.get("tools") or []
    if not isinstance(given, list) or not all(isinstance(tool, dict) for tool in given):
        raise CannotTranslate("tools is no list of tools")
    functions = tuple(_function(tool) for tool in given if tool.get("name") != PLACEHOLDER)
    wish = fields.get("tool_choice") or {}
    if not isinstance(wish, dict):
        raise CannotTranslate("tool_choice is no object")
    return _chosen(functions, wish)


def _chosen(functions: tuple[dict[str, Any], ...], wish: Mapping[str, Any]) -> Tools:
    one_call = wish.get("disable_parallel_tool_use") is True
    kind = wish.get("type", "auto")
    if kind == "none" or (kind == "auto" and not functions):
        return Tools()
    if kind == "tool":
        functions = tuple(one for one in functions if one["function"]["name"] == wish.get("name"))
    if kind not in ("auto", "any", "tool"):
        raise CannotTranslate("tool_choice asks for what no local server knows")
    if not functions:
        raise CannotTranslate("tool_choice asks for a tool that is not there")
    return Tools(functions, "auto" if kind == "auto" else "required", one_call)


def _function(tool: Mapping[str, Any]) -> dict[str, Any]:
    schema = tool.get("input_schema")
    function: dict[str, Any] = {"name": str(tool.get("name", ""))}
    if isinstance(tool.get("description"), str):
        function["description"] = tool["description"]
    function["parameters"] = _parameters(schema) if isinstance(schema, dict) else NO_PARAMETERS
    return {"type": "function", "function": function}


def _parameters(schema: dict[str, Any]) -> dict[str, Any]:
    """Drop the schema's own dialect mark, which no template needs; an empty schema takes no parameters."""
    kept = {key: value for key, value in schema.items() if key != "$schema"}
    return kept or NO_PARAMETERS
