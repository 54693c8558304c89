"""Drives the real Claude Code, headless: an empty home, a fake key, no traffic but to the address it is given."""

import json
import os
import platform
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.kit.fake_claude import KEY, ROOT

PACKAGES = ROOT / ".cache" / "agents" / "node_modules" / "@anthropic-ai"
NAMES = {"Linux": "linux", "Darwin": "darwin", "Windows": "win32"}
MACHINES = {"x86_64": "x64", "AMD64": "x64", "arm64": "arm64", "aarch64": "arm64"}
# Whatever does not go to loopback meets a proxy that is not there.
NOWHERE = "http://127.0.0.1:9"
QUIET = {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_ERROR_REPORTING": "1",
    "DISABLE_TELEMETRY": "1",
    "HTTPS_PROXY": NOWHERE,
    "HTTP_PROXY": NOWHERE,
    "NO_PROXY": "127.0.0.1,localhost",
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


@dataclass(frozen=True)
class ClaudeCode:
    """An installed Claude Code with a home of its own."""

    program: Path
    home: Path

    @property
    def folder(self) -> Path:
        """Return the project's folder it works in."""
        return self.home / "project"

    def ask(
        self,
        url: str,
        prompt: str,
        *options: str,
        seconds: float = 90,
        starter: tuple[str, ...] = (),
        **environment: str,
    ) -> Session:
        """Run one turn against an API at `url`, with every tool allowed; `starter` is a command that runs it."""
        self.folder.mkdir(parents=True, exist_ok=True)
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
        began = time.monotonic()
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self._environment(url) | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=seconds,
            check=False,
        )
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        return Session(done.returncode, tuple(lines), done.stderr, time.monotonic() - began)

    def _environment(self, url: str) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "COMSPEC") if name in os.environ}
        places = self.home / "tmp"
        places.mkdir(exist_ok=True)
        home = {"HOME": str(self.home), "USERPROFILE": str(self.home), "TMPDIR": str(places), "TEMP": str(places)}
        return kept | home | QUIET | {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": url}


def installed() -> Path | None:
    """Return Claude Code's native program where `tests/run.py` puts it, or None if it is not there."""
    system, machine = NAMES.get(platform.system(), ""), MACHINES.get(platform.machine(), "")
    name = "claude.exe" if system == "win32" else "claude"
    program = PACKAGES / f"claude-code-{system}-{machine}" / name
    return program if program.exists() else None
