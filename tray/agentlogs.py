"""Where agents keep their own logs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

CLAUDE = "CLAUDE_CONFIG_DIR"
"""The environment variable that puts Claude Code's files elsewhere."""


def claude_logs(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Name the folders in which Claude Code's logs can lie, the likeliest first."""
    if environ.get(CLAUDE):
        return (Path(environ[CLAUDE]).expanduser() / "projects",)
    named = environ.get("HOME") or environ.get("USERPROFILE")
    home = Path(named) if named else Path.home()
    return (home / ".claude" / "projects", home / ".config" / "claude" / "projects")
