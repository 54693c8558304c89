"""Explain: which local models could have taken a request, and what would have sent it elsewhere.

Nothing here knows the routing table: each answer is the router's own, for a view that differs in one thing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from budget.bands import Band
from budget.state import Mode
from proxy.decision import Decision, Policy, View
from proxy.route import Fit, LocalRoute, Route
from proxy.router import decide
from proxy.task import Task, TaskClass, Tier
from proxy.trace import Trace
from proxy.usable import slowness

_SAFE = Task(TaskClass.unknown, Tier.L0, 1.0, ())

ROOMY = 10_000_000
"""Tokens; a context into which everything fits."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a local model could have taken a request; `why` says why not, or what is held against it.

    `takes_s` is how long its first answer would have taken, about; None where nothing was known of its speed.
    """

    upstream: str
    model: str
    ok: bool
    why: str
    takes_s: float | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that would have sent a request elsewhere; None is a refusal, a route without names was not there."""

    when: str
    route: Route | None

    def __str__(self) -> str:
        if self.route is None:
            return f"{self.when} it would have been refused"
        return f"{self.when} it would have gone {f'to {place(self.route)}' if self.route.upstream else 'there'}"


@dataclass(frozen=True, slots=True)
class _Other:
    """A neighbouring case: what differs, in words, and what the router is asked then."""

    when: str
    view: View
    task: Task
    fit: Fit


def place(route: Route) -> str:
    """Name a route for a person."""
    return f"{route.upstream}/{route.model}" if route.is_local else f"Claude ({route.model})"


def verdicts(trace: Trace) -> tuple[Verdict, ...]:
    """Say of each local model whether it could have taken a request; a server that is off counts as one."""
    able = tuple(_verdict(local, trace.view, trace.fit) for local in trace.view.locals)
    return (*able, *(Verdict(name, "", ok=False, why=why) for name, why in trace.off))


def _verdict(local: LocalRoute, view: View, fit: Fit) -> Verdict:
    """Ask the router for this one model, where nothing else stands in its way."""
    alone = View(Mode.local, Band.normal, False, "claude-only", (local,), view.cloud)
    refusal = decide(alone, _SAFE, fit).refusal
    if refusal:
        return Verdict(local.upstream, local.model, ok=False, why=refusal.why)
    why = local.doubt or slowness(local, view.patience_s) or ""
    takes_s = None if local.takes_s is None else round(local.takes_s, 1)
    return Verdict(local.upstream, local.model, ok=True, why=why, takes_s=takes_s)


def what_would_change(
    view: View,
    task: Task,
    fit: Fit,
    decision: Decision,
    bare: tuple[View, Task] | None = None,
    unsaid: View | None = None,
) -> tuple[Change, ...]:
    """Say what would have changed the first route: another mode, a tag, another band or tier, a local model, no rule.

    `bare` are the view and the task without the rule that decided, `unsaid` is the view without a person's word.
    """
    first, found = _first(decision), []
    if view.mode is Mode.observe and decision.would != first:
        found.append(Change("in mode auto", decision.would))
    for other in _others(view, task, fit, decision, bare, unsaid):
        route = _first(decide(other.view, other.task, other.fit))
        if route != first:
            found.append(Change(other.when, route))
    return tuple(found)


def changes_of(trace: Trace) -> tuple[Change, ...]:
    """Say what would have changed where a traced request went first."""
    return what_would_change(trace.view, trace.task, trace.fit, trace.decision, trace.bare, trace.unsaid)


def _others(
    view: View, task: Task, fit: Fit, decision: Decision, bare: tuple[View, Task] | None, unsaid: View | None
) -> Iterator[_Other]:
    for when, seen in (*_by_hand(view), *_by_itself(view), *_by_local_models(view, fit)):
        yield _Other(when, seen, task, fit)
    if bare:
        yield _Other("without the rule", bare[0], bare[1], fit)
    if unsaid:
        yield _Other(f"without the word for {view.override}", unsaid, task, fit)
    if fit.cloud_only:
        yield _Other(f"without {' and '.join(fit.cloud_only)}", view, task, replace(fit, cloud_only=()))
    if decision.tier > Tier.L0:
        lower = Tier(decision.tier - 1)
        yield _Other(f"as {lower.name}", _at_most(view, lower), replace(task, tier=min(task.tier, lower)), fit)


def _by_hand(view: View) -> Iterator[tuple[str, View]]:
    """Give what a person could have chosen."""
    for mode in Mode:
        # In observe mode the decision itself says what auto would do.
        if mode is not view.mode and (view.mode, mode) != (Mode.observe, Mode.auto):
            # What the turn took before, it took in the mode that was.
            yield f"in mode {mode.value}", replace(view, mode=mode, sticky=None, sticky_tier=None)
    # A person's word stands above what rules say of the route, and above the cold cache.
    ruling = view.ruling.without_direction()
    if view.override != "local":
        yield "with @local", replace(view, override="local", ruling=ruling, worth=None)
    if view.override != "cloud":
        yield "with @cloud", replace(view, override="cloud", ruling=ruling, worth=None)
    other: Policy = "local-only" if view.restricted == "claude-only" else "claude-only"
    yield f'with restricted = "{other}"', replace(view, restricted=other)


def _by_itself(view: View) -> Iterator[tuple[str, View]]:
    """Give what could have been otherwise at another hour."""
    for band in Band:
        if band is not view.band and not (view.ahead and band is Band.normal):
            yield f"in band {band.value}", replace(view, band=band, ahead="")
    if view.ahead:
        yield "without [pace]", replace(view, band=Band.normal, ahead="")
    if view.stopped:
        yield "without the emergency stop", replace(view, stopped=False)
    if view.session_tier is Tier.L3:
        yield "in a session that was never restricted", _at_most(view, Tier.L2)
    if view.worth:
        yield "had nothing been warm in Claude's cache", replace(view, worth=None)
    if view.sticky:
        yield "as the first request of its turn", replace(view, sticky=None, sticky_tier=None)


def _by_local_models(view: View, fit: Fit) -> Iterator[tuple[str, View]]:
    """Give local models that could have been there, or been able to do more."""
    if not view.locals:
        there = LocalRoute("", "", ROOMY, vision=True, tools=True)
        yield "had a local model been running", replace(view, locals=(there,))
    for at, local in enumerate(view.locals):
        for when, better in _betters(local, fit):
            yield when, replace(view, locals=(*view.locals[:at], better, *view.locals[at + 1 :]))


def _betters(local: LocalRoute, fit: Fit) -> Iterator[tuple[str, LocalRoute]]:
    name = f"{local.upstream}/{local.model}"
    if local.doubt:
        yield f"had {name} not been in doubt", replace(local, doubt=None)
    if local.takes_s:
        yield f"had {name} been as fast as you wait", replace(local, takes_s=None)
    if fit.has_tools and local.tools is not True:
        yield f"had {name} passed the tool probe", replace(local, tools=True)
    if fit.has_images and not local.vision:
        yield f"could {name} see images", replace(local, vision=True)
    yield f"had {name} a longer context", replace(local, context=ROOMY)


def _at_most(view: View, tier: Tier) -> View:
    """Give a view that remembers nothing of the turn and the session above a tier."""
    before = None if view.sticky_tier is None else min(view.sticky_tier, tier)
    return replace(view, sticky_tier=before, session_tier=min(view.session_tier, tier))


def _first(decision: Decision) -> Route | None:
    return decision.routes[0] if decision.routes else None
