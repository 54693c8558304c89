"""Choices: the policies that a person compares, made of their own budget and settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from budget.bands import Limits
from budget.shares import NONE, Shares
from budget.state import Mode
from pricing.figures import percent
from pricing.money import Money
from proxy.coldcache import CacheGate
from proxy.decision import Policy as RestrictedPolicy
from proxy.replay.call import Call
from proxy.replay.policy import ROOMY, Policy
from proxy.replay.taking import drawn
from proxy.route import LocalRoute
from proxy.task import Tier

USUAL_SHARES = Shares(l3_percent=40)
"""Where a person set none: restricted work alone comes to three or four dollars of a day of a hundred."""

NAMES = ("claude", "unlimited", "auto", "cheaper", "shares", "hard")


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person wants to know about: amounts, the local model, a cheaper Claude, and how often local work fails.

    `for_an_hour`: the agent has Claude's cache kept for an hour.
    """

    budget: Money
    cutoff: Money
    cheaper: Mapping[Tier, str] = field(default_factory=dict)
    shares: Shares = NONE
    local: LocalRoute = ROOMY
    cache_gate: CacheGate = "on"
    restricted: RestrictedPolicy = "claude-only"
    fails_percent: int = 0
    for_an_hour: bool = False
    max_tokens: int = 32_000


def choice(name: str, wish: Wish) -> Policy:
    """Make a policy by its name, one of NAMES."""
    limits = Limits(wish.budget, wish.cutoff)
    match name:
        case "claude":
            return _policy(name, wish, mode=Mode.cloud)
        case "unlimited":
            return _policy(name, wish)
        case "auto":
            return _policy(name, wish, limits=limits)
        case "cheaper":
            return _policy(name, wish, limits=limits, cheaper=wish.cheaper)
        case "shares":
            return _policy(name, wish, limits=limits, shares=wish.shares if wish.shares != NONE else USUAL_SHARES)
        case "hard":
            return _policy(name, wish, limits=Limits(wish.budget, wish.budget))
        case _:
            raise ValueError(f"no policy is called {name}")


def about(name: str, wish: Wish) -> str:
    """Say what a policy does."""
    budget, cutoff = wish.budget.dollars(), wish.cutoff.dollars()
    kept = wish.shares if wish.shares != NONE else USUAL_SHARES
    words = {
        "claude": "everything at Claude, no limit",
        "unlimited": "mode auto, no limit",
        "auto": f"mode auto, {budget} a day, {cutoff} at most",
        "cheaper": f"the same, and {_models(wish.cheaper)}",
        "shares": f"as auto, {percent(kept.l3_percent)} kept for L3 and {percent(kept.l2_percent)} for L2",
        "hard": f"mode auto, never above {budget}",
    }
    return words[name]


def _models(cheaper: Mapping[Tier, str]) -> str:
    return ", ".join(f"{tier.name} on {model}" for tier, model in cheaper.items()) or "no cheaper Claude is named"


def _policy(
    name: str,
    wish: Wish,
    *,
    mode: Mode = Mode.auto,
    limits: Limits | None = None,
    cheaper: Mapping[Tier, str] | None = None,
    shares: Shares = NONE,
) -> Policy:
    percent = wish.fails_percent

    def fails(call: Call) -> bool:
        return drawn(f"{call.turn_key}/{call.step}", 0) * 100 < percent

    return Policy(
        name=name,
        mode=mode,
        limits=limits,
        shares=shares,
        cache_gate=wish.cache_gate,
        cloud_models=cheaper or {},
        locals=(wish.local,),
        restricted=wish.restricted,
        fails=fails,
        for_an_hour=wish.for_an_hour,
        max_tokens=wish.max_tokens,
    )
