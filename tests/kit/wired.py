"""A Claude Code that is wired to a bursar by its settings file, with nothing of bursar in its environment."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from tests.kit.bursar import Bursar
from tests.kit.claude_code import ClaudeCode, Session, installed
from tests.kit.fake_claude import ROOT, FakeClaude

DEAD = "http://127.0.0.1:9"
"""What its environment says where the API is: nobody is there, and its settings have to win."""


class Wired:
    """Claude Code and a bursar that nobody started; what the hook starts is ended with it. Use as a context manager."""

    def __init__(self, folder: Path, fake: FakeClaude):
        program = installed()
        assert program, "Claude Code is not installed: `python tests/run.py` fetches it"
        self.fake = fake
        self.bursar = Bursar(folder / "bursar", fake.url)
        self.claude = ClaudeCode(program, folder / "claude")
        self.claude.home.mkdir(parents=True)
        self.settings = self.claude.home / ".claude" / "settings.json"

    def __enter__(self) -> "Wired":
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def command(self, *arguments: str) -> str:
        """Run a bursar command as the person whose Claude Code it is; gives what it printed."""
        own = {"BURSAR_HOME": str(self.bursar.home), "HOME": str(self.claude.home)}
        done = subprocess.run(
            [sys.executable, "-m", "tray", *arguments],
            cwd=ROOT,
            env={**os.environ, **own},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return done.stdout

    def ask(self, prompt: str = "Say hello.") -> Session:
        """Have a new session answer one prompt."""
        return self.claude.ask(DEAD, prompt)

    @property
    def address(self) -> str:
        """Return the address that stands in Claude Code's settings."""
        return str(json.loads(self.settings.read_text())["env"]["ANTHROPIC_BASE_URL"])

    @property
    def pid(self) -> int:
        """Return the number of the process that the hook started."""
        return int(json.loads((self.bursar.home / "run.json").read_text())["pid"])

    def kill(self) -> None:
        """End bursar at once, as `kill -9` does."""
        os.kill(self.pid, signal.SIGKILL)
        self._wait_for_end()

    def end(self) -> None:
        """Ask bursar to end, if it runs, and wait."""
        with suppress(FileNotFoundError, ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)
            self._wait_for_end()

    def _wait_for_end(self) -> None:
        """Wait until its port is free; it is no child of ours."""
        end = time.monotonic() + 20
        while self.bursar._is_up():
            assert time.monotonic() < end, "bursar does not end"
            time.sleep(0.02)


def told(session: Session) -> str:
    """Return what hooks said to the person."""
    outputs = [message.get("stdout", "") for message in session.messages if message.get("subtype") == "hook_response"]
    return "\n".join(json.loads(output)["systemMessage"] for output in outputs if output)
