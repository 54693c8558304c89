"""A plain view of the world, for tests that ask the router about one that differs in something."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from budget.bands import Band
from budget.state import Mode
from proxy.decision import Decision, View
from proxy.route import CloudRoute, Fit, LocalRoute, Route
from proxy.router import decide
from proxy.task import Reason, Task, TaskClass, Tier

CLOUD = Route("claude", "claude-opus-5-5", is_local=False)
QWEN = Route("ollama", "qwen", is_local=True)
SMALL = LocalRoute("ollama", "qwen", context=100_000, tools=True)
VIEW = View(Mode.auto, Band.normal, False, "claude-only", (SMALL,), CloudRoute("claude", "claude-opus-5-5"))
FITS = Fit(input_tokens=20_000, max_tokens=32_000, has_tools=True)
TOO_LONG = replace(FITS, input_tokens=99_000)


def task(tier: Tier) -> Task:
    return Task(TaskClass.refactor, tier, 1.0, (Reason("rename", "prompt"),))


def route(tier: Tier, fit: Fit = FITS, **view: Any) -> Decision:
    """Decide for a view that differs from the plain one."""
    return decide(replace(VIEW, **view), task(tier), fit)
