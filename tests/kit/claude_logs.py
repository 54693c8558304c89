"""Writes a day of traffic as Claude Code logs it: a file for each session and sub-agent, a line for each block."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.kit.traffic import Call

WARM_S = 300


@dataclass
class Truth:
    """What was written: the usage of each answer by its message's id, and how many lines are no good."""

    usage: dict[str, dict[str, int]] = field(default_factory=dict)
    model: dict[str, str] = field(default_factory=dict)
    cut: int = 0
    garbage: int = 0
    synthetic: int = 0

    def total(self, name: str) -> int:
        """Sum up one class of tokens."""
        return sum(usage[name] for usage in self.usage.values())


class Logs:
    """A config folder of Claude Code, filled with the calls of a day that begins at a moment."""

    def __init__(self, folder: Path, begins: datetime, project: str = "shop"):
        self.folder = folder / "projects" / f"-home-someone-{project}"
        self.truth = Truth()
        self._begins, self._project = begins, project
        self._cache: dict[tuple[str, str], tuple[float, int]] = {}

    def write(self, calls: Sequence[Call]) -> Truth:
        """Write the calls that are logged: none beside a conversation, and no summaries."""
        for call in calls:
            if call.agent != "bg" and call.kind != "background:compaction":
                self._write(call)
        return self.truth

    def fork(self, session: str, name: str, lines: int | None = None) -> Path:
        """Repeat a session, or its first lines, under another name, as a fork does."""
        whole = self.file(session).read_text().splitlines()[:lines]
        rows = [json.loads(line) for line in whole]
        for row in rows:
            if row["type"] == "assistant":
                row["requestSessionId"] = row["sessionId"]
            row |= {"sessionId": name, "promptId": "all of them the same"}
        path = self.file(name)
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return path

    def file(self, session: str, agent: str = "") -> Path:
        """Say where a session's lines are, or those of its sub-agent."""
        if agent:
            return self.folder / session / "subagents" / f"agent-{agent}.jsonl"
        return self.folder / f"{session}.jsonl"

    def append(self, session: str, line: str) -> None:
        """Write a line of any kind to a session's file."""
        with self.file(session).open("a", encoding="utf-8") as file:
            file.write(line)

    def _write(self, call: Call) -> None:
        agent = "" if call.agent == "main" else call.agent.replace(".", "x")
        path, at = self.file(call.session, agent), self._begins + timedelta(seconds=call.t)
        path.parent.mkdir(parents=True, exist_ok=True)
        about = {
            "isSidechain": bool(agent),
            **({"agentId": agent} if agent else {}),
            "cwd": f"/home/someone/{self._project}",
            "sessionId": call.session,
            "version": "2.1.329",
        }
        lines: list[dict[str, Any]] = []
        if call.step == 0:
            said = {"role": "user", "content": f"{call.prompt} ({call.session}, {call.turn})"}
            lines.append(
                {"type": "user", "message": said, "uuid": self._id(call, "u"), "timestamp": _text(at), **about}
            )
            lines.append({"type": "attachment", "attachment": {"type": "environment"}, **about})
        lines += self._answer(call, at, about)
        if call.tool:
            result = [{"type": "tool_result", "tool_use_id": self._id(call, "t"), "content": "done"}]
            said = {"role": "user", "content": result}
            lines.append(
                {"type": "user", "message": said, "uuid": self._id(call, "r"), "timestamp": _text(at), **about}
            )
        with path.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)

    def _answer(self, call: Call, at: datetime, about: dict[str, Any]) -> list[dict[str, Any]]:
        message_id, usage = self._id(call, "msg_"), self._usage(call)
        self.truth.usage[message_id], self.truth.model[message_id] = usage, call.model
        blocks: list[dict[str, Any]] = [{"type": "text", "text": "I shall look."}]
        if call.tool:
            given = {"file_path": f"/home/someone/{self._project}/f{call.step % 3}.py"}
            blocks.append({"type": "tool_use", "id": self._id(call, "t"), "name": call.tool, "input": given})
        lines = []
        for number, block in enumerate(blocks):
            last = number == len(blocks) - 1
            counted = usage if last else usage | {"output_tokens": 1}
            message = {"id": message_id, "model": call.model, "role": "assistant", "content": [block], "usage": counted}
            moment = _text(at + timedelta(milliseconds=number))
            names = {"requestId": self._id(call, "req_"), "uuid": f"{self._id(call, 'a')}.{number}"}
            lines.append({"type": "assistant", "message": message, "timestamp": moment, **names, **about})
        return lines

    def _usage(self, call: Call) -> dict[str, int]:
        """Give the tokens by class: what the cache holds for five minutes is read, all else written."""
        key, prompt = (call.session, call.agent), call.prefix + call.new
        at, held = self._cache.get(key, (float("-inf"), 0))
        read = min(held, call.prefix) if call.t - at < WARM_S else 0
        self._cache[key] = (call.t, prompt)
        return {
            "input_tokens": 0,
            "cache_creation_input_tokens": prompt - read,
            "cache_read_input_tokens": read,
            "output_tokens": call.out,
        }

    def _id(self, call: Call, kind: str) -> str:
        return f"{kind}{call.session}-{call.agent.replace('.', 'x')}-{call.turn}-{call.step}"


def _text(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
