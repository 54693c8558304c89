"""The tools that a request sent: what a call may name, and what it has to look like."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from proxy.toolcalls.schema import Schema

PREFIXES = ("functions.", "default_api.")
"""What some models put before a name, as they were taught."""


@dataclass(frozen=True)
class Tool:
    """One tool."""

    name: str
    schema: Schema


class Toolbox:
    """All tools of a request, by name."""

    def __init__(self, functions: Iterable[Mapping[str, Any]] = ()) -> None:
        """Take them in the form in which the local server gets them."""
        inner = [function["function"] for function in functions]
        self._tools = {one["name"]: Tool(one["name"], Schema(one.get("parameters"))) for one in inner}
        self._plain: dict[str, list[Tool]] = {}
        for name, tool in self._tools.items():
            self._plain.setdefault(_plain(name), []).append(tool)

    def __bool__(self) -> bool:
        return bool(self._tools)

    def find(self, name: str) -> Tool | None:
        """Find the tool that a model means: by its name, without a prefix, or written a little differently.

        Spelling is not guessed at: a tool that was not meant would run.
        """
        for said in (name, _bare(name)):
            if said in self._tools:
                return self._tools[said]
        alike = self._plain.get(_plain(_bare(name)), [])
        return alike[0] if len(alike) == 1 else None


def _bare(name: str) -> str:
    name = name.strip()
    return next((name.removeprefix(prefix) for prefix in PREFIXES if name.startswith(prefix)), name)


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")
