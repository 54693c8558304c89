"""LaunchAgent: what macOS starts at login. Unverified on a Mac; launchd.plist(5) and launchctl(1) are the sources."""

from __future__ import annotations

import os
import plistlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tray.startup.folders import home, put, take_away
from tray.startup.program import Command
from tray.startup.system import Tool

LABEL = "bursar.login"


def file(environ: Mapping[str, str]) -> Path:
    """Say where the agent's list lies."""
    return home(environ) / "Library" / "LaunchAgents" / f"{LABEL}.plist"


def is_on(environ: Mapping[str, str], run: Tool) -> bool:
    """Tell whether launchd starts bursar: the list is there, and it was not disabled in it or beside it."""
    found = _read(environ)
    return bool(found) and not found.get("Disabled") and not _is_overruled(run)


def starts(environ: Mapping[str, str], command: Command) -> bool:
    """Tell whether the list starts just this command."""
    return bool(_read(environ).get("ProgramArguments") == list(command))


def turn_on(environ: Mapping[str, str], command: Command, run: Tool) -> None:
    """Write the list: launchd reads it at the next login, so that nothing is loaded now and started twice."""
    put(file(environ), plist(command))
    if _is_overruled(run):
        run(("launchctl", "enable", f"{_domain()}/{LABEL}"))


def turn_off(environ: Mapping[str, str]) -> None:
    """Take the list away. It is not unloaded: launchd would end the bursar that runs."""
    take_away(file(environ))


def plist(command: Command) -> bytes:
    """Write a command down as a property list; Quit means quit, so it is not kept alive."""
    agent: dict[str, Any] = {
        "Label": LABEL,
        "ProgramArguments": list(command),
        "RunAtLoad": True,
        "ProcessType": "Interactive",
        "LimitLoadToSessionType": "Aqua",
    }
    return plistlib.dumps(agent, sort_keys=False)


def _read(environ: Mapping[str, str]) -> dict[str, Any]:
    """Read the list; empty where there is none that launchd would take."""
    try:
        found = plistlib.loads(file(environ).read_bytes())
    except (FileNotFoundError, NotADirectoryError, plistlib.InvalidFileException, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _is_overruled(run: Tool) -> bool:
    """Ask launchd whether somebody disabled the agent; it keeps that beside the list."""
    said = run(("launchctl", "print-disabled", _domain())) or ""
    return re.search(rf'"{re.escape(LABEL)}" => (disabled|true)', said) is not None


def _domain() -> str:
    return f"gui/{os.getuid() if hasattr(os, 'getuid') else 0}"
