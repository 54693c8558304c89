"""A project: what its own file adds to a person's rules."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from proxy.rules.rule import Rule


@dataclass(frozen=True, slots=True)
class Project:
    """One project's rules and restricted paths. A `problem` with its file makes all of its requests restricted."""

    path: Path | None = None
    rules: tuple[Rule, ...] = ()
    restricted_paths: tuple[str, ...] = ()
    problem: str = ""


NO_PROJECT = Project()
