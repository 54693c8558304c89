"""Runs an agent's program, headless: in a folder and a home of its own, no traffic but to the address it is given."""

import json
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Whatever does not go to loopback meets a proxy that is not there.
NOWHERE = "http://127.0.0.1:9"
CUT_OFF = {"HTTPS_PROXY": NOWHERE, "HTTP_PROXY": NOWHERE, "NO_PROXY": "127.0.0.1,localhost"}


@dataclass(frozen=True)
class Ran:
    """How a run of an agent went: what it told in lines of JSON, and how it ended."""

    exit_code: int
    lines: tuple[dict[str, Any], ...]
    errors: str
    seconds: float


@dataclass(frozen=True)
class Agent:
    """An installed agent with a home of its own."""

    program: Path
    home: Path

    @property
    def folder(self) -> Path:
        """Return the project's folder it works in."""
        return self.home / "project"

    def run(self, command: list[str], environment: dict[str, str], seconds: float) -> Ran:
        """Run a command in the project's folder; TimeoutExpired if it hangs."""
        self.folder.mkdir(parents=True, exist_ok=True)
        began = time.monotonic()
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=seconds,
            check=False,
        )
        lines = tuple(json.loads(line) for line in done.stdout.splitlines() if line.startswith("{"))
        return Ran(done.returncode, lines, done.stderr, time.monotonic() - began)

    def temporary(self) -> str:
        """Return a folder of its own for what it throws away."""
        folder = self.home / "tmp"
        folder.mkdir(parents=True, exist_ok=True)
        return str(folder)


def kept(*names: str) -> dict[str, str]:
    """Return those of our environment's variables that an agent may see."""
    return {name: os.environ[name] for name in names if name in os.environ}
