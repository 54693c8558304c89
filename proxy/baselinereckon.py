"""Reckoning: from a request's two worlds and how it ended to its baseline – pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from budget.baseline import A_PING, NOTHING, Baseline, Basis, Figures, Part, part_of
from budget.entries import Outcome, Settlement
from budget.prompt import Split
from pricing.bill import Bill, bill
from pricing.money import ZERO, Money
from pricing.tariff import Tariff
from pricing.tokens import Estimate, Kind, Ratios, Sizes
from pricing.usage import ImpossibleUsage, Usage, usage_from_anthropic
from proxy.baselineworld import Pending, Sent, View
from proxy.promptlengths import NO_REST
from proxy.promptsizes import BLOCK_BYTES, kind_of
from proxy.toolcalls.signals import Heard
from proxy.toolcalls.verdict import Failed

TOLD = ("speed", "inference_geo", "service_tier", "server_tool_use")
"""What an answer says beside its tokens that changes its price."""


class Unpriced(ValueError):
    """There is no price for the model that was asked for, so that nobody can say what it would have cost."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a request ended: its settlement, the provider's own usage object, what a local model said where it could be
    read, and whether its session had been elsewhere than at the model it asked for.
    """

    settlement: Settlement
    usage: Mapping[str, Any]
    said: Heard | None
    has_diverged: bool


def reckon(sent: Sent, pending: Pending | None, ended: Ended, ratios: Ratios) -> Baseline:
    """Tell what an entry's baseline is; `pending` is None where its prompt is not known."""
    settlement, part = ended.settlement, _part(sent, ended)
    is_ping = sent.is_ping and part is not Part.void
    basis, note, figures = _PINGED if is_ping else _told(pending, ended, part, ratios)
    return Baseline(
        hold_id=sent.hold_id,
        part=part,
        basis=basis,
        figures=figures,
        predicted=_predicted(pending, settlement, ended.usage) if pending and not is_ping else None,
        local_idle=settlement.local.idle if settlement.local else ZERO,
        is_plan=sent.is_plan,
        would=sent.would,
        note=note,
    )


_PINGED = (Basis.simulated, A_PING, NOTHING)


def _told(pending: Pending | None, ended: Ended, part: Part, ratios: Ratios) -> tuple[Basis, str, Figures | None]:
    """Say what a baseline rests on, and why."""
    if part in (Part.kept, Part.attempt, Part.void):
        return Basis.actual, "", None
    if pending is None:
        return Basis.none, "its prompt is not known", None
    if part is Part.cold and _is_the_same(pending, ended.usage):
        return Basis.actual, "Claude alone would have read the same", None
    try:
        figures, note = _figures(pending, ended, ended.usage, ratios)
    except (Unpriced, ImpossibleUsage) as error:
        return Basis.none, str(error), None
    return Basis.simulated, note, figures


def _part(sent: Sent, ended: Ended) -> Part:
    settlement = ended.settlement
    part = part_of(settlement.outcome, settlement.flags, is_local=sent.is_local, is_as_asked=sent.is_as_asked)
    if part is Part.void:
        return part
    return Part.cold if sent.is_ping or (part is Part.kept and ended.has_diverged) else part


def usage_of(settlement: Settlement) -> Mapping[str, Any]:
    """Give the provider's own usage object; empty where there is none."""
    try:
        usage = json.loads(settlement.raw_usage or "{}")
    except ValueError:
        return {}
    return usage if isinstance(usage, dict) else {}


def read_usage(raw: Mapping[str, Any]) -> Usage | None:
    """Read what a usage object says of a prompt, whatever it says of the output; None if no answer can have it."""
    try:
        return usage_from_anthropic(raw if "output_tokens" in raw else {"output_tokens": 0, **raw})
    except ImpossibleUsage:
        return None


def _is_the_same(pending: Pending, usage: Mapping[str, Any]) -> bool:
    """Tell whether both worlds divide a request alike, or it took several passes, which nobody can simulate."""
    really = pending.really
    assert really is not None, "only Claude leaves a cache cold"
    return bool(usage.get("iterations")) or (pending.warm is None and really.split.cuts == pending.alone.split.cuts)


def _predicted(pending: Pending, settlement: Settlement, usage: Mapping[str, Any]) -> Money | None:
    """Say what the simulator alone expected of a whole answer of Claude's; None where it could not know the cache."""
    if pending.really is None or settlement.outcome is not Outcome.complete or pending.warm is not None:
        return None
    if usage.get("iterations"):
        return None
    tariff = Tariff.of(_beside(usage), pending.sent.served, pending.sent.at, pending.prices)
    tokens = pending.really.split.tokens(settlement.usage.output)
    return None if tariff.is_provisional(tokens) else tariff.total(tokens)


def _figures(pending: Pending, ended: Ended, usage: Mapping[str, Any], ratios: Ratios) -> tuple[Figures, str]:
    """Price the request at the model that was asked for. Raises Unpriced, ImpossibleUsage."""
    alone, sent = pending.alone, pending.sent
    measured, note = _measured(pending, usage)
    output = _output(pending, ended, ratios)
    view = replace(alone, laid=measured) if measured else alone
    # Where the cache is not known the cheaper figure is taken: it claims less.
    likely = _at(view, pending.warm or alone.split)
    tokens = likely, view.laid.low(likely), view.laid.high(_at(view, alone.split))
    told = _beside(usage) if pending.really else pending.settings
    found, low, high = (
        _priced(sent, pending, {**told, **split.usage(count)})
        for split, count in zip(tokens, (output.likely, output.low, output.high), strict=True)
    )
    low_total = min(low.total, found.total)
    if sent.is_local and ended.settlement.outcome is Outcome.client_left:
        # Claude might not have been left, or be asked only once.
        low_total = ZERO
    notes = [note] if note else []
    notes += ["the cache of before this start is not known"] if pending.warm else []
    notes += [f"{found.usage.web_searches} web searches are in it"] if found.usage.web_searches else []
    return Figures(low_total, found.total, max(high.total, found.total), found.usage, found.rates), "; ".join(notes)


def _priced(sent: Sent, pending: Pending, usage: Mapping[str, Any]) -> Bill:
    found = bill(usage, sent.asked, sent.at, pending.prices)
    if found.provisional:
        raise Unpriced(f"no price is known for {sent.asked}"[:120])
    return found


def _measured(pending: Pending, usage: Mapping[str, Any]) -> tuple[Any, str]:
    """Fit the prompt to what Claude counted of it, if it did so with the same tokenizer."""
    laid, really = pending.alone.laid, pending.really
    if really is None or not usage or usage.get("iterations"):
        return None, ""
    if really.laid.generation != laid.generation:
        return None, "another tokenizer than the one that counted"
    told, places = usage_from_anthropic({"output_tokens": 0, **usage}), len(laid.prompt.blocks)
    earlier = tuple(pair for pair in laid.prompt.measured if pair[0] < places)
    prompt = laid.prompt.fitted((*earlier, (places, told.prompt)))
    return replace(laid, prompt=prompt, known=places, rest=NO_REST), ""


def _at(view: View, split: Split) -> Split:
    """Divide a prompt anew at the same places."""
    return view.laid.prompt.split(*split.cuts)


def _output(pending: Pending, ended: Ended, ratios: Ratios) -> Estimate:
    """Say how many tokens of the model that was asked for the answer has; what cannot be seen does not count."""
    tokens, generation = ended.settlement.usage.output, pending.alone.laid.generation
    if pending.really is None:
        if ended.said is not None:
            return ratios.tokens(generation, visible(ended.said))
        return ratios.from_local(generation, pending.sent.served, tokens)
    if pending.really.laid.generation == generation:
        return Estimate(tokens, tokens, tokens)
    mine, theirs = ratios.of(generation, Kind.prose), ratios.of(pending.really.laid.generation, Kind.prose)
    low, high = tokens * mine.low // theirs.high, -(-tokens * mine.high // theirs.low)
    return Estimate(low, -(-tokens * mine.likely // theirs.likely), high)


def visible(said: Heard) -> Sizes:
    """Measure what a local model visibly said: its text and its calls."""
    raw = said.text.encode("utf-8", "replace")
    sizes = {kind_of(raw): len(raw) + BLOCK_BYTES} if raw else {}
    calls = [verdict.call if isinstance(verdict, Failed) else verdict.use for verdict in said.verdicts]
    if calls:
        size = sum(len(call.name) + len(call.arguments.encode("utf-8", "replace")) + 3 * BLOCK_BYTES for call in calls)
        sizes[Kind.calls] = size
    return sizes


def _beside(usage: Mapping[str, Any]) -> dict[str, Any]:
    return {name: usage[name] for name in TOLD if usage.get(name) is not None}
