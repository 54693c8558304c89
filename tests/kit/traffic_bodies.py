"""A day's calls as request bodies whose prompts hit the prompt cache as the day's did; a token is four bytes."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.kit.traffic import Call

WORDS = ("self", "return", "value", "config", "index", "result", "error", "path", "name", "list", "if", "for", "not")
TEXT = " ".join(random.Random(1).choices(WORDS, k=40_000))
MARK = {"cache_control": {"type": "ephemeral"}}
TITLE = {"type": "json_schema", "schema": {"type": "object", "properties": {"title": {"type": "string"}}}}


@dataclass
class Renderer:
    """Renders the calls of a day; those of one session must come in order.

    The fake Claude is told the moment of each call, for its cache, and the length of its answer. `fill` writes text of
    about so many tokens, the same for the same seed.
    """

    fill: Callable[[int, str], str] = field(default_factory=lambda: filler)
    histories: dict[tuple[str, str], "_History"] = field(default_factory=dict)

    def body(self, call: Call) -> bytes:
        """Return the body of the next call of its session and agent."""
        key = (call.session, call.agent)
        if call.agent == "bg" or key not in self.histories:
            self.histories[key] = _History(call, self.fill)
        history = self.histories[key]
        body = history.next(call)
        if call.kind == "background:compaction":
            del self.histories[key]
        return body

    def answer(self, call: Call) -> list[dict[str, Any]]:
        """Return the blocks of the answer to the last call of its session and agent; none after a compaction."""
        history = self.histories.get((call.session, call.agent))
        blocks: list[dict[str, Any]] = history.answer if history else []
        return blocks


def headers(call: Call) -> dict[str, str]:
    """Return the headers by which an agent tells its session and its sub-agents apart."""
    found = {"x_claude_code_session_id": call.session}
    return found | ({"x_claude_code_agent_id": call.agent} if call.kind == "subagent" else {})


def filler(tokens: int, seed: str) -> str:
    """Return text of about so many tokens by the fake's rule, the same for the same seed."""
    start = random.Random(seed).randrange(len(TEXT) // 2)
    need = max(1, tokens * 4 - 30)
    return (TEXT[start:] + TEXT * (need // len(TEXT) + 1))[:need]


class _History:
    """What one agent of a session has sent so far, as pieces of JSON."""

    def __init__(self, call: Call, fill: Callable[[int, str], str]):
        self._fill = fill
        system = 100 if call.agent == "bg" else min(18_000, max(call.new, call.prefix) // 2)
        self._tokens = system
        self._system = fill(system, call.agent)
        self._messages: list[str] = []
        self._open_tool: str | None = None
        self.answer: list[dict[str, Any]] = []

    def next(self, call: Call) -> bytes:
        """Add what this call adds, and return its whole body."""
        added = max(20, call.prefix + call.new - self._tokens)
        self._tokens += added + call.out
        text = f"[[at:{call.t}]] [[out:{call.out}]] {self._fill(added, call.session + str(call.t))}"
        if call.kind == "background:compaction":
            return self._whole(call, [*self._messages[:-1], *self._compaction(text)])
        last = self._last(call, text)
        marked = {**last, "content": [*last["content"][:-1], last["content"][-1] | MARK]}
        body = self._whole(call, [*self._messages, json.dumps(last if call.agent == "bg" else marked)])
        self._messages.append(json.dumps(last))
        self._answer(call)
        return body

    def _compaction(self, text: str) -> list[str]:
        """Return the last answer, marked for the cache, and a bare string that asks for a summary."""
        before = json.loads(self._messages[-1])
        before["content"][0] |= MARK
        result = {"type": "tool_result", "tool_use_id": self._open_tool, "content": "ok"}
        answered = [{"role": "user", "content": [result]}] if self._open_tool else []
        return [json.dumps(m) for m in (before, *answered, {"role": "user", "content": text})]

    def _last(self, call: Call, text: str) -> dict[str, Any]:
        if self._open_tool:
            block: dict[str, Any] = {"type": "tool_result", "tool_use_id": self._open_tool, "content": text}
            return {"role": "user", "content": [block]}
        reminder = {"type": "text", "text": f"<system-reminder>{text}</system-reminder>"}
        return {"role": "user", "content": [reminder, {"type": "text", "text": call.prompt}]}

    def _answer(self, call: Call) -> None:
        """Write the assistant's turn as the next request will carry it."""
        said: dict[str, Any] = {"type": "text", "text": self._fill(call.out, "said")}
        self._open_tool = f"toolu_{len(self._messages):06d}" if call.tool else None
        use = {"type": "tool_use", "id": self._open_tool, "name": call.tool, "input": {"file_path": "src/x.py"}}
        self.answer = [said, use] if call.tool else [said]
        self._messages.append(json.dumps({"role": "assistant", "content": self.answer}))

    def _whole(self, call: Call, messages: list[str]) -> bytes:
        title = call.agent == "bg"
        system = {"type": "text", "text": self._system} | ({} if title else MARK)
        fields = {
            "model": call.model,
            "max_tokens": 32_000,
            "stream": True,
            "metadata": {"user_id": json.dumps({"session_id": call.session})},
            "system": [{"type": "text", "text": "You are a coding agent."}, system],
            "tools": _tools(call),
        } | ({"output_config": {"format": TITLE}} if title else {})
        return (json.dumps(fields)[:-1] + ', "messages": [' + ", ".join(messages) + "]}").encode()


def _tools(call: Call) -> list[dict[str, Any]]:
    names = [] if call.agent == "bg" else ["Bash", "Edit", "Read", "Grep", "Glob", "Write", "TodoWrite"]
    names += ["Task", "WebFetch"] if call.agent == "main" else []
    schema = {"type": "object", "properties": {"file_path": {"type": "string"}}}
    return [{"name": name, "description": f"The tool {name}.", "input_schema": schema} for name in names]
