"""The choices: the places that one request could go to, and the decisions that they allow."""

from __future__ import annotations

from dataclasses import dataclass, replace

from budget.bands import Band
from budget.state import Mode
from proxy.decision import Decision, Escalation, Refusal, RefusalKind, View
from proxy.route import Route, Swap
from proxy.rules.ruling import PROJECT_FILE
from proxy.task import Tier


@dataclass(frozen=True, slots=True)
class Choices:
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

    def swapped(self) -> Choices:
        """Give the places with the Claude model that rules or the tier wish for."""
        swap = self.view.swaps.get(self.tier)
        return replace(self, swap=swap) if swap else self

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
            return self.only_cloud(f"{what}, but {_part(self.unfit.why)}", self.unfit)
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

    def only_cloud(self, what: str, unfit: Refusal | None = None, would: Route | None = None) -> Decision:
        if self.has_cloud:
            return Decision((self.cloud,), self._at_claude(what), self.tier, would=would)
        return replace(self._no_cloud(unfit), would=would)

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
        return self.refuse(kind, f"{_MODES[self.view.mode]}{self._way_to_local()}")

    def _way_to_local(self) -> str:
        """Say what would have a local model do it; nothing where none could."""
        if not self.local:
            return ""
        return " Way out: do not ask for Claude." if self.view.mode is Mode.auto else " Way out: bursar mode auto."

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
        ahead = f"; {self.view.ahead}" if self.view.ahead else ""
        return f"{self.tier.name}, {self.view.band.value}: {what}{ahead}{tier_by}{problem}"


_MODES = {
    Mode.observe: "In mode observe nothing goes to a local model.",
    Mode.cloud: "In mode cloud nothing goes to a local model.",
    Mode.auto: "Claude was asked for.",
    Mode.local: "",
}


def _part(sentence: str) -> str:
    """Turn the first of some sentences, which says what is, into part of a reason; the next ones say what to do."""
    first = sentence.partition(". ")[0]
    return (first[:1].lower() + first[1:]).rstrip(".")
