"""Which lifetime of the cache would have been cheaper, 5 minutes or an hour: from what each request would have cost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from budget.baselinesums import SUBAGENT
from budget.promptcache import LIFETIMES, Life
from pricing.money import Money

WORTH = Money.usd("0.01")
WORTH_PERMILLE = 20
"""A lifetime is advised only if it would have saved so many thousandths of the cost: less may be chance."""
LEAST_REQUESTS = 20
SETTING_1H = "ENABLE_PROMPT_CACHING_1H=1"
"""What has Claude Code ask for an hour, for its sub-agents too."""
WHOLE = "all"


@dataclass(frozen=True, slots=True)
class Lives:
    """What an agent's requests cost, and what they would have cost with either lifetime, on the same requests.

    `agent` is "" for the main thread, "sub-agent", or "all"; `asks` is the lifetime that most of the cost asked for.
    """

    agent: str
    asks: Life
    requests: int
    cost: Money
    if_5m: Money
    if_1h: Money

    @classmethod
    def of(cls, rows: Iterable[Sequence[Any]]) -> tuple[Lives, ...]:
        """Sum up rows of agent, life and sums; the last one is of all agents, if there are several."""
        known = [row for row in rows if row[4]]
        agents = sorted({row[0] for row in known})
        found = [_lives(agent, [row for row in known if row[0] == agent]) for agent in agents]
        return tuple([*found, _lives(WHOLE, known)] if len(found) > 1 else found)

    @property
    def name(self) -> str:
        """Name the agent for a person."""
        return {"": "main thread", SUBAGENT: "sub-agents", WHOLE: "together"}[self.agent]

    @property
    def better(self) -> Life:
        """The cheaper lifetime."""
        return "1h" if self.if_1h < self.if_5m else "5m"

    @property
    def saves(self) -> Money:
        """What the cheaper lifetime would have saved against the other one."""
        return max(self.if_5m, self.if_1h) - min(self.if_5m, self.if_1h)

    @property
    def is_worth_it(self) -> bool:
        """Whether to change it: what is asked for is the dearer one, by enough, on enough requests."""
        enough = self.saves >= WORTH and self.saves.picos * 1000 >= self.cost.picos * WORTH_PERMILLE
        return self.asks != self.better and enough and self.requests >= LEAST_REQUESTS

    @property
    def off_permille(self) -> int | None:
        """By how many thousandths the simulation of what was asked for is off what Claude charged."""
        said = self.if_1h if self.asks == "1h" else self.if_5m
        return round((said - self.cost).picos * 1000 / self.cost.picos) if self.cost else None


@dataclass(frozen=True, slots=True)
class Pauses:
    """How long an agent's conversations rested between two requests; shares in thousandths."""

    agent: str
    number: int
    median_s: int
    over_5m: int
    over_1h: int

    @property
    def name(self) -> str:
        """Name the agent for a person."""
        return "sub-agents" if self.agent else "main thread"


def pauses_of(rows: Sequence[Sequence[Any]]) -> tuple[Pauses, ...]:
    """Sum up pauses, given as whether it is a sub-agent's and its milliseconds."""
    found = []
    for is_sub in (0, 1):
        pauses = sorted(pause for sub, pause in rows if sub == is_sub)
        if pauses:
            over = [
                sum(pause >= 1000 * LIFETIMES[life] for pause in pauses) * 1000 // len(pauses) for life in ("5m", "1h")
            ]
            agent = SUBAGENT if is_sub else ""
            found.append(Pauses(agent, len(pauses), pauses[len(pauses) // 2] // 1000, *over))
    return tuple(found)


def worthwhile(lives: Sequence[Lives]) -> Lives | None:
    """Give what speaks for another lifetime: one switch sets it for all agents, so all of them count together."""
    whole = lives[-1] if lives else None
    return whole if whole is not None and whole.is_worth_it else None


def _lives(agent: str, rows: Sequence[Sequence[Any]]) -> Lives:
    asked = {life: sum(row[5] for row in rows if row[1] == life) for life in ("5m", "1h")}
    sums = [sum(row[number] for row in rows) for number in (4, 5, 6, 7)]
    asks: Life = "1h" if asked["1h"] > asked["5m"] else "5m"
    return Lives(agent, asks, sums[0], *(Money(picos) for picos in sums[1:]))
