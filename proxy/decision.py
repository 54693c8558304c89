"""The decision as values: what the router sees of the world, and what it says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from budget.bands import Band
from budget.state import Mode
from proxy.coldcache import Worth
from proxy.route import CloudRoute, LocalRoute, Route, Swap
from proxy.rules.ruling import NO_RULING, Ruling
from proxy.task import Tier

Policy = Literal["claude-only", "local-only"]
Override = Literal["local", "cloud"]
Escalation = Literal["never", "on_failure", "freely"]
RefusalKind = Literal["stopped", "cutoff", "no_local", "restricted", "does_not_fit", "mode_local", "blocked"]


@dataclass(frozen=True, slots=True)
class View:
    """What the router sees of the world. `locals` are the healthy ones in a person's order.

    `sticky` is the route that this turn has taken and `sticky_tier` the tier at which it did, None for a new turn;
    `session_tier` is the highest tier seen in the session; `override` is a person's word on this one request, `ruling`
    what rules say of it. `swaps` has the tiers for which another Claude model than the one asked for is to be used.
    `worth` weighs a local turn against the cache at Claude that it lets go cold, None where nothing is warm.
    `patience_s` is how long a person waits for a turn's first answer where Claude may give it; None: without an end.
    `ahead` says by how much the day is ahead of its pace, where `band` is what it is only because of that.
    `outgrown` says how a turn that runs locally has become more than it looked like. `off` is a sentence about a local
    server that is out of use.
    `would` is the route that the turn would have taken in mode auto, where the mode is observe, at `would_tier`.
    """

    mode: Mode
    band: Band
    stopped: bool
    restricted: Policy
    locals: tuple[LocalRoute, ...]
    cloud: CloudRoute
    sticky: Route | None = None
    sticky_tier: Tier | None = None
    session_tier: Tier = Tier.L0
    override: Override | None = None
    ruling: Ruling = NO_RULING
    swaps: Mapping[Tier, Swap] = field(default_factory=dict)
    would: Route | None = None
    would_tier: Tier | None = None
    worth: Worth | None = None
    outgrown: str = ""
    patience_s: float | None = None
    ahead: str = ""
    off: str = ""


_SHUT: dict[RefusalKind, str] = {
    "stopped": "All cloud traffic is stopped.",
    "cutoff": "Today's cutoff is reached.",
    "mode_local": "The mode is local.",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request has no route at all; `why` is one sentence for a person: why nothing local takes it, mostly."""

    kind: RefusalKind
    why: str

    @property
    def whole(self) -> str:
        """Say what keeps it from Claude too, where one switch or limit does."""
        return f"{_SHUT[self.kind]} {self.why}" if self.kind in _SHUT else self.why


@dataclass(frozen=True, slots=True)
class Decision:
    """Where a request should go. Either it has routes, best first, or a refusal.

    `degraded` says that sensitive work goes local because nothing else is left. `would` is the route that auto mode
    would take, where the mode is observe. `unproved` is the local model that would do, if it were known that its tool
    calls work.
    """

    routes: tuple[Route, ...]
    reason: str
    tier: Tier
    degraded: bool = False
    refusal: Refusal | None = None
    escalation: Escalation = "never"
    would: Route | None = None
    unproved: Route | None = None

    @property
    def may_escalate(self) -> bool:
        """Whether a local attempt that failed may go to Claude."""
        return self.escalation != "never"

    def degrades(self, route: Route) -> bool:
        """Tell whether taking this one of the routes is second best for a tier that belongs to Claude."""
        return route.is_local and self.tier >= Tier.L2 and (self.degraded or not self.routes[0].is_local)
