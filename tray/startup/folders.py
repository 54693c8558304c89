"""Folders: where systems look for what to start, and how our file gets there and away."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from budget.files import write_durably

_NOTE = "# Folders made for this file: "


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


def make(folder: Path) -> int:
    """Make a folder, with those above it that it needs; gives how many were not there."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return len(missing)


def noted(content: str, path: Path, made: int) -> str:
    """Note at a file's end how many folders were made for it, those that an earlier file says included."""
    made = max(made, made_for(path))
    return f"{content}{_NOTE}{made}\n" if made else content


def made_for(path: Path) -> int:
    """Read how many folders were made for a file of ours; 0 where it does not say."""
    try:
        _, _, number = path.read_text(encoding="utf-8", errors="replace").rpartition(_NOTE)
    except (FileNotFoundError, NotADirectoryError):
        return 0
    return int(number) if number.strip().isdecimal() and len(number) < 4 else 0


def unmake(folder: Path, made: int) -> None:
    """Remove a folder and those above it, as many as were made, up to the first that holds anything."""
    for each in (folder, *folder.parents)[:made]:
        try:
            each.rmdir()
        except FileNotFoundError:
            continue
        except OSError:
            return


def take_away(path: Path) -> None:
    """Remove a file of ours, if it is there."""
    try:
        path.unlink()
    except (FileNotFoundError, NotADirectoryError):
        return
