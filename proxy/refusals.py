"""Refusals: why bursar itself says no, in one sentence that names the amounts and the way out (PRODUCT.md)."""

from __future__ import annotations

from datetime import datetime

from budget.bands import Band
from budget.ledger import Mode, Refused
from budget.refused import RefusedRequest
from pricing.money import ZERO, Money
from proxy.case import Case
from proxy.decision import Refusal
from proxy.route import Route
from proxy.services import Line, Services
from proxy.task import Tier
from proxy.wire.answer import Headers


class Saying:
    """Puts what happened to one request into words: sentences for the agent's user, headers for everyone."""

    def __init__(self, services: Services, case: Case) -> None:
        self._services, self._case = services, case

    def refused(self, found: Refused) -> str:
        """Say why the ledger gave no money."""
        match found.why:
            case "full":
                return self._full(found)
            case "trouble":
                return (
                    f"bursar: the ledger cannot be written ({found.detail}), so nothing goes to Claude. "
                    f"{self._local()} See: bursar status"
                )
            case _:
                return f"bursar: nothing goes to Claude at the moment ({found.why}). {self._local()}"

    def short(self, found: Refused) -> str:
        """Say in a few words why it went local after all."""
        if found.why == "full":
            kept = f" beside {found.kept.dollars()} kept for higher tiers" if found.kept else ""
            return f"the cutoff leaves {_left(found).dollars(2, 'down')}{kept}, {found.needed.dollars(2, 'up')} needed"
        return found.detail or found.why

    def why_none(self, found: Refused) -> str:
        """Say in a few words why nothing took it, for the log."""
        return f"{self._case.decision.tier.name}, {self._case.labels.band}: {self.short(found)}"

    def second_best(self, found: Refused, route: Route) -> str:
        """Say why it goes local after all, and that this is second best for work that belongs to Claude."""
        decision, short = self._case.decision, self.short(found)
        if not decision.degrades(route):
            return short
        return f"{decision.tier.name}, {self._case.labels.band}: local, degraded: {short}"

    def why_kept(self) -> str:
        """Say in a few words why Claude is not asked after a local answer that is not good."""
        decision, known = self._case.decision, self._case.labels
        if self._case.override == "local":
            return "asked for local"
        if known.mode == Mode.local:
            return "mode local"
        if decision.tier is Tier.L0:
            return "L0 stays local"
        if not decision.routes[0].is_local:
            return "Claude was asked first"
        return f"band {known.band}" if known.band in (Band.reserve, Band.cutoff) else "nothing goes to Claude"

    def way_out(self) -> str:
        """Say what a person can do about a local answer that cannot be used."""
        today = self._services.ledger.today()
        if self._case.decision.tier is Tier.L3:
            return "Restricted work stays local."
        if self._case.override == "local":
            return "Way out: do not ask for the local model."
        if today.mode == Mode.local:
            return "Way out: bursar mode auto"
        if today.stop:
            return "Way out: bursar resume"
        if today.band is not Band.normal:
            return f"Way out: @cloud as the prompt's first word. {_lift(today.limits.cutoff)}"
        return "Way out: @cloud as the prompt's first word"

    def no_route(self, refusal: Refusal) -> str:
        """Say why the router found no route."""
        today = self._services.ledger.today()
        kind = "cutoff" if refusal.kind == "stopped" and today.stop and today.stop.by == "cutoff" else refusal.kind
        match kind:
            case "stopped":
                since = f" since {self._clock_time(today.stop.since)}" if today.stop else ""
                return f"bursar: all cloud traffic is stopped{since}. {refusal.why} Resume: bursar resume"
            case "cutoff":
                return (
                    f"bursar: today's cutoff of {today.limits.cutoff.dollars()} is reached "
                    f"({today.settled.dollars()} spent). {refusal.why} "
                    f"Resets {self._clock_time(today.resets_at)}. {_lift(today.limits.cutoff)}"
                )
            case "mode_local":
                return (
                    f"bursar: the mode is local, so nothing goes to Claude. {refusal.why} Change it: bursar mode auto"
                )
            case "restricted":
                return f"bursar: this request holds restricted material. {refusal.why}"
            case _:
                return f"bursar: {refusal.why}"

    def headers(self, route: Route | None, band: Band | None, why: str) -> Headers:
        """Give the `x-bursar-*` headers of an answer."""
        decision = self._case.decision
        return [
            (b"x-bursar-route", _plain(f"{route.upstream}/{route.model}" if route else "refused")),
            (b"x-bursar-reason", _plain(why or decision.reason)),
            (b"x-bursar-tier", _plain(decision.tier.name)),
            (b"x-bursar-band", _plain((band or self._services.ledger.today().band).value)),
            (b"x-bursar-request", _plain(self._case.request_id)),
        ]

    def _full(self, found: Refused) -> str:
        held = f", {found.held.dollars()} held by running requests" if found.held else ""
        if found.kept:
            whom = "restricted work" if self._case.decision.tier is Tier.L2 else "restricted and complex work"
            held += f", {found.kept.dollars()} kept for {whom} by [shares]"
        return (
            f"bursar: today's cutoff of {found.cutoff.dollars()} is reached "
            f"({found.settled.dollars()} spent{held}, {found.needed.dollars(2, 'up')} needed). {self._local()} "
            f"Resets {self._clock_time(found.resets_at)}. {_lift(found.cutoff, _taken(found) + found.needed)}"
        )

    def _local(self) -> str:
        if self._case.decision.tier is Tier.L3 and self._services.options.restricted == "claude-only":
            return "Restricted work goes only to Claude."
        return local_state(self._services)

    def _clock_time(self, at: datetime) -> str:
        return at.astimezone(self._services.zone()).strftime("%H:%M")


def keep_refusal(services: Services, case: Case, said: str, why: str, reason: str = "") -> None:
    """Keep that a request was refused, to be explained: with labels and reasons, and no word of its prompt."""
    services.traces.told(case.request_id, said)
    known = case.labels
    services.ledger.refused.keep(
        RefusedRequest(
            at=services.clock(),
            request_id=case.request_id,
            session=known.session,
            agent=known.agent,
            project=known.project,
            model_asked=known.model_asked,
            task_class=known.task_class,
            tier=case.decision.tier.name,
            mode=known.mode,
            band=known.band,
            why=why,
            reason=reason or known.reason,
            said=said,
        )
    )


def line_of(refused: RefusedRequest) -> Line:
    """Tell of a refused request as the log did when it came."""
    return Line(
        number=0,
        at=refused.at,
        request_id=refused.request_id,
        session=refused.session,
        agent=refused.agent,
        model_asked=refused.model_asked,
        task_class=refused.task_class,
        tier=refused.tier,
        band=refused.band,
        mode=refused.mode,
        route="refused",
        reason=refused.reason,
        outcome="refused",
    )


def local_state(services: Services) -> str:
    """Say in one sentence how the local models are, for a refusal that would not have been needed with one."""
    seen = services.locals.snapshot()
    if not seen:
        return "No local model is set up."
    healthy = [upstream.name for upstream in seen if upstream.healthy]
    if not healthy:
        return f"The local server {seen[0].name} is off."
    return f"The local model at {healthy[0]} cannot take this request."


def _lift(cutoff: Money, at_least: Money = ZERO) -> str:
    # The next whole dollar that is a good step up: a person wants to go on, not to come back in a minute.
    raised = max(1, -(-cutoff.picos * 3 // (2 * 10**12)), -(-at_least.picos // 10**12))
    return f"Lift: bursar cutoff set {raised}"


def _left(found: Refused) -> Money:
    return max(Money(0), found.cutoff - _taken(found))


def _taken(found: Refused) -> Money:
    return found.settled + found.held + found.kept


def _plain(value: str) -> bytes:
    return value.encode("ascii", "replace").replace(b"\r", b" ").replace(b"\n", b" ")[:300]
