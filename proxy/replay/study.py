"""Study: recorded days replayed under a policy, what they come to, and what a machine for it would bring in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from pricing.machine import LocalCost, Machine, Speeds, Work, cost, rounded_up
from pricing.money import ZERO, Money
from pricing.table import PriceTable
from proxy.replay.call import Call
from proxy.replay.engine import Walk
from proxy.replay.outcome import Outcome
from proxy.replay.policy import Policy
from proxy.replay.recorded import Day
from proxy.task import Tier

MS_AN_HOUR = 3_600_000
HOURS_A_DAY = 24


@dataclass(slots=True)
class Study:
    """What recorded days come to under a policy; `machine` is what its local work costs this machine.

    `too_long`: calls of tiers that may go local, whose prompt the local model cannot hold. `checked` are the
    calls of conversations that were at Claude alone; `bill` and `bill_replayed` what they were billed at, and what the
    replay makes of them.
    """

    policy: Policy
    outcome: Outcome
    by_day: dict[date, Money]
    machine: LocalCost
    busy_ms: Fraction
    too_long: int = 0
    checked: int = 0
    bill: Money = ZERO
    bill_replayed: Money = ZERO

    @property
    def calls(self) -> int:
        """How many calls were replayed."""
        return sum(of.calls for of in self.outcome.tiers.values())

    @property
    def degraded(self) -> int:
        """How many calls were answered by second best."""
        return sum(of.degraded for of in self.outcome.tiers.values())

    @property
    def at_local(self) -> int:
        """How many calls a local model answered."""
        return sum(of.at_local for of in self.outcome.tiers.values())

    @property
    def refused(self) -> int:
        """How many calls nobody answered."""
        return self.outcome.refused

    @property
    def unanswered(self) -> Money:
        """What the refused calls would have cost: they are no saving."""
        return self.outcome.baseline_refused

    @property
    def saved(self) -> Money:
        """What is saved beside all Claude: less energy, and less work that was not done; may be below zero."""
        return self.outcome.baseline - self.unanswered - self.outcome.cost - self.machine.marginal

    @property
    def saved_soundly(self) -> Money:
        """What is left of that if degraded work is worth nothing."""
        return self.saved - Money.total(of.baseline_degraded for of in self.outcome.tiers.values())

    @property
    def is_too_much(self) -> bool:
        """Tell whether one machine cannot do all that it is given."""
        return self.hours_a_day() > HOURS_A_DAY

    def hours_a_day(self) -> Fraction:
        """How long the machine works on a recorded day."""
        return self.busy_ms / MS_AN_HOUR / max(1, len(self.by_day))


def study(
    days: Sequence[Day],
    policy: Policy,
    prices: PriceTable,
    machine: Machine,
    speeds: Speeds,
) -> Study:
    """Replay days in their order."""
    walk, outcome, by_day = Walk(policy, prices), Outcome(), dict[date, Money]()
    context, too_long = max(local.context for local in policy.locals), 0
    bill, bill_replayed, checked, alone = ZERO, ZERO, 0, _alone_at_claude(days)
    for day in days:
        before = outcome.cost
        for step, was in zip(walk.day(day.calls, day.begins), day.was, strict=True):
            outcome.add(step)
            too_long += step.tier <= Tier.L1 and step.fate == "cloud" and step.call.prompt > context
            if _conversation(step.call) in alone:
                bill, bill_replayed, checked = bill + was.row.cost, bill_replayed + step.baseline, checked + 1
        by_day[day.day] = outcome.cost - before
    work = Work(
        prefill_ms=Fraction(outcome.local_computed * 1000) / Fraction(speeds.prefill),
        decode_ms=Fraction(outcome.local_out * 1000) / Fraction(speeds.decode),
    )
    spent = cost(machine, work)
    return Study(policy, outcome, by_day, spent, work.busy_ms, too_long, checked, bill, bill_replayed)


def _alone_at_claude(days: Sequence[Day]) -> set[str]:
    """Name the conversations whose every call was answered as asked: others left Claude's cache colder than it says."""
    every = [pair for day in days for pair in zip(day.calls, day.was, strict=True)]
    elsewhere = {_conversation(call) for call, was in every if not was.as_asked}
    return {_conversation(call) for call, _ in every} - elsewhere


def _conversation(call: Call) -> str:
    return f"{call.session}/{call.agent}"


@dataclass(frozen=True, slots=True)
class BreakEven:
    """When a machine has paid for itself: after so many days like the recorded ones, None if never."""

    price: Money
    a_day: Money
    """What it brings in on such a day."""
    days: Fraction | None


def break_even(found: Study, saved: Money, price: Money) -> BreakEven:
    """Weigh what a machine costs against what is saved with it; one that cannot do the work never pays for itself."""
    a_day = Money(saved.picos // max(1, len(found.by_day)))
    pays = a_day > ZERO and not found.is_too_much
    return BreakEven(price, a_day, Fraction(price.picos, a_day.picos) if pays else None)


def per_day(amount: Money, days: int) -> Money:
    """Give the mean of a day."""
    return rounded_up(Fraction(amount.picos, max(1, days)))
