"""Drives the real Claude Code, headless: an empty home, a fake key, no traffic but to the address it is given."""

import json
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.kit.agent import CUT_OFF, Agent, kept
from tests.kit.fake_claude import KEY, ROOT

PACKAGES = ROOT / ".cache" / "agents" / "node_modules" / "@anthropic-ai"
NAMES = {"Linux": "linux", "Darwin": "darwin", "Windows": "win32"}
MACHINES = {"x86_64": "x64", "AMD64": "x64", "arm64": "arm64", "aarch64": "arm64"}
QUIET = CUT_OFF | {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_ERROR_REPORTING": "1",
    "DISABLE_TELEMETRY": "1",
    "IS_SANDBOX": "1",  # It refuses to run as root elsewhere.
}


@dataclass(frozen=True)
class Session:
    """One run of `claude -p`: its stream-json messages and how it ended."""

    exit_code: int
    messages: tuple[dict[str, Any], ...]
    errors: str
    seconds: float

    @property
    def result(self) -> str:
        """Return the text of the last answer, as a person sees it."""
        results = [m.get("result", "") for m in self.messages if m["type"] == "result"]
        return str(results[-1]) if results else ""

    @property
    def session_id(self) -> str:
        """Return the id by which the session can be resumed."""
        return next(str(m["session_id"]) for m in self.messages if "session_id" in m)

    @property
    def tools_used(self) -> list[str]:
        """Return the names of the tools the model called, in order."""
        return [b["name"] for b in self._blocks("assistant") if b.get("type") == "tool_use"]

    @property
    def tool_results(self) -> list[str]:
        """Return what the tools gave, each as text."""
        return [json.dumps(b.get("content")) for b in self._blocks("user") if b.get("type") == "tool_result"]

    @property
    def said(self) -> str:
        """Return all the text the model wrote."""
        return "\n".join(b["text"] for b in self._blocks("assistant") if b.get("type") == "text")

    def _blocks(self, role: str) -> list[dict[str, Any]]:
        contents = [m["message"]["content"] for m in self.messages if m["type"] == role]
        return [block for content in contents if isinstance(content, list) for block in content]


class ClaudeCode(Agent):
    """An installed Claude Code with a home of its own."""

    def ask(
        self,
        url: str,
        prompt: str,
        *options: str,
        seconds: float = 240,
        starter: tuple[str, ...] = (),
        **environment: str,
    ) -> Session:
        """Run one turn against an API at `url`, with every tool allowed; `starter` is a command that runs it."""
        allowed = ("--permission-mode", "acceptEdits", "--allowedTools", "Read,Bash,Agent,Task,Edit,Write")
        command = [
            *starter,
            str(self.program),
            "-p",
            prompt,
            "--output-format",
            "stream-json",
            "--verbose",
            *allowed,
            *options,
        ]
        ran = self.run(command, self._environment(url) | environment, seconds)
        return Session(ran.exit_code, ran.lines, ran.errors, ran.seconds)

    def _environment(self, url: str) -> dict[str, str]:
        home, places = str(self.home), self.temporary()
        own = {"HOME": home, "USERPROFILE": home, "TMPDIR": places, "TEMP": places}
        api = {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": url}
        return kept("PATH", "SYSTEMROOT", "COMSPEC") | own | QUIET | api


def installed() -> Path | None:
    """Return Claude Code's native program where `tests/run.py` puts it, or None if it is not there."""
    system, machine = NAMES.get(platform.system(), ""), MACHINES.get(platform.machine(), "")
    name = "claude.exe" if system == "win32" else "claude"
    program = PACKAGES / f"claude-code-{system}-{machine}" / name
    return program if program.exists() else None
