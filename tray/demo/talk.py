"""Talks as Claude Code has them: everything is sent again with each request, marked for the prompt cache."""

from __future__ import annotations

import json
from typing import Any

from proxy.sse import SseParser
from tray.demo.day import TITLE, Step
from tray.demo.words import TOOLS, text

Json = dict[str, Any]

MOST_OUTPUT = 16_000
SYSTEM_TOKENS = 9_000
_MARK = {"cache_control": {"type": "ephemeral"}}
_TITLE = {"type": "json_schema", "schema": {"type": "object", "properties": {"title": {"type": "string"}}}}


class Talk:
    """One agent's conversation: what it has sent, and what it was answered."""

    def __init__(self, begins: Step) -> None:
        self._begins = begins
        self._messages: list[Json] = []

    def ask(self, step: Step) -> bytes:
        """Write the next request."""
        blocks = [self._said(step)] if step.words else [*self._results(step)]
        self._messages.append({"role": "user", "content": blocks})
        marked = {"role": "user", "content": [*blocks[:-1], blocks[-1] | _MARK]}
        return json.dumps(self._fields([*self._messages[:-1], marked])).encode()

    def take(self, blocks: list[Json]) -> None:
        """Take the answer into the conversation."""
        self._messages.append({"role": "assistant", "content": blocks})

    def drop(self) -> None:
        """Forget the last question, which was refused."""
        self._messages.pop()

    def _said(self, step: Step) -> Json:
        reminder = f"<system-reminder>{text(step.added, step.turn)}</system-reminder>\n" if not self._messages else ""
        return {"type": "text", "text": reminder + step.words}

    def _results(self, step: Step) -> list[Json]:
        calls = [block for block in self._messages[-1]["content"] if block["type"] == "tool_use"]
        found = text(step.added, len(self._messages))
        return [{"type": "tool_result", "tool_use_id": call["id"], "content": found} for call in calls] or [
            {"type": "text", "text": "Go on."}
        ]

    def _fields(self, messages: list[Json]) -> Json:
        is_title = self._begins.agent == TITLE
        system = "You name sessions." if is_title else "You are a coding agent. " + text(SYSTEM_TOKENS, 1)
        fields: Json = {
            "model": self._begins.model,
            "max_tokens": 500 if is_title else MOST_OUTPUT,
            "stream": True,
            "metadata": {"user_id": json.dumps({"session_id": self._begins.session})},
            "system": [{"type": "text", "text": system} | ({} if is_title else _MARK)],
            "tools": [] if is_title else [_tool(name) for name in TOOLS],
            "messages": messages,
        }
        return fields | ({"output_config": {"format": _TITLE}} if is_title else {})


def headers_of(step: Step) -> dict[str, str]:
    """Write the headers of a step, as an agent that names itself, its session and its helpers."""
    named = {"x-claude-code-agent-id": step.agent} if step.agent not in ("", TITLE) else {}
    return named | {
        "content-type": "application/json",
        "anthropic-version": "2023-06-01",
        "x-api-key": "simulated",
        "user-agent": "claude-cli/2.1 (simulated)",
        "x-claude-code-session-id": step.session,
        "x-bursar-project": step.project,
    }


def blocks_of(stream: bytes) -> list[Json]:
    """Read the blocks of a streamed answer."""
    blocks: list[Json] = []
    parts: list[str] = []
    for event in SseParser().feed(stream):
        fields = json.loads(event.data)
        match fields["type"]:
            case "content_block_start":
                blocks.append(fields["content_block"])
                parts.clear()
            case "content_block_delta":
                parts.append(fields["delta"].get("text") or fields["delta"].get("partial_json") or "")
            case "content_block_stop":
                _fill(blocks[-1], "".join(parts))
    return blocks


def _fill(block: Json, content: str) -> None:
    if block["type"] == "text":
        block["text"] = content
    elif block["type"] == "tool_use":
        block["input"] = json.loads(content or "{}")


def _tool(name: str) -> Json:
    schema = {"type": "object", "properties": {"file_path": {"type": "string"}}, "required": ["file_path"]}
    return {"name": name, "description": f"The tool {name} of a made-up agent.", "input_schema": schema}
