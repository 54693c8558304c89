"""Bodies: requests of the forms that Claude Code sends, in words of our own."""

from __future__ import annotations

import json
from typing import Any

MARK = {"cache_control": {"type": "ephemeral"}}
BILLING = "x-anthropic-billing-header: cc_version=2.1.329.{}; cc_entrypoint=cli;"
REMINDER = (
    "<system-reminder>\nKeep the list of steps up to date. Never mention the password policy.\n</system-reminder>"
)
SESSION = "0d5f7a4e-1111-4222-8333-444455556666"

Fields = dict[str, Any]


def encode(fields: Fields) -> bytes:
    """Write a body as Claude Code does: no spaces, no escapes beyond need."""
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()


def headers(session: str = SESSION, agent: str = "", **more: str) -> dict[str, str]:
    """Give the headers that tell who asks."""
    told = {"x-claude-code-session-id": session, "content-type": "application/json", **more}
    return {**told, "x-claude-code-agent-id": agent} if agent else told


def text(words: str, **more: Any) -> Fields:
    """Make a text block."""
    return {"type": "text", "text": words, **more}


def tool(name: str, *properties: str) -> Fields:
    """Make a tool definition."""
    schema = {
        "type": "object",
        "properties": {p: {"type": "string"} for p in properties},
        "additionalProperties": False,
    }
    return {"name": name, "description": f"Does what {name} does.", "input_schema": schema}


TOOLS = [
    tool("Bash", "command"),
    tool("Edit", "file_path", "old_string"),
    tool("Read", "file_path"),
    tool("Task", "prompt"),
]


def system(build: str = "a1b") -> list[Fields]:
    """Make a system prompt of three blocks, of which the first differs between sessions."""
    return [
        text(BILLING.format(build)),
        text("You are a coding agent.", **MARK),
        text("Work carefully, and say what you did. The login page is none of your business.", **MARK),
    ]


def user(words: str) -> Fields:
    """Make the message of a user's request, with the client's reminder before it."""
    return {"role": "user", "content": [text(REMINDER), text(words)]}


def call(name: str, call_id: str = "toolu_1", **arguments: Any) -> Fields:
    """Make an assistant message that calls a tool."""
    return {"role": "assistant", "content": [{"type": "tool_use", "id": call_id, "name": name, "input": arguments}]}


def result(content: Any, call_id: str = "toolu_1", *, reminder: bool = True) -> Fields:
    """Make a user message that brings a tool's result."""
    blocks: list[Fields] = [{"type": "tool_result", "tool_use_id": call_id, "content": content}]
    return {
        "role": "user",
        "content": [*blocks, text("<system-reminder>80 % left</system-reminder>")] if reminder else blocks,
    }


def said(words: str) -> Fields:
    """Make an assistant message of words."""
    return {"role": "assistant", "content": [text(words)]}


def main_turn(words: str, *rest: Fields, model: str = "claude-opus-5-5", inline: bool = True, **more: Any) -> Fields:
    """Make a main request: the user's words and what followed them; `inline` adds a system message behind them."""
    aside = [{"role": "system", "content": [text("The date is 2026-11-21; the shell is bash.")]}] if inline else []
    return {
        "model": model,
        "max_tokens": 32000,
        "system": system(),
        "tools": TOOLS,
        "messages": [user(words), *aside, *rest],
        "thinking": {"type": "adaptive"},
        "metadata": {"user_id": json.dumps({"device_id": "d", "account_uuid": "", "session_id": SESSION})},
        "stream": True,
        **more,
    }


def sub_agent(words: str, *rest: Fields) -> Fields:
    """Make a sub-agent's request; its header is `headers(agent=...)`."""
    fields = main_turn(words, *rest, inline=False)
    fields["system"][0] = text(BILLING.format("c3d") + " cc_is_subagent=true;")
    return fields


def title(words: str) -> Fields:
    """Make the request for a conversation's title."""
    schema = {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]}
    fields = main_turn(words, inline=False, output_config={"format": {"type": "json_schema", "schema": schema}})
    return {**fields, "tools": []}


def web_fetch(page: str) -> Fields:
    """Make the request to summarise a fetched page."""
    fields = main_turn("", inline=False)
    del fields["thinking"]
    return {**fields, "tools": [], "system": system()[:2], "messages": [{"role": "user", "content": page}]}


def web_search(query: str) -> Fields:
    """Make the request that searches the web."""
    fields = main_turn("", inline=False)
    return {
        **fields,
        "system": system()[:2],
        "messages": [{"role": "user", "content": f"Search for: {query}"}],
        "tools": [{"type": "web_search_20250305", "name": "web_search", "max_uses": 8}],
        "tool_choice": {"type": "tool", "name": "web_search"},
    }


def compaction(*history: Fields) -> Fields:
    """Make the request to summarise a conversation: a bare string behind a cache mark."""
    order = "Write down in plain text what was asked, what was done and what is left. Call no tools. " * 40
    marked = {"role": "assistant", "content": [text("Done so far.", **MARK)]}
    return main_turn("Build the importer", *history, marked, {"role": "user", "content": order})
