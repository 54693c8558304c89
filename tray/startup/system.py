"""System: all that starting at login depends on, and the small tools of the operating system that it asks or tells."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from tray.startup.program import Program

Tool = Callable[[Sequence[str]], str | None]
"""Runs a command and gives what it printed; None if it failed, or is not there."""
Winreg = Any
"""The module `winreg`, which only Windows has, or one that behaves like it."""

_PATIENCE_S = 10.0


@dataclass(frozen=True)
class System:
    """A person's environment, the platform as `sys.platform` names it, the program that runs, and the tools there."""

    environ: Mapping[str, str]
    platform: str
    program: Program
    run: Tool
    winreg: Winreg = None

    @classmethod
    def this(cls, environ: Mapping[str, str], platform: str = sys.platform) -> System:
        """Describe the system that we run on."""
        winreg = import_module("winreg") if platform == "win32" else None
        return cls(environ, platform, Program.this(), tool(environ), winreg)

    @property
    def has_services(self) -> bool:
        """Whether a person can have a service manager of their own here."""
        return self.platform.startswith("linux")


def tool(environ: Mapping[str, str]) -> Tool:
    """Make a tool that runs commands."""

    def run(command: Sequence[str]) -> str | None:
        try:
            done = subprocess.run(
                command,
                env=dict(environ),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_PATIENCE_S,
                check=True,
            )
        except (OSError, subprocess.SubprocessError):
            return None
        return done.stdout.decode("utf-8", "replace")

    return run
