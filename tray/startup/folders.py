"""Folders: where systems look for what to start, and how our file gets there and away."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from budget.files import write_durably


def home(environ: Mapping[str, str]) -> Path:
    """Give the person's home folder."""
    return Path(environ["HOME"]) if environ.get("HOME") else Path.home()


def config_home(environ: Mapping[str, str]) -> Path:
    """Give the folder of a person's settings; a relative XDG_CONFIG_HOME does not count, says the standard."""
    chosen = environ.get("XDG_CONFIG_HOME", "")
    return Path(chosen) if os.path.isabs(chosen) else home(environ) / ".config"  # noqa: PTH117 – Path("") is "."


def put(path: Path, content: str | bytes) -> None:
    """Write a file of ours, with the folders it needs; a link in its place is replaced, not followed."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_durably(path, content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content)


def take_away(path: Path) -> None:
    """Remove a file of ours, if it is there."""
    try:
        path.unlink()
    except (FileNotFoundError, NotADirectoryError):
        return
