"""Drives the real opencode, headless: an empty home, a fake key, no traffic but to the address it is given."""

import json
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tests.kit.agent import CUT_OFF, Agent, kept
from tests.kit.fake_claude import KEY, ROOT

PACKAGES = ROOT / ".cache" / "agents" / "node_modules"
Dialect = Literal["anthropic", "openai"]
SDKS = {"anthropic": "@ai-sdk/anthropic", "openai": "@ai-sdk/openai-compatible"}
"""Both are part of the program."""
QUIET = CUT_OFF | {
    "OPENCODE_DISABLE_AUTOUPDATE": "1",
    "OPENCODE_DISABLE_DEFAULT_PLUGINS": "1",
    "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
    "OPENCODE_DISABLE_MODELS_FETCH": "1",
}


@dataclass(frozen=True)
class Session:
    """One run of `opencode run`: its events and how it ended."""

    exit_code: int
    events: tuple[dict[str, Any], ...]
    errors: str
    seconds: float

    @property
    def said(self) -> str:
        """Return all the text the model wrote."""
        return "\n".join(event["part"]["text"] for event in self.events if event["type"] == "text")

    @property
    def tools(self) -> list[tuple[str, str]]:
        """Return each tool that ran, with what it gave."""
        parts = [event["part"] for event in self.events if event["type"] == "tool_use"]
        return [(part["tool"], str(part["state"].get("output", part["state"].get("error")))) for part in parts]

    @property
    def shown_errors(self) -> list[str]:
        """Return what it told its user of failures."""
        errors = [event["error"] for event in self.events if event["type"] == "error"]
        return [str(error.get("data", {}).get("message", error)) for error in errors]

    @property
    def session_id(self) -> str:
        """Return the id by which the session can be resumed."""
        return next(str(event["sessionID"]) for event in self.events)


class OpenCode(Agent):
    """An installed opencode with a home of its own."""

    def ask(
        self, url: str, prompt: str, *options: str, dialect: Dialect, model: str, small_model: str, seconds: float = 120
    ) -> Session:
        """Run one turn against an API at `url`, with every tool allowed; TimeoutExpired if it hangs."""
        config = self._config(f"{url}/v1", dialect, model, small_model)
        command = [str(self.program), "run", "--format", "json", *options, prompt]
        ran = self.run(command, self._environment() | {"OPENCODE_CONFIG_CONTENT": json.dumps(config)}, seconds)
        return Session(ran.exit_code, ran.lines, ran.errors, ran.seconds)

    def _config(self, base: str, dialect: Dialect, model: str, small_model: str) -> dict[str, Any]:
        limits = {"context": 60_000, "output": 32_000}
        models = {name: {"name": name, "tool_call": True, "limit": limits} for name in (model, small_model)}
        options = {"baseURL": base, "apiKey": KEY}
        return {
            "autoupdate": False,
            "share": "disabled",
            "permission": "allow",
            "model": f"bursar/{model}",
            "small_model": f"bursar/{small_model}",
            "enabled_providers": ["bursar"],
            "provider": {"bursar": {"npm": SDKS[dialect], "name": "bursar", "options": options, "models": models}},
        }

    def _environment(self) -> dict[str, str]:
        places = {f"XDG_{name.upper()}_HOME": str(self.home / name) for name in ("data", "config", "cache", "state")}
        return kept("PATH") | places | QUIET | {"HOME": str(self.home), "TMPDIR": self.temporary()}


def installed() -> Path | None:
    """Return opencode's native program where `tests/run.py` puts it, or None if it is not there."""
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        return None
    program = PACKAGES / "opencode-linux-x64-baseline" / "bin" / "opencode"
    return program if program.exists() else None
