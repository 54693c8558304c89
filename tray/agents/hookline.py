"""The line in an agent's settings that has bursar looked for before the agent asks the model."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tray.agents import hook
from tray.agents.agent import Agent

EVENTS = ("SessionStart", "UserPromptSubmit")
"""The first has bursar started while a person still types, the second holds each prompt until it is up."""
LASTS_S = 60


@dataclass(frozen=True, slots=True)
class HookLine:
    """How this program's hook is started, for the bursar of a record and, if it is not the usual one, a home."""

    program: tuple[str, ...]
    record: Path
    home: Path | None = None

    @classmethod
    def here(cls, record: Path, home: Path | None) -> HookLine:
        """Name the program that runs; isolated, so that no project's PYTHONPATH gets in between."""
        if getattr(sys, "frozen", False):
            return cls((sys.executable, "hook"), record, home)
        return cls((sys.executable, "-I", "-S", str(Path(hook.__file__).resolve())), record, home)

    def entry(self, agent: Agent, event: str, port: int) -> Mapping[str, Any]:
        """Give the entry of an event's list in Claude Code's settings."""
        return {"hooks": [{"type": "command", "command": self.command(agent, event, port), "timeout": LASTS_S}]}

    def command(self, agent: Agent, event: str, port: int) -> str:
        """Write it as a line for a shell: on Windows that is Git's bash, which takes slashes."""
        words = (
            *self.program,
            agent.name,
            event,
            str(port),
            str(self.record),
            *([str(self.home)] if self.home else []),
        )
        return " ".join(map(_quoted, words))


def _quoted(word: str) -> str:
    word = word.replace("\\", "/") if re.match(r"[A-Za-z]:\\", word) else word
    return word if re.fullmatch(r"[\w@%+=:,./-]+", word) else "'" + word.replace("'", "'\"'\"'") + "'"
