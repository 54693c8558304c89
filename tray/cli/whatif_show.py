"""What `bursar whatif` tells, as JSON and in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pricing.figures import counted, noun
from pricing.machine import Speeds
from pricing.money import ZERO, Money
from proxy.replay.choices import Wish, about
from proxy.replay.outcome import OfTier
from proxy.replay.recorded import Day, Left
from proxy.replay.study import Study, break_even, per_day
from proxy.task import Tier
from tray.cli.show import columns, dollars, plain

BAR = 40
ALWAYS = (
    "What a local model answers is taken to be as good and as long as Claude's answer (--fails makes some of it bad).",
    "A refused request is missing and saves nothing; the rest of its turn is asked all the same.",
    "Requests are taken one after another, and each hold covers 32,000 tokens of output.",
    "All amounts are list prices: on a Pro or Max plan nothing of it is money.",
    "What sessions share is taken to be in Claude's cache as long as any of them is there.",
    "Left out: web searches, and cache that another way of working would have kept.",
)


def found_json(
    days: Sequence[Day],
    left: Left,
    studies: Mapping[str, Study],
    wish: Wish,
    gpu_price: Money,
    assumed: Sequence[str],
    source: str,
    speeds: Speeds,
    *,
    is_guess: bool,
) -> dict[str, Any]:
    """Tell what was replayed, what each policy comes to, and the case for a machine."""
    claude, count = studies["claude"], len(days)
    policies = [_policy_json(name, found, wish, count) for name, found in studies.items()]
    return {
        "since": days[0].day.isoformat(),
        "until": days[-1].day.isoformat(),
        "days": count,
        "source": source,
        "requests": claude.calls,
        "from_ledger": sum(was.row.through for day in days for was in day.was),
        "budget_usd": wish.budget.exact(),
        "cutoff_usd": wish.cutoff.exact(),
        "local_model": _local_json(wish, speeds, is_guess),
        "as_it_was": _as_it_was(days),
        "policies": policies,
        "case": [_case_json(name, found, gpu_price) for name, found in studies.items() if name != "claude"],
        "check": {
            "requests": claude.checked,
            "billed_usd": claude.bill.exact(),
            "replayed_usd": claude.bill_replayed.exact(),
        },
        "left_out": {"unpriced": dict(sorted(left.unpriced.items())), "empty": left.empty},
        "notes": _notes(days, left, studies, wish, assumed),
    }


def _local_json(wish: Wish, speeds: Speeds, is_guess: bool) -> dict[str, Any]:
    reads, writes = float(speeds.prefill), float(speeds.decode)
    return {"is_guess": is_guess, "context": wish.local.context, "reads": reads, "writes": writes}


def _policy_json(name: str, found: Study, wish: Wish, count: int) -> dict[str, Any]:
    outcome = found.outcome
    return {
        "name": name,
        "about": about(name, wish),
        "cost_usd": outcome.cost.exact(),
        "cost_a_day_usd": per_day(outcome.cost, count).exact(),
        "baseline_usd": outcome.baseline.exact(),
        "unanswered_usd": found.unanswered.exact(),
        "energy_usd": found.machine.marginal.exact(),
        "machine_usd": found.machine.full.exact(),
        "saved_usd": found.saved.exact(),
        "requests": found.calls,
        "local": found.at_local,
        "degraded": found.degraded,
        "refused": found.refused,
        "escalated": sum(outcome.escalated.values()),
        "too_long": found.too_long,
        "days_over_budget": sum(spent > wish.budget for spent in found.by_day.values()),
        "dearest_day_usd": max(found.by_day.values(), default=ZERO).exact(),
        "busy_hours_a_day": round(float(found.hours_a_day()), 2),
        "tiers": {tier.name: _of_json(outcome.tiers[tier]) for tier in Tier},
        "by_day": {day.isoformat(): spent.exact() for day, spent in found.by_day.items()},
    }


def _of_json(of: OfTier) -> dict[str, Any]:
    return {
        "requests": of.calls,
        "local": of.at_local,
        "degraded": of.degraded,
        "refused": of.refused,
        "baseline_usd": of.baseline.exact(),
        "shifted_usd": of.baseline_at_local.exact(),
        "unanswered_usd": of.baseline_refused.exact(),
        "cost_usd": of.cost.exact(),
        "delta_usd": (of.baseline - of.baseline_refused - of.cost).exact(),
    }


def _as_it_was(days: Sequence[Day]) -> dict[str, Any]:
    every = [was for day in days for was in day.was]
    return {
        "cost_usd": Money.total(was.row.cost for was in every).exact(),
        "machine_usd": Money.total(was.machine for was in every).exact(),
        "requests": len(every),
        "local": sum(was.is_local for was in every),
    }


def _case_json(name: str, found: Study, gpu_price: Money) -> dict[str, Any]:
    even, sound = (break_even(found, saved, gpu_price) for saved in (found.saved, found.saved_soundly))
    ranked = sorted(found.outcome.classes.items(), key=lambda pair: -pair[1].baseline.picos)
    return {
        "policy": name,
        "classes": {kind: _of_json(of) for kind, of in ranked},
        "gpu_usd": even.price.exact(),
        "brings_in_a_day_usd": even.a_day.exact(),
        "break_even_days": None if even.days is None else float(round(even.days, 1)),
        "without_degraded_a_day_usd": sound.a_day.exact(),
        "without_degraded_days": None if sound.days is None else float(round(sound.days, 1)),
        "busy_hours_a_day": round(float(found.hours_a_day()), 2),
        "too_much_for_one": found.is_too_much,
    }


def _notes(
    days: Sequence[Day], left: Left, studies: Mapping[str, Study], wish: Wish, assumed: Sequence[str]
) -> list[str]:
    every = [was for day in days for was in day.was]
    claude = studies["claude"]
    notes = []
    if claude.bill:
        off = (claude.bill_replayed - claude.bill).picos / claude.bill.picos
        notes.append(
            f"The replay's own error: {counted(claude.checked, 'request')} of conversations that were at Claude alone "
            f"came to {claude.bill.dollars()}, and the replay makes "
            f"{claude.bill_replayed.dollars()} of them ({off:+.1%}). What Claude's cache held of them "
            "is as it was recorded; what other routes would have done to it is worked out and cannot be checked."
        )
    else:
        notes.append("The replay's own error is not known: no conversation was at Claude alone.")
    notes += [f"Assumed {said}." for said in assumed]
    untaken = sum(not was.row.tier for was in every)
    apart = (
        (untaken, "without a tier, taken for L2."),
        (sum(was.estimated for was in every), "answered locally: tokens by the local model's own count."),
        (sum(left.unpriced.values()), f"without a price, left out: {', '.join(sorted(left.unpriced))}."),
        (left.empty, "without tokens of a prompt, left out."),
    )
    notes += [f"{counted(number, 'request')} {said}" for number, said in apart if number]
    if any(not was.row.through for was in every):
        notes.append("Logs leave out summaries and answers that were cut off; their moments are those of answers.")
    notes += [
        f"{name}: {counted(found.too_long, 'request')} that may go local "
        f"{noun(found.too_long, 'does', 'do')} not fit into {wish.local.context:,} tokens."
        for name, found in studies.items()
        if found.too_long and name != "claude"
    ]
    hours = [(name, found.hours_a_day()) for name, found in studies.items() if found.hours_a_day() > 8]
    notes += [f"{name}: the machine would be busy for {float(many):.1f} h a day." for name, many in hours]
    return [*notes, *ALWAYS]


def words(found: dict[str, Any]) -> str:
    """Tell a person."""
    head = (
        f"{found['since']} to {found['until']}: {counted(found['days'], 'recorded day')}, "
        f"{counted(found['requests'], 'request')} "
        f"({found['from_ledger']:,} from the ledger, {found['requests'] - found['from_ledger']:,} imported); "
        f"budget {dollars(found['budget_usd'])}, cutoff {dollars(found['cutoff_usd'])}"
    )
    parts = [head, *_guess(found["local_model"]), _table(found), _bars(found)]
    if found["case"]:
        parts += [_case(found), _machines(found)]
    return "\n\n".join([*parts, "\n".join(f"- {plain(note)}" for note in found["notes"])])


def _guess(local: dict[str, Any]) -> list[str]:
    """Say that no local model is known, where that is so, and what is put in its place."""
    if not local["is_guess"]:
        return []
    return [
        "No local model has been measured on this machine. What is told as local below assumes one that holds "
        f"{local['context']:,} tokens, reads {local['reads']:,.0f} and writes {local['writes']:,.0f} of them a second, "
        "and answers as well as Claude.\nWithout one, mode auto costs what `claude` costs, up to the cutoff. "
        "To measure yours, start it and run: bursar bench"
    ]


def _table(found: dict[str, Any]) -> str:
    days, was = found["days"], found["as_it_was"]
    title = ("policy", "cost", "a day", "of all Claude", "saved", "local", "degraded", "refused", "days over", "")
    lines: list[tuple[str, ...]] = [title]
    real = Money.usd(was["cost_usd"])
    told = f"as it was, and {dollars(was['machine_usd'])} for the machine" if was["local"] else "as it was"
    local = _share(was["local"], was["requests"])
    lines.append(("was", real.dollars(), _a_day(real, days), "", "", local, "", "", "", told))
    for policy in found["policies"]:
        cost, baseline = Money.usd(policy["cost_usd"]), Money.usd(policy["baseline_usd"])
        count = policy["requests"]
        lines.append(
            (
                policy["name"],
                cost.dollars(),
                _a_day(cost, days),
                f"{cost.picos / baseline.picos:.0%}" if baseline else "-",
                dollars(policy["saved_usd"]),
                _share(policy["local"], count),
                _share(policy["degraded"], count),
                _share(policy["refused"], count),
                str(policy["days_over_budget"]),
                policy["about"],
            )
        )
    return columns(lines, frozenset(range(1, 9)))


def _bars(found: dict[str, Any]) -> str:
    """Draw what each policy costs, with what it leaves undone."""
    rows = [("was", Money.usd(found["as_it_was"]["cost_usd"]), ZERO)]
    rows += [(p["name"], Money.usd(p["cost_usd"]), Money.usd(p["unanswered_usd"])) for p in found["policies"]]
    most = max((cost + undone for _, cost, undone in rows), default=ZERO).picos or 1
    lines = []
    for name, cost, undone in rows:
        full, missing = (round(BAR * amount.picos / most) for amount in (cost, undone))
        said = f"  + {undone.dollars()} of work refused" if undone else ""
        lines.append(f"{name:9} {'█' * full}{'░' * missing} {cost.dollars()}{said}")
    return "\n".join(lines)


def _case(found: dict[str, Any]) -> str:
    case = next((each for each in found["case"] if each["policy"] == "auto"), found["case"][0])
    lines: list[tuple[str, ...]] = [
        (f"by task class: {case['policy']}", "requests", "all Claude", "went local", "refused", "cost", "delta")
    ]
    for kind, of in case["classes"].items():
        baseline, shifted = Money.usd(of["baseline_usd"]), Money.usd(of["shifted_usd"])
        share = f"{shifted.picos / baseline.picos:.0%}" if baseline else "-"
        amounts = (dollars(of["cost_usd"]), dollars(of["delta_usd"]))
        row = (plain(kind), f"{of['requests']:,}", baseline.dollars(), share, f"{of['refused']:,}", *amounts)
        lines.append(row)
    return columns(lines, frozenset(range(1, 7)))


def _machines(found: dict[str, Any]) -> str:
    lines = [f"A machine for {dollars(found['case'][0]['gpu_usd'])}, energy taken off, pays for itself"]
    for case in found["case"]:
        brings = f"{dollars(case['brings_in_a_day_usd'])} a day, busy {case['busy_hours_a_day']:.1f} h"
        if case["too_much_for_one"]:
            lines.append(f"  {case['policy']:9} never: it would have to work {case['busy_hours_a_day']:,.0f} h a day")
            continue
        line = f"  {case['policy']:9} {_when(case['break_even_days'])} ({brings})"
        if case["without_degraded_a_day_usd"] != case["brings_in_a_day_usd"]:
            line += f"; if degraded work is worth nothing: {_when(case['without_degraded_days'])}"
        lines.append(line)
    return "\n".join(lines)


def _when(days: float | None) -> str:
    return "never" if days is None else f"after {days:,.0f} such days"


def _a_day(amount: Money, days: int) -> str:
    return per_day(amount, days).dollars()


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else "-"
