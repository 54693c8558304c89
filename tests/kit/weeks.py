"""Weeks made by hand: requests with their baselines, put into a ledger as the proxy does."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from budget.baseline import Baseline, Basis, Figures, Part
from budget.ledger import Ask, Held, Labels, Ledger, Offer, Outcome, Settlement
from pricing.machine import LocalCost
from pricing.money import ZERO, Money
from pricing.rates import Rates
from pricing.usage import Usage

OPUS = Rates(input=4_000_000, cache_write_5m=5_000_000, cache_write_1h=8_000_000, cache_read=200_000, output=20_000_000)
NVML = "NVML energy counter, timed by the server"


@dataclass
class WeekMaker:
    """Puts requests into a ledger; `tell` sets the clock that the ledger reads."""

    ledger: Ledger
    tell: Callable[[datetime], None]
    number: int = 0
    defaults: dict[str, str] = field(default_factory=dict)

    def at_claude(
        self,
        at: datetime,
        dollars: str,
        *,
        alone: str | None = None,
        said: str | None = None,
        is_plan: bool = False,
        would: str = "",
        flags: tuple[str, ...] = (),
        model: str = "claude-opus-5-5",
        **labels: str,
    ) -> int:
        """Have Claude answer; `alone` is the baseline where another prompt cache was cold, `said` the simulator's."""
        hold = self._entry(at, "anthropic", model, Money.usd(dollars), None, flags, labels)
        basis = Basis.actual if alone is None else Basis.simulated
        part = Part.kept if alone is None else Part.cold
        figures = None if alone is None else _figures(alone)
        predicted = None if said is None else Money.usd(said)
        self._baseline(Baseline(hold, part, basis, figures, predicted, is_plan=is_plan, would=would))
        return self.number

    def at_home(
        self,
        at: datetime,
        alone: str,
        *,
        energy: str = "0.001",
        wear: str = "0.002",
        idle: str = "0",
        is_plan: bool = False,
        spread: int = 10,
        model: str = "qwen3-coder-30b",
        is_known: bool = True,
        **labels: str,
    ) -> int:
        """Have a local model answer what would have cost `alone` at Claude, give or take `spread` percent."""
        cost = _cost(energy, wear, idle)
        hold = self._entry(at, "gpu-box", model, ZERO, cost, (), labels)
        figures = _figures(alone, spread) if is_known else None
        basis = Basis.simulated if is_known else Basis.none
        self._baseline(Baseline(hold, Part.moved, basis, figures, local_idle=Money.usd(idle), is_plan=is_plan))
        return self.number

    def in_vain(
        self, at: datetime, *, energy: str = "0.001", wear: str = "0.002", idle: str = "0", **labels: str
    ) -> int:
        """Have a local model try what another one then answers."""
        cost = _cost(energy, wear, idle)
        hold = self._entry(at, "gpu-box", "qwen3-coder-30b", ZERO, cost, ("escalated: no call",), labels)
        self._baseline(Baseline(hold, Part.attempt, Basis.actual, local_idle=Money.usd(idle)))
        return self.number

    def voided(self, at: datetime, **labels: str) -> int:
        """Have Claude refuse."""
        hold = self._entry(at, "anthropic", "claude-opus-5-5", ZERO, None, (), labels, Outcome.voided)
        self._baseline(Baseline(hold, Part.void, Basis.actual))
        return self.number

    def _entry(
        self,
        at: datetime,
        upstream: str,
        model: str,
        amount: Money,
        local: LocalCost | None,
        flags: tuple[str, ...],
        labels: dict[str, str],
        outcome: Outcome = Outcome.complete,
    ) -> int:
        self.tell(at)
        self.number += 1
        known = {
            "session": "s1",
            "agent": "",
            "model_asked": "claude-opus-5-5",
            "task_class": "debugging",
            "tier": "L1" if local else "L2",
            "mode": "auto",
            "band": "normal",
            "reason": "by its tier",
            "project": "/home/ada/shop",
            **self.defaults,
            **labels,
        }
        offer = Offer(upstream, model, amount, is_local=local is not None)
        held = self.ledger.reserve(Ask(f"req_{self.number:06d}", (offer,), Labels(**known)))  # type: ignore[arg-type]
        assert isinstance(held, Held), held
        usage = Usage(input=900, cache_read=40_000, cache_write_5m=800, output=600)
        settlement = Settlement(outcome, amount, amount, usage, status=200, flags=flags, duration_ms=900, local=local)
        self.ledger.settle(held.hold_id, settlement).result(5)
        return held.hold_id

    def _baseline(self, baseline: Baseline) -> None:
        assert self.ledger.baselines.record([baseline]).result(5) == 1


def _figures(dollars: str, spread: int = 0) -> Figures:
    """Make figures whose tokens times rates are the amount: output tokens at $20 a million."""
    picos = Money.usd(dollars).picos
    output, rest = divmod(picos, OPUS.output)
    reads, rest = divmod(rest, OPUS.cache_read)
    assert not rest, f"{dollars} is not made of such tokens"
    usage = Usage(cache_read=reads, output=output)
    return Figures(
        Money(picos - picos * spread // 100), Money(picos), Money(picos + picos * spread // 100), usage, OPUS
    )


def _cost(energy: str, wear: str, idle: str) -> LocalCost:
    marginal = Money.usd(energy)
    full = marginal + Money.usd(wear) + Money.usd(idle)
    return LocalCost(marginal, full, 250_000, NVML, Money.usd(idle))


def lived_in(week: WeekMaker, monday: datetime, ledger: Ledger, seed: int = 4) -> None:
    """Live a working week as a developer would, of which two days go above the budget."""
    dice = random.Random(seed)
    for day in range(5):
        at = monday + timedelta(days=day, hours=8)
        while at < monday + timedelta(days=day, hours=17, minutes=30):
            _ask(week, at, dice, scale=29 if day in (1, 3) else 15)
            at += timedelta(minutes=dice.randrange(8, 24))
        if day in (1, 3):
            ledger.tallies.degraded("L2")
            ledger.tallies.refused("L3", "full")


def _ask(week: WeekMaker, at: datetime, dice: random.Random, scale: int) -> None:
    """Ask for one thing; `scale` is about how many cents it is worth."""
    number = dice.randrange(4)
    project = ("shop", "billing", "site", "notes")[number]
    labels = {
        "session": f"{at.day * 16 + number:08x}-77b1-4c2e-9d1f-000000000000",
        "project": f"/home/ada/{project}",
        "agent": dice.choice(("", "", "explore")),
    }
    amount = dice.randrange(scale * 50, scale * 150)
    at_claude, chance = f"0.{amount * 2:04d}", dice.random()
    if chance < 0.42:
        said = f"0.{amount * 2 + dice.randrange(-20, 28):04d}"
        week.at_claude(at, at_claude, said=said, tier=dice.choice(("L2", "L2", "L3")), task_class="debugging", **labels)
    elif chance < 0.47:
        week.at_claude(at, at_claude, alone=f"0.{amount * 7 // 5:04d}", tier="L2", task_class="refactor", **labels)
    elif chance < 0.54:
        week.in_vain(at, idle="0.002", task_class="test", **labels)
        week.at_claude(at + timedelta(minutes=1), at_claude, alone=at_claude, tier="L1", task_class="test", **labels)
    else:
        tier, work = dice.choice((("L0", "documentation"), ("L0", "explanation"), ("L1", "code_generation")))
        week.at_home(at, f"0.{amount * 3 // 2:04d}", idle="0.003", tier=tier, task_class=work, **labels)
