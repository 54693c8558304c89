"""Side requests: what an agent asks on its own account, told by the request's form, never by its user's words."""

from __future__ import annotations

from typing import Any

from proxy.identity import system_texts
from proxy.request import AgentRequest
from proxy.task import Side

_BILLING = "x-anthropic-billing-header:"
_TITLES = "You are a title generator"
"""How opencode's request for a session's title begins; it has no other mark."""
_LEAST_COMPACTION = 1500
"""Characters; the instruction to summarise a conversation is long."""


def side_of(request: AgentRequest) -> Side | None:
    """Recognise a side request; None is a turn of the user's own."""
    fields = request.fields
    if request.counting:
        return "count"
    if _is_web_search(fields):
        return "websearch"
    if not fields.get("tools"):
        if _is_title(fields):
            return "title"
        if _is_web_fetch(fields):
            return "webfetch"
    if _is_compaction(fields):
        return "compaction"
    if request.agent_id or "cc_is_subagent=true" in _first_system(fields):
        return "subagent"
    return None


def _is_web_search(fields: dict[str, Any]) -> bool:
    tools, choice = fields.get("tools") or [], fields.get("tool_choice")
    return (
        len(tools) == 1
        and str(tools[0].get("type")).startswith("web_search_")
        and isinstance(choice, dict)
        and choice.get("name") == tools[0].get("name")
    )


def _is_title(fields: dict[str, Any]) -> bool:
    """An answer bound to a schema with one property, the title; or opencode's own words for it."""
    if next(iter(system_texts(fields)), "").startswith(_TITLES):
        return True
    config = fields.get("output_config")
    asked = config.get("format") if isinstance(config, dict) else None
    schema = asked.get("schema") if isinstance(asked, dict) else None
    properties = schema.get("properties") if isinstance(schema, dict) else None
    return isinstance(properties, dict) and list(properties) == ["title"]


def _is_web_fetch(fields: dict[str, Any]) -> bool:
    """One message to Claude Code's bare identity: its page summaries have no prompt, no tools, no thinking."""
    system, messages = fields.get("system"), fields["messages"]
    return (
        isinstance(system, list)
        and len(system) == 2
        and _first_system(fields).startswith(_BILLING)
        and len(messages) == 1
        and not fields.get("thinking")
    )


def _is_compaction(fields: dict[str, Any]) -> bool:
    """A bare string after a conversation whose cache mark sits before it."""
    messages = fields["messages"]
    last = messages[-1]
    if len(messages) < 2 or last.get("role") != "user" or not isinstance(last.get("content"), str):
        return False
    return len(last["content"]) >= _LEAST_COMPACTION and _ends_marked(messages[-2])


def _ends_marked(message: dict[str, Any]) -> bool:
    content = message.get("content")
    return isinstance(content, list) and bool(content) and bool(content[-1].get("cache_control"))


def _first_system(fields: dict[str, Any]) -> str:
    system = fields.get("system")
    first = system[0] if isinstance(system, list) and system else None
    return str(first.get("text", "")) if isinstance(first, dict) else ""
