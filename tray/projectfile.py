"""The project file: what a repository's own `.bursar.toml` adds to a person's rules.

    restricted_paths = ["infra/prod/**"]

    [[rule]]
    path = "docs/**"
    route = "local"

It comes with the repository, perhaps from strangers: it can restrict more, never less. A rule of it may raise a tier
and not lower one, and what a person's own config and mode forbid stays forbidden.
"""

from __future__ import annotations

import os
import stat
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from proxy.rules.project import NO_PROJECT, Project
from tray.keys import Reader, texts
from tray.reading import NotToml, Reading, parsed
from tray.rulekeys import RULE, glob, rules_of

NAME = ".bursar.toml"
MOST_BYTES = 65_536
MOST_FOLDERS = 64
LEVELS = 12
"""How far up from the agent's folder the file is looked for; a repository's top (`.git`) ends the way."""
LOOK_EVERY_S = 2.0

MOST_DOTS = 256
"""In one line: a key of ten thousand parts takes Python's reader of TOML half a minute."""


def globs(value: Any) -> tuple[str, ...]:
    """Read a list of globs for paths."""
    return tuple(glob(each) for each in texts(value))


TOP: dict[str, Reader] = {"restricted_paths": globs}

_Stamp = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class _Looked:
    at_s: float
    stamp: _Stamp | None
    project: Project


class ProjectFiles:
    """Finds and reads project files, and looks again when they change; safe from any thread, never raises."""

    def __init__(self, elapsed: Callable[[], float]) -> None:
        self._elapsed = elapsed
        self._looked: OrderedDict[str, _Looked] = OrderedDict()
        self._lock = threading.Lock()

    def project(self, folder: PurePath | None) -> Project:
        """Give what applies in a folder; a file that cannot be read says why in `problem`, and restricts all."""
        if folder is None or not isinstance(folder, type(PurePath())):
            return NO_PROJECT
        key = str(folder)
        with self._lock:
            known = self._looked.get(key)
        if known and self._elapsed() - known.at_s < LOOK_EVERY_S:
            return known.project
        found = self._look(Path(folder), known)
        with self._lock:
            self._looked[key] = found
            self._looked.move_to_end(key)
            while len(self._looked) > MOST_FOLDERS:
                self._looked.popitem(last=False)
        return found.project

    def _look(self, folder: Path, known: _Looked | None) -> _Looked:
        now = self._elapsed()
        path = _find(folder)
        if path is None:
            return _Looked(now, None, NO_PROJECT)
        try:
            text, stamp = _read(path)
        except (OSError, ValueError) as error:
            return _Looked(now, None, Project(path, problem=f"{path} cannot be read: {_said(error)}"))
        if known and known.stamp == stamp:
            return _Looked(now, stamp, known.project)
        return _Looked(now, stamp, read_project(text, path))


def read_project(text: str, path: Path) -> Project:
    """Read the text of a project file; what is wrong with it is said in `problem`."""
    if max(line.count(".") for line in text.split("\n")) > MOST_DOTS:
        return Project(path, problem=f"{path} has a line with more than {MOST_DOTS} dots; break it into shorter ones")
    try:
        raw = parsed(text)
    except NotToml as error:
        return Project(path, problem=f"{path}, {error}")
    reading = Reading(text, {"": TOP, "rule": RULE})
    values = reading.table("", {key: value for key, value in raw.items() if key != "rule"})
    rules = rules_of(reading, raw.get("rule", []))
    if reading.problems:
        return Project(path, problem=f"{path}, {reading.problems[0]}")
    return Project(path, rules, values.get("restricted_paths", ()))


def _find(folder: Path) -> Path | None:
    """Look for the file from a folder up to the top of its repository."""
    for place in (folder, *folder.parents)[:LEVELS]:
        path = place / NAME
        if os.path.lexists(path):
            return path
        if os.path.lexists(place / ".git"):  # `Path.exists` raises where one may not look.
            return None
    return None


def _read(path: Path) -> tuple[str, _Stamp]:
    """Read a plain file of a sensible size; what is a link or a device is none."""
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(handle, "rb") as file:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode):
            raise ValueError("it is no plain file")
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ValueError(f"it is larger than {MOST_BYTES // 1024} KB")
    return content.decode("utf-8"), (str(path), about.st_mtime_ns, about.st_size)


def _said(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8 text"
    return error.strerror or type(error).__name__ if isinstance(error, OSError) else str(error)
