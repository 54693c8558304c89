"""BenchTask: one small piece of an agent's work, whose result can be checked by running it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from proxy.bench.tasks.jail import Jail
from proxy.task import TaskClass, Tier

SYSTEM = "You are a coding agent. Do exactly what is asked, and nothing else."
MAX_TOKENS = 4096


@dataclass(frozen=True, slots=True)
class Work:
    """What a model made of a task: its last words, and the files as they are after its edits."""

    text: str
    files: Mapping[str, str] = field(default_factory=dict)


Check = Callable[[Work, Jail], str]
"""Says what is wrong with a work, in words for a person; empty when it is right."""


@dataclass(frozen=True, slots=True)
class BenchTask:
    """A task: what is asked and how the work is checked. With `files` it is done through tools, not in words.

    `schema` asks for JSON of that shape, as agents do for titles.
    """

    name: str
    task_class: TaskClass
    tier: Tier
    prompt: str
    check: Check
    files: Mapping[str, str] = field(default_factory=dict)
    schema: Mapping[str, Any] | None = None

    @property
    def uses_tools(self) -> bool:
        """Tell whether it is done through tool calls."""
        return bool(self.files)
