"""Tools of a chat request, and the choice among them, as the Messages API wants them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from proxy.request import BadRequest

Tool = dict[str, Any]

_MODES = {"none": "none", "auto": "auto", "required": "any"}


def tools_of(fields: Mapping[str, Any]) -> list[Tool]:
    """Read the functions. `strict` is not carried: the API's strict tools take fewer schemas than OpenAI's do.

    Anthropic's own layer for this dialect leaves it out too.
    """
    if fields.get("functions") or fields.get("function_call"):
        raise BadRequest("functions and function_call are the old form and not read here; send tools", "field")
    given = fields.get("tools") or []
    if not isinstance(given, list):
        raise BadRequest("tools is not a list of tools", "field")
    return [_tool(tool, f"tools[{place}]") for place, tool in enumerate(given)]


def choice_of(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Read `tool_choice` and `parallel_tool_calls`; only for a request that has tools."""
    choice = _chosen(fields.get("tool_choice"))
    alone = fields.get("parallel_tool_calls") is False
    if alone and choice["type"] != "none":
        return {"tool_choice": {**choice, "disable_parallel_tool_use": True}}
    return {} if choice["type"] == "auto" else {"tool_choice": choice}


def _tool(tool: Any, where: str) -> Tool:
    match tool:
        case {"type": "function", "function": {"name": str(name), **function}} if name:
            said = function.get("description")
            parameters = function.get("parameters")
            if parameters is not None and not isinstance(parameters, dict):
                raise BadRequest(f"{where}.function.parameters is not a schema", "field")
            described = {"description": said} if isinstance(said, str) and said else {}
            return {"name": name, **described, "input_schema": _schema(parameters or {})}
    raise BadRequest(f"{where} is not a function with a name; only functions can be called here", "field")


def _schema(parameters: dict[str, Any]) -> dict[str, Any]:
    """Complete a schema: the API wants to be told that it is an object's."""
    if parameters.get("type") == "object":
        return parameters
    properties: dict[str, Any] = {} if "properties" in parameters else {"properties": {}}
    return {**parameters, "type": "object", **properties}


def _chosen(choice: Any) -> dict[str, Any]:
    match choice:
        case None:
            return {"type": "auto"}
        case "none" | "auto" | "required":
            return {"type": _MODES[choice]}
        case {"type": "function", "function": {"name": str(name)}}:
            return {"type": "tool", "name": name}
    raise BadRequest("tool_choice must be none, auto, required, or name one function", "field")
