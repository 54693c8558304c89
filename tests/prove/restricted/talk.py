"""A session as an agent tells it: what was said so far, in either dialect, under a name told in one of five ways."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from tests.kit.fake_claude import KEY

Dialect = Literal["anthropic", "openai"]
Named = Literal["header", "metadata", "x-session-id", "prompt_cache_key", "nothing"]
NAMED: dict[Named, tuple[Dialect, ...]] = {
    "header": ("anthropic", "openai"),
    "metadata": ("anthropic",),
    "x-session-id": ("anthropic", "openai"),
    "prompt_cache_key": ("openai",),
    "nothing": ("anthropic", "openai"),
}
"""How a session can be told apart, and in which dialects; without a name it is told by how it began."""

PATHS = {"anthropic": "/v1/messages", "openai": "/v1/chat/completions"}
TOOLS = {"Read": "file_path", "Bash": "command", "Edit": "file_path"}
MARK = {"cache_control": {"type": "ephemeral"}}
SUMMARISE = "Write down in plain text what was asked, what was done and what is left. Call no tools. " * 40
SUMMARY = "This session is being continued from a previous conversation. The summary: things were done. {mark}"

Fields = dict[str, Any]


@dataclass(frozen=True)
class Item:
    """One thing said: by the user, by the model, a call, or what a call brought."""

    kind: Literal["user", "said", "call", "result", "document"]
    text: str = ""
    id: str = ""
    name: str = ""
    given: Fields = field(default_factory=dict)


@dataclass
class Talk:
    """One conversation; `mark` stands in each thing that its user says, so that no byte of it goes unseen."""

    mark: str
    session: str
    named: Named
    dialect: Dialect
    system: str = "You are a coding agent.\n - Primary working directory: /home/me/app\n"
    model: str = "claude-opus-5-5"
    agent: str = ""
    items: list[Item] = field(default_factory=list)
    is_compacted: bool = False

    def says(self, words: str) -> None:
        """Let the user say something."""
        self.items.append(Item("user", f"{words} {self.mark}"))

    def used(self, name: str, given: Fields, brought: str) -> None:
        """Let the model call a tool, and its result come back."""
        call_id = f"toolu_{len(self.items):04d}"
        self.items += [Item("call", id=call_id, name=name, given=given), Item("result", brought, id=call_id)]

    def answered(self, words: str = "It is done.") -> None:
        """Let the model say something."""
        self.items.append(Item("said", words))

    def compacted(self) -> None:
        """Put a summary in the place of all that was said."""
        self.is_compacted = True
        self.items = [Item("user", SUMMARY.format(mark=self.mark))]

    def sub_agent(self, name: str, words: str) -> Talk:
        """Begin the conversation of a sub-agent."""
        begun = replace(self, agent=name, items=[], system="You are a sub-agent.\n")
        begun.says(words)
        return begun

    @property
    def path(self) -> str:
        """Where it is sent to."""
        return PATHS[self.dialect]

    def headers(self) -> dict[str, str | None]:
        """Return the headers that tell who asks."""
        found: dict[str, str | None] = {}
        if self.dialect == "openai":
            found |= {"authorization": f"Bearer {KEY}", "x_api_key": None, "anthropic_version": None}
        if self.named == "header":
            found |= {"x_claude_code_session_id": self.session}
        if self.named == "x-session-id":
            found |= {"x_session_id": self.session}
        return found | ({"x_claude_code_agent_id": self.agent} if self.agent else {})

    def body(self, **more: Any) -> Fields:
        """Return the next request."""
        fields: Fields = {"model": self.model, "max_tokens": 2000, **self._as_told(), "tools": self._tools()}
        if self.named == "metadata":
            fields["metadata"] = {"user_id": json.dumps({"session_id": self.session})}
        if self.named == "prompt_cache_key":
            fields["prompt_cache_key"] = self.session
        return fields | more

    def side(self, kind: Literal["title", "compaction", "count"]) -> Fields:
        """Return a request of the agent's own account; those of Claude Code's form are in Anthropic's dialect."""
        if kind == "title":
            schema = {"type": "object", "properties": {"title": {"type": "string"}}}
            told = {"output_config": {"format": {"type": "json_schema", "schema": schema}}}
            return self.body(messages=[{"role": "user", "content": f"Name this: {self.mark}"}], **told) | {"tools": []}
        if kind == "count":
            body = self.body()
            return {name: body[name] for name in ("model", "system", "tools", "messages")}
        messages = [
            *_anthropic(self.items),
            {"role": "assistant", "content": [{"type": "text", "text": "So.", **MARK}]},
        ]
        return self.body(messages=[*messages, {"role": "user", "content": SUMMARISE + self.mark}])

    def _as_told(self) -> Fields:
        if self.dialect == "anthropic":
            return {"system": [{"type": "text", "text": self.system}], "messages": _anthropic(self.items)}
        return {"messages": [{"role": "system", "content": self.system}, *_openai(self.items)]}

    def _tools(self) -> list[Fields]:
        schemas = {
            name: {"type": "object", "properties": {key: {"type": "string"}}, "required": [key]}
            for name, key in TOOLS.items()
        }
        if self.dialect == "anthropic":
            return [{"name": name, "description": name, "input_schema": schema} for name, schema in schemas.items()]
        return [{"type": "function", "function": {"name": n, "parameters": schema}} for n, schema in schemas.items()]


def _anthropic(items: list[Item]) -> list[Fields]:
    return [_as_message(item) for item in items]


def _as_message(item: Item) -> Fields:
    match item.kind:
        case "user":
            reminder = {"type": "text", "text": "<system-reminder>Keep the list up to date.</system-reminder>"}
            return {"role": "user", "content": [reminder, {"type": "text", "text": item.text}]}
        case "said":
            return {"role": "assistant", "content": [{"type": "text", "text": item.text}]}
        case "call":
            use = {"type": "tool_use", "id": item.id, "name": item.name, "input": item.given}
            return {"role": "assistant", "content": [use]}
        case "result":
            result = {"type": "tool_result", "tool_use_id": item.id, "content": item.text}
            return {"role": "user", "content": [result]}
        case "document":
            source = {"type": "text", "media_type": "text/plain", "data": item.text}
            return {"role": "user", "content": [{"type": "document", "source": source}]}


def _openai(items: list[Item]) -> list[Fields]:
    return [_as_chat(item) for item in items]


def _as_chat(item: Item) -> Fields:
    match item.kind:
        case "user" | "document":
            return {"role": "user", "content": item.text}
        case "said":
            return {"role": "assistant", "content": item.text}
        case "call":
            function = {"name": item.name, "arguments": json.dumps(item.given)}
            return {"role": "assistant", "tool_calls": [{"id": item.id, "type": "function", "function": function}]}
        case "result":
            return {"role": "tool", "tool_call_id": item.id, "content": item.text}
