"""Outcome: what a replayed day came to – money, and for each tier what was done where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from pricing.money import ZERO, Money
from pricing.table import PriceTable
from proxy.replay.call import Call
from proxy.replay.engine import Step, Walk
from proxy.replay.policy import Policy
from proxy.task import Tier


@dataclass(slots=True)
class OfTier:
    """What became of the calls of one true tier. `degraded` are those of them that were told to be second best.

    `at_local` counts all calls answered locally, degraded ones too.
    """

    calls: int = 0
    at_local: int = 0
    degraded: int = 0
    refused: int = 0
    cost: Money = ZERO
    baseline: Money = ZERO
    baseline_at_local: Money = ZERO
    """What the calls answered locally would have cost as asked."""
    baseline_degraded: Money = ZERO
    """The same of those that were told to be second best."""
    baseline_refused: Money = ZERO
    """What the calls that nobody answered would have cost as asked."""
    turn_keys: set[str] = field(default_factory=set)

    @property
    def turns(self) -> int:
        """How many turns there were."""
        return len(self.turn_keys)


@dataclass(slots=True)
class Outcome:
    """What a replay came to. `baseline` is what every call costs at the model it asked for, by the same cache rules.

    `holds_missed` counts calls whose hold at Claude did not fit, `escalated` by reason the calls with which a local
    turn went on there. Local tokens: all of the prompts, what of them was not in the server's cache, and answers.
    `by_hour` is what was spent in each hour, by the hour's first moment.
    """

    cost: Money = ZERO
    baseline: Money = ZERO
    tiers: dict[Tier, OfTier] = field(default_factory=lambda: {tier: OfTier() for tier in Tier})
    classes: dict[str, OfTier] = field(default_factory=dict)
    """The same by task class."""
    holds_missed: int = 0
    escalated: Counter[str] = field(default_factory=Counter)
    local_prompt: int = 0
    local_computed: int = 0
    local_out: int = 0
    by_hour: dict[datetime, Money] = field(default_factory=dict)

    @property
    def left(self) -> float:
        """The share of the baseline that was still spent; only to be shown."""
        return self.cost.picos / self.baseline.picos if self.baseline else 1.0

    @property
    def refused(self) -> int:
        """How many calls nobody answered."""
        return sum(of.refused for of in self.tiers.values())

    @property
    def baseline_refused(self) -> Money:
        """What they would have cost."""
        return Money.total(of.baseline_refused for of in self.tiers.values())

    def add(self, step: Step) -> None:
        """Count one call."""
        self.cost += step.cost
        self.baseline += step.baseline
        self.holds_missed += step.held
        if step.escalated:
            self.escalated[step.escalated] += 1
        hour = step.at.replace(minute=0, second=0, microsecond=0)
        self.by_hour[hour] = self.by_hour.get(hour, ZERO) + step.cost
        if step.fate == "local":
            self.local_prompt += step.call.prompt
            self.local_computed += step.computed
            self.local_out += step.call.out
        _count(self.tiers[step.call.tier], step)
        _count(self.classes.setdefault(step.call.task_class, OfTier()), step)


def _count(of: OfTier, step: Step) -> None:
    of.calls += 1
    of.cost += step.cost
    of.baseline += step.baseline
    of.turn_keys.add(step.call.turn_key)
    if step.fate == "refused":
        of.refused += 1
        of.baseline_refused += step.baseline
    if step.fate == "local":
        of.at_local += 1
        if step.degraded:
            of.degraded += 1
            of.baseline_degraded += step.baseline
        of.baseline_at_local += step.baseline


def outcome_of(steps: Iterable[Step]) -> Outcome:
    """Count a walk."""
    outcome = Outcome()
    for step in steps:
        outcome.add(step)
    return outcome


def replay(calls: Iterable[Call], policy: Policy, prices: PriceTable, begins: datetime) -> Outcome:
    """Walk one day under a policy; its calls, in their order, tell their moments from `begins` on."""
    return outcome_of(Walk(policy, prices).day(calls, begins))
