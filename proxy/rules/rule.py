"""A rule: which requests a person means, and what becomes of them.

Rules stand in an order; the first that matches and has something left of its daily limit decides. A rule says less
than it could where it leaves something out: no condition matches everything, no action changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Literal

from pricing.money import ZERO, Money
from proxy.rules.globs import matches_path
from proxy.rules.hours import Hours
from proxy.task import TaskClass, Tier

RuleRoute = Literal["local", "cloud", "block"]
"""Where a rule sends a request: local first, Claude, or nowhere."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a rule can ask of a request. `at` is the moment on the person's own clock; `tokens` is a likely figure.

    `tools` are those that the request carries, `paths` those that the turn's tool calls touched.
    """

    task_class: TaskClass
    tier: Tier
    model: str
    agent: str
    is_subagent: bool
    tokens: int
    at: datetime
    tools: frozenset[str] = frozenset()
    paths: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Match:
    """Which requests are meant: all conditions that are given must hold; within one, any of its values.

    `models`, `agents` and `tools` may hold `*` and `?`; `paths` are globs as in a `.gitignore` line, `**` included.
    """

    task_classes: frozenset[TaskClass] = frozenset()
    tiers: frozenset[Tier] = frozenset()
    models: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    is_subagent: bool | None = None
    tools: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    tokens_over: int | None = None
    tokens_under: int | None = None
    hours: Hours | None = None

    def takes(self, facts: Facts) -> bool:
        """Tell whether a request is meant."""
        return (
            (not self.task_classes or facts.task_class in self.task_classes)
            and (not self.tiers or facts.tier in self.tiers)
            and (not self.models or _any_like(self.models, [facts.model]))
            and (not self.agents or _any_like(self.agents, [facts.agent]))
            and self.is_subagent in (None, facts.is_subagent)
            and (not self.tools or _any_like(self.tools, facts.tools))
            and (not self.paths or any(matches_path(glob, path) for glob in self.paths for path in facts.paths))
            and (self.tokens_over is None or facts.tokens > self.tokens_over)
            and (self.tokens_under is None or facts.tokens < self.tokens_under)
            and (self.hours is None or self.hours.hold(facts.at))
        )


@dataclass(frozen=True, slots=True)
class Used:
    """What a rule has taken today."""

    requests: int = 0
    spent: Money = ZERO


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; once `daily_requests` or `daily_spend` is reached, the next one decides for the rest of the day.

    `model` is the Claude model that is asked in place of the one asked for; `tier` is the tier that counts.
    """

    name: str
    when: Match = field(default_factory=Match)
    route: RuleRoute | None = None
    model: str | None = None
    tier: Tier | None = None
    daily_requests: int | None = None
    daily_spend: Money | None = None

    def has_room(self, used: Used) -> bool:
        """Tell whether its daily limit leaves anything."""
        if self.daily_requests is not None and used.requests >= self.daily_requests:
            return False
        return self.daily_spend is None or used.spent < self.daily_spend


def choose(rules: Iterable[Rule], facts: Facts, used: Mapping[str, Used]) -> Rule | None:
    """Find the first rule that means a request and has room; `used` is by the rules' names."""
    return next(
        (rule for rule in rules if rule.when.takes(facts) and rule.has_room(used.get(rule.name, Used()))),
        None,
    )


def _any_like(patterns: Iterable[str], names: Iterable[str]) -> bool:
    lowered = [name.lower() for name in names]
    return any(fnmatchcase(name, pattern.lower()) for pattern in patterns for name in lowered)
