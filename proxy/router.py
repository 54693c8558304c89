"""The router: mode, band, task and upstreams to routes, best first, and why.

It proposes and the ledger disposes: of the routes given, the first whose hold fits is taken. "Claude while a hold fits,
else local" is therefore just (cloud, local), and nothing here knows an amount.
"""

from __future__ import annotations

from dataclasses import replace

from budget.bands import Band
from budget.state import Mode
from proxy.choices import Choices
from proxy.coldcache import Worth
from proxy.decision import Decision, Escalation, View
from proxy.route import Fit, Route
from proxy.task import Task, Tier
from proxy.usable import doubt_of, unproved, usable


def decide(view: View, task: Task, fit: Fit) -> Decision:
    """Decide where a request may go."""
    tier = tier_of(view, task)
    local, unfit = usable(view, fit)
    choices = Choices(view, tier, local, unfit, doubt_of(view, local))
    found = _decided(choices)
    return found if local or not fit.has_tools else replace(found, unproved=unproved(view, fit))


def _decided(choices: Choices) -> Decision:
    view, tier = choices.view, choices.tier
    if view.ruling.route == "block" and view.mode is not Mode.observe:
        return choices.blocked()
    if tier is Tier.L3 and view.restricted == "local-only":
        return choices.only_local("restricted work stays local", "restricted")
    if view.mode is Mode.local:
        return _in_local_mode(choices)
    match view.override:
        case "local":
            return _by_hand_local(choices)
        case "cloud":
            return choices.only_cloud("asked for Claude")
    match view.mode:
        case Mode.auto:
            return _in_auto_mode(choices.swapped())
        case Mode.cloud:
            return choices.swapped().only_cloud("mode cloud")
        case Mode.observe:
            auto = _as_auto_would(choices)
            return choices.only_cloud("as asked", would=auto.routes[0] if auto.routes else None)


def _as_auto_would(choices: Choices) -> Decision:
    """Decide as mode auto would have, in a turn that it would have begun."""
    if choices.view.ruling.route == "block":
        return choices.blocked()
    view = choices.view
    if (view.sticky, view.sticky_tier) != (view.would, view.would_tier):
        choices = replace(choices, view=replace(view, sticky=view.would, sticky_tier=view.would_tier))
    return _in_auto_mode(choices.swapped())


def tier_of(view: View, task: Task) -> Tier:
    """Give the tier that counts: within a turn it only rises, and a session that was restricted stays so.

    A local turn that has outgrown what it was taken for counts as complex, unless a rule wants it local. A request that
    has lost its words to a compaction is what its turn was.
    """
    tier = max(task.tier, view.sticky_tier or Tier.L0) if view.sticky else task.tier
    if task.is_wordless and view.sticky_tier is not None and not view.ruling.tier_by:
        tier = view.sticky_tier
    if view.outgrown and view.ruling.route != "local":
        tier = max(tier, Tier.L2)
    return Tier.L3 if view.session_tier is Tier.L3 else tier


def _in_local_mode(choices: Choices) -> Decision:
    if choices.tier is Tier.L3:
        return choices.refuse(
            "restricted", "Restricted work goes only to Claude, and the mode is local. Way out: bursar mode auto."
        )
    return choices.only_local("mode local", "mode_local")


def _by_hand_local(choices: Choices) -> Decision:
    if choices.tier is Tier.L3:
        return choices.refuse("restricted", "Restricted work goes only to Claude, and local was asked for.")
    return choices.only_local("asked for local", "no_local")


def _in_auto_mode(choices: Choices) -> Decision:
    """What a rule says, else the routing table of PRODUCT.md, a line per tier."""
    if choices.view.ruling.route and choices.tier is not Tier.L3:
        return _by_rule(choices)
    if choices.view.sticky and not choices.sticky_is_outgrown():
        return _on_the_same_route(choices, choices.view.sticky)
    if choices.is_kept_warm():
        return choices.cloud_first(f"Claude: its warm cache is worth more ({_weighed(choices.view.worth)})")
    match choices.tier:
        case Tier.L0:
            return choices.local_first("local", "never")
        case Tier.L1:
            return choices.local_first("local first", _escalation(choices))
        case Tier.L2:
            grown = choices.view.outgrown
            return choices.cloud_first(f"Claude, as {grown}" if grown else "Claude")
        case Tier.L3:
            return choices.only_cloud("Claude only")


def _by_rule(choices: Choices) -> Decision:
    """Do as a rule says; a turn that has been at Claude does not come back from there."""
    sticky, ruling = choices.view.sticky, choices.view.ruling
    if ruling.route == "cloud":
        return choices.cloud_first(f"Claude, by {ruling.route_by}")
    if sticky and not sticky.is_local:
        return choices.cloud_first("turn stays on Claude")
    return choices.local_first(f"local first, by {ruling.route_by}", _escalation(choices))


def _on_the_same_route(choices: Choices, sticky: Route) -> Decision:
    if choices.tier is Tier.L3:
        return choices.only_cloud("Claude only")
    if not sticky.is_local:
        return choices.cloud_first("turn stays on Claude")
    return choices.local_first("turn stays local", _escalation(choices))


def _escalation(choices: Choices) -> Escalation:
    """Say when a local attempt may go on to Claude: not safe work, and less so as the budget goes."""
    if choices.tier not in (Tier.L1, Tier.L2) or (choices.tier is Tier.L2 and not choices.is_ruled_local):
        return "never"
    match choices.view.band:
        case Band.normal:
            return "freely"
        case Band.saving:
            return "on_failure"
        case Band.reserve | Band.cutoff:
            return "never"


def _weighed(worth: Worth | None) -> str:
    """Give both sides of the scales; the first is the heavier one."""
    return f"{worth.cooling.dollars(2, 'up')} against {worth.saved.dollars(2, 'down')}" if worth else ""
