"""The router: mode, band, task and upstreams to routes, best first, and why.

It proposes and the ledger disposes: of the routes given, the first whose hold fits is taken. "Claude while a hold fits,
else local" is therefore just (cloud, local), and nothing here knows an amount.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from budget.bands import Band
from budget.state import Mode
from proxy.coldcache import Worth
from proxy.rules.ruling import NO_RULING, PROJECT_FILE, Ruling
from proxy.task import Task, Tier

LEAST_ANSWER = 2048
"""A local model must have room for an answer of so many tokens, or for the whole limit if that is less."""

Policy = Literal["claude-only", "local-only"]
Override = Literal["local", "cloud"]
Escalation = Literal["never", "on_failure", "freely"]
RefusalKind = Literal["stopped", "cutoff", "no_local", "restricted", "does_not_fit", "mode_local", "blocked"]


@dataclass(frozen=True, slots=True)
class Route:
    """One model at one upstream."""

    upstream: str
    model: str
    is_local: bool


@dataclass(frozen=True, slots=True)
class LocalRoute:
    """A healthy local model and what it can take; `context` is in tokens, `tools` is None where it was never probed.

    `doubt` says why it should not be the first to try this turn, from what was seen of it; None if it may be.
    """

    upstream: str
    model: str
    context: int
    vision: bool = False
    tools: bool | None = None
    max_output: int | None = None
    doubt: str | None = None


@dataclass(frozen=True, slots=True)
class CloudRoute:
    """The model that was asked for, at the upstream that has it."""

    upstream: str
    model: str


@dataclass(frozen=True, slots=True)
class Swap:
    """A Claude model in place of the one asked for, and whose wish that is."""

    model: str
    why: str


@dataclass(frozen=True, slots=True)
class Fit:
    """What a request needs of a local model; `input_tokens` is a likely figure."""

    input_tokens: int
    max_tokens: int
    has_tools: bool = False
    has_images: bool = False
    cloud_only: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class View:
    """What the router sees of the world. `locals` are the healthy ones in a person's order.

    `sticky` is the route that this turn has taken and `sticky_tier` the tier at which it did, None for a new turn;
    `session_tier` is the highest tier seen in the session; `override` is a person's word on this one request, `ruling`
    what rules say of it. `swaps` has the tiers for which another Claude model than the one asked for is to be used.
    `worth` weighs a local turn against the cache at Claude that it lets go cold, None where nothing is warm.
    `outgrown` says how a turn that runs locally has become more than it looked like.
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


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request has no route at all; `why` is one sentence for a person."""

    kind: RefusalKind
    why: str


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


def decide(view: View, task: Task, fit: Fit) -> Decision:
    """Decide where a request may go."""
    tier = tier_of(view, task)
    local, unfit = _usable(view, fit)
    places = _Places(view, tier, local, unfit, _doubt(view, local))
    found = _decided(places)
    return found if local or not fit.has_tools else replace(found, unproved=_unproved(view, fit))


def _decided(places: _Places) -> Decision:
    view, tier = places.view, places.tier
    if view.ruling.route == "block" and view.mode is not Mode.observe:
        return places.blocked()
    if tier is Tier.L3 and view.restricted == "local-only":
        return places.only_local("restricted work stays local", "restricted")
    if view.mode is Mode.local:
        return _in_local_mode(places)
    match view.override:
        case "local":
            return _by_hand_local(places)
        case "cloud":
            return places.only_cloud("asked for Claude")
    match view.mode:
        case Mode.auto:
            return _in_auto_mode(places.swapped())
        case Mode.cloud:
            return places.swapped().only_cloud("mode cloud")
        case Mode.observe:
            auto = _as_auto_would(places)
            return replace(places.only_cloud("as asked"), would=auto.routes[0] if auto.routes else None)


def _as_auto_would(places: _Places) -> Decision:
    """Decide as mode auto would have, in a turn that it would have begun."""
    if places.view.ruling.route == "block":
        return places.blocked()
    view = replace(places.view, sticky=places.view.would, sticky_tier=places.view.would_tier)
    return _in_auto_mode(replace(places, view=view).swapped())


def tier_of(view: View, task: Task) -> Tier:
    """Give the tier that counts: within a turn it only rises, and a session that was restricted stays so.

    A local turn that has outgrown what it was taken for counts as complex, unless a rule wants it local.
    """
    tier = max(task.tier, view.sticky_tier or Tier.L0) if view.sticky else task.tier
    if view.outgrown and view.ruling.route != "local":
        tier = max(tier, Tier.L2)
    return Tier.L3 if view.session_tier is Tier.L3 else tier


def _in_local_mode(places: _Places) -> Decision:
    if places.tier is Tier.L3:
        return places.refuse(
            "restricted", "Restricted work goes only to Claude, and the mode is local. Way out: bursar mode auto."
        )
    return places.only_local("mode local", "mode_local")


def _by_hand_local(places: _Places) -> Decision:
    if places.tier is Tier.L3:
        return places.refuse("restricted", "Restricted work goes only to Claude, and local was asked for.")
    return places.only_local("asked for local", "no_local")


def _in_auto_mode(places: _Places) -> Decision:
    """What a rule says, else the routing table of PRODUCT.md, a line per tier."""
    if places.view.ruling.route and places.tier is not Tier.L3:
        return _by_rule(places)
    if places.view.sticky and not places.sticky_is_outgrown():
        return _on_the_same_route(places, places.view.sticky)
    if places.is_kept_warm():
        return places.cloud_first(f"Claude: its warm cache is worth more ({_weighed(places.view.worth)})")
    match places.tier:
        case Tier.L0:
            return places.local_first("local", "never")
        case Tier.L1:
            return places.local_first("local first", _escalation(places))
        case Tier.L2:
            grown = places.view.outgrown
            return places.cloud_first(f"Claude, as {grown}" if grown else "Claude")
        case Tier.L3:
            return places.only_cloud("Claude only")


def _by_rule(places: _Places) -> Decision:
    """Do as a rule says; a turn that has been at Claude does not come back from there."""
    sticky, ruling = places.view.sticky, places.view.ruling
    if ruling.route == "cloud":
        return places.cloud_first(f"Claude, by {ruling.route_by}")
    if sticky and not sticky.is_local:
        return places.cloud_first("turn stays on Claude")
    return places.local_first(f"local first, by {ruling.route_by}", _escalation(places))


def _on_the_same_route(places: _Places, sticky: Route) -> Decision:
    if places.tier is Tier.L3:
        return places.only_cloud("Claude only")
    if not sticky.is_local:
        return places.cloud_first("turn stays on Claude")
    return places.local_first("turn stays local", _escalation(places))


def _escalation(places: _Places) -> Escalation:
    """Say when a local attempt may go on to Claude: not safe work, and less so as the budget goes."""
    if places.tier not in (Tier.L1, Tier.L2) or (places.tier is Tier.L2 and not places.is_ruled_local):
        return "never"
    match places.view.band:
        case Band.normal:
            return "freely"
        case Band.saving:
            return "on_failure"
        case Band.reserve | Band.cutoff:
            return "never"


@dataclass(frozen=True, slots=True)
class _Places:
    """The places a request could go to, and the decisions that they allow.

    `local` are the local routes that can take it; `unfit` says why there is none, `doubt` why Claude should come before
    all of them.
    """

    view: View
    tier: Tier
    local: tuple[Route, ...]
    unfit: Refusal
    doubt: str | None = None
    swap: Swap | None = None

    @property
    def cloud(self) -> Route:
        model = self.swap.model if self.swap else self.view.cloud.model
        return Route(self.view.cloud.upstream, model, is_local=False)

    @property
    def is_ruled_local(self) -> bool:
        return self.view.ruling.route == "local"

    def swapped(self) -> _Places:
        """Give the places with the Claude model that rules or the tier wish for."""
        return replace(self, swap=self.view.swaps.get(self.tier))

    @property
    def has_cloud(self) -> bool:
        return not self.view.stopped and self.view.band is not Band.cutoff

    def sticky_is_outgrown(self) -> bool:
        """Whether the turn's route can no longer be kept: its tier has risen, or the local model is gone."""
        sticky, before = self.view.sticky, self.view.sticky_tier
        if sticky is None or not sticky.is_local:
            return sticky is None
        risen = self.tier >= Tier.L2 and (before is None or self.tier > before)
        return risen or sticky not in self.local

    def is_kept_warm(self) -> bool:
        """Whether a new turn of lower tiers would cost more in a cold cache than it saves, while there is money."""
        view = self.view
        if view.worth is None or view.worth.is_worth_it or view.sticky:
            return False
        is_open = self.has_cloud and view.band is not Band.reserve
        return is_open and bool(self.local) and self.tier <= Tier.L1

    def local_first(self, what: str, escalation: Escalation) -> Decision:
        if not self.local:
            return self.only_cloud(f"{what}, but {_first(self.unfit.why)}", self.unfit)
        escalation = escalation if self.has_cloud else "never"
        if self.doubt and escalation != "never":
            return Decision((self.cloud, *self.local), self._at_claude(f"Claude, as {self.doubt}"), self.tier)
        routes = self.local if escalation == "never" else (*self.local, self.cloud)
        is_less = self.tier is Tier.L2 and not self.is_ruled_local
        return Decision(routes, self._reason(what), self.tier, is_less, escalation=escalation)

    def cloud_first(self, what: str) -> Decision:
        if self.has_cloud:
            return Decision((self.cloud, *self.local), self._at_claude(what), self.tier)
        if not self.local:
            return self._no_cloud(self.unfit)
        is_less = self.tier >= Tier.L2
        what = f"local, degraded: {self._closed()}" if is_less else f"local: {self._closed()}"
        return Decision(self.local, self._reason(what), self.tier, is_less)

    def only_cloud(self, what: str, unfit: Refusal | None = None) -> Decision:
        if self.has_cloud:
            return Decision((self.cloud,), self._at_claude(what), self.tier)
        return self._no_cloud(unfit)

    def only_local(self, what: str, kind: RefusalKind) -> Decision:
        if self.local:
            return Decision(self.local, self._reason(what), self.tier)
        if kind == "no_local":
            return self.refuse(self.unfit.kind, self.unfit.why)
        return self.refuse(kind, self.unfit.why)

    def refuse(self, kind: RefusalKind, why: str, by: str = "") -> Decision:
        said = f"refused, {kind}" + (f" by {by}" if by else "")
        if self.tier is Tier.L3 and self.view.ruling.problem:
            why = f"{why} (It counts as such because {self.view.ruling.problem}.)"
        return Decision((), self._reason(said), self.tier, refusal=Refusal(kind, why))

    def _no_cloud(self, unfit: Refusal | None) -> Decision:
        """Refuse for want of the cloud; say also why local is no help, if it could have been."""
        kind: RefusalKind = "stopped" if self.view.stopped else "cutoff"
        if unfit:
            return self.refuse(kind, unfit.why)
        if self.tier is Tier.L3:
            return self.refuse(kind, "Restricted work goes only to Claude.")
        return self.refuse(kind, f"{_MODES[self.view.mode]} Way out: bursar mode auto.")

    def blocked(self) -> Decision:
        ruling = self.view.ruling
        file = ruling.project_file if ruling.route_by.endswith(PROJECT_FILE) else "the config file (bursar config path)"
        return self.refuse(
            "blocked", f"The {ruling.route_by} blocks this request. It stands in {file}.", ruling.route_by
        )

    def _closed(self) -> str:
        return "cloud stopped" if self.view.stopped else "cutoff reached"

    def _at_claude(self, what: str) -> str:
        return self._reason(f"{what}; {self.swap.model} {self.swap.why}" if self.swap else what)

    def _reason(self, what: str) -> str:
        ruling = self.view.ruling
        tier_by = f"; tier by {ruling.tier_by}" if ruling.tier_by else ""
        problem = f"; {ruling.problem}" if ruling.problem else ""
        return f"{self.tier.name}, {self.view.band.value}: {what}{tier_by}{problem}"


_MODES = {
    Mode.observe: "In mode observe nothing goes to a local model.",
    Mode.cloud: "In mode cloud nothing goes to a local model.",
    Mode.auto: "Claude was asked for.",
    Mode.local: "",
}


def _usable(view: View, fit: Fit) -> tuple[tuple[Route, ...], Refusal]:
    """Find the local routes that can take a request, best first, and why there is none."""
    if fit.cloud_only:
        return (), Refusal("does_not_fit", f"Only Claude can take this request: it has {fit.cloud_only[0]}.")
    if not view.locals:
        return (), Refusal("no_local", "No local model is running.")
    whys = [_why_not(local, fit) for local in view.locals]
    able = [local for local, why in zip(view.locals, whys, strict=True) if why is None]
    routes = [Route(local.upstream, local.model, is_local=True) for local in able]
    if view.sticky in routes:
        routes.sort(key=lambda route: route != view.sticky)
    doubts = _doubts(view)
    routes.sort(key=lambda route: bool(doubts[route]))
    return tuple(routes), Refusal("does_not_fit", next((why for why in whys if why), ""))


def _doubts(view: View) -> dict[Route, str | None]:
    return {Route(local.upstream, local.model, is_local=True): local.doubt for local in view.locals}


def _doubt(view: View, local: tuple[Route, ...]) -> str | None:
    """Say why no local model should be the first, if the best of them should not."""
    return _doubts(view)[local[0]] if local else None


def _why_not(local: LocalRoute, fit: Fit) -> str | None:
    name = f"{local.model} at {local.upstream}"
    answer = min(fit.max_tokens, LEAST_ANSWER, local.max_output or LEAST_ANSWER)
    if fit.input_tokens + answer > local.context:
        return (
            f"The request has about {fit.input_tokens:,} tokens, "
            f"more than the context of {local.context:,} of {name} leaves room for."
        )
    if fit.has_images and not local.vision:
        return f"The request has images, and {name} does not see."
    if fit.has_tools and local.tools is False:
        return f"The request has tools, and {name} cannot use them (bursar doctor says why)."
    if fit.has_tools and local.tools is None:
        return f"The request has tools, and whether {name} can use them is being found out. Try again in a minute."
    return None


def _unproved(view: View, fit: Fit) -> Route | None:
    """Find the first local model that could take a request if its tool calls were known to work."""
    if fit.cloud_only:
        return None
    unknown = (local for local in view.locals if local.tools is None)
    first = next((local for local in unknown if _why_not(local, replace(fit, has_tools=False)) is None), None)
    return Route(first.upstream, first.model, is_local=True) if first else None


def _weighed(worth: Worth | None) -> str:
    """Give both sides of the scales; the first is the heavier one."""
    return f"{worth.cooling.dollars(2, 'up')} against {worth.saved.dollars(2, 'down')}" if worth else ""


def _first(sentence: str) -> str:
    """Turn a sentence into part of a reason."""
    return (sentence[:1].lower() + sentence[1:]).rstrip(".")
