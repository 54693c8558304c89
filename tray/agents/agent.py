"""The agents that can be wired to bursar: where their settings lie, and where in them the address of the API stands."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tray.agentlogs import CLAUDE

Environ = Mapping[str, str]
OPENCODE_FILES = ("opencode.jsonc", "opencode.json", "config.json")
"""Read by opencode in the opposite order, so that the first wins."""


@dataclass(frozen=True, slots=True)
class Agent:
    """One program that can be wired."""

    name: str
    title: str
    program: str
    address: tuple[str, ...]
    """The path of the API's address in its settings."""
    suffix: str
    """What the address ends in, behind bursar's own."""
    file: Callable[[Environ], Path]
    has_hooks: bool = False
    """Whether it runs a command of ours before it asks the model."""

    def url(self, port: int) -> str:
        """Give the address at which it finds bursar."""
        return f"http://127.0.0.1:{port}{self.suffix}"

    def is_here(self, environ: Environ) -> bool:
        """Tell whether it has been used or installed here."""
        return self.file(environ).parent.is_dir() or bool(shutil.which(self.program, path=environ.get("PATH", "")))


def address_in(settings: Any, agent: Agent) -> str:
    """Read the address that stands in an agent's settings; empty if none does."""
    for name in agent.address:
        settings = settings.get(name) if isinstance(settings, dict) else None
    return settings if isinstance(settings, str) else ""


def home_of(environ: Environ) -> Path:
    """Give the person's home folder."""
    named = environ.get("HOME") or environ.get("USERPROFILE")
    return Path(named) if named else Path.home()


def claude_folder(environ: Environ) -> Path:
    """Give the folder of Claude Code's settings: CLAUDE_CONFIG_DIR, else ~/.claude, on Windows as well."""
    if environ.get(CLAUDE):
        return Path(environ[CLAUDE]).expanduser().absolute()
    return home_of(environ) / ".claude"


def opencode_folder(environ: Environ) -> Path:
    """Give the folder of opencode's settings: in XDG_CONFIG_HOME, else ~/.config, on every system."""
    named = environ.get("XDG_CONFIG_HOME")
    return (Path(named) if named else home_of(environ) / ".config") / "opencode"


def _claude_settings(environ: Environ) -> Path:
    return claude_folder(environ) / "settings.json"


def _opencode_settings(environ: Environ) -> Path:
    if environ.get("OPENCODE_CONFIG"):
        return Path(environ["OPENCODE_CONFIG"]).expanduser().absolute()
    folder = opencode_folder(environ)
    there = (folder / name for name in OPENCODE_FILES)
    return next((path for path in there if path.exists()), folder / "opencode.json")


CLAUDE_CODE = Agent(
    "claude-code", "Claude Code", "claude", ("env", "ANTHROPIC_BASE_URL"), "", _claude_settings, has_hooks=True
)
OPENCODE = Agent(
    "opencode", "opencode", "opencode", ("provider", "anthropic", "options", "baseURL"), "/v1", _opencode_settings
)
AGENTS = {agent.name: agent for agent in (CLAUDE_CODE, OPENCODE)}
NO_CODEX = (
    "codex speaks only OpenAI's Responses API, which bursar does not serve, so it cannot be connected; "
    "nothing was changed"
)
