"""Policy: how a replayed day is routed – what a person can set, and what is assumed of the world around it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from budget.bands import Limits
from budget.shares import NONE, Shares
from budget.state import Mode
from proxy.coldcache import CacheGate
from proxy.decision import Policy as RestrictedPolicy
from proxy.inloop import calls_allowed
from proxy.replay.call import Call
from proxy.replay.taking import Taking, as_labelled
from proxy.route import LocalRoute
from proxy.rules.ruling import NO_RULING, Ruling
from proxy.task import Tier

ROOMY = LocalRoute("local", "local-model", 1_000_000, tools=True)
"""A local model that takes every call of a day: what a day is worth at most."""


def no_rules(_call: Call, _tier: Tier) -> Ruling:
    """Rule nothing."""
    return NO_RULING


def not_weighed(_call: Call) -> float | None:
    """Say that nobody weighed the words of a turn."""
    return None


def never(_call: Call) -> bool:
    """Let no local answer fail."""
    return False


@dataclass(frozen=True, slots=True)
class Policy:
    """A mode, limits and settings as in the config, and what is assumed.

    Without `limits` there is money enough. `takes` is the classifier, `rules` what rules say of a call, `fails` whether
    a local answer to it is no good. `max_tokens` is what agents ask for: a hold covers all of it.

    `doubt` is what the classifier's words leave of a turn. Three rules of the proxy can be left out, to tell what each
    of them costs: `leash`, which says by that doubt after how many calls a local turn has outgrown what it was taken
    for (None: it never does, nor by the files that it edits); `restricted_stays`, that a session that was L3 once stays
    so; `compacts_apart`, that a summary is complex work, after which its turn goes on
    without its words.
    """

    name: str = "auto"
    mode: Mode = Mode.auto
    limits: Limits | None = None
    shares: Shares = NONE
    cache_gate: CacheGate = "on"
    cloud_models: Mapping[Tier, str] = field(default_factory=dict)
    locals: tuple[LocalRoute, ...] = (ROOMY,)
    restricted: RestrictedPolicy = "claude-only"
    takes: Taking = as_labelled
    rules: Callable[[Call, Tier], Ruling] = no_rules
    fails: Callable[[Call], bool] = never
    for_an_hour: bool = False
    max_tokens: int = 32_000
    doubt: Callable[[Call], float | None] = not_weighed
    leash: Callable[[float | None], int | None] = calls_allowed
    restricted_stays: bool = True
    compacts_apart: bool = True
