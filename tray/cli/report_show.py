"""The weekly report for a terminal: a hundred columns at most, amounts one below the other."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence

from budget.report import Share
from budget.weekly import Day, Report
from pricing.addingup import left_of
from pricing.figures import counted, noun, share
from pricing.money import ZERO, Money
from proxy.asjson import computed
from proxy.dashboard.reportview import WHY, Line, changes, lines, session_lines, steps
from proxy.keeper.facts import pings_json
from proxy.keeper.words import came_to
from tray.cli.show import columns, fine_dollars, kwh, plain

WIDTH = 100
LONGEST_NAME = 30


def report_words(report: Report, learned: str = "") -> str:
    """Tell a report in words and tables; `learned` says what the conversion of local tokens rests on."""
    head = f"{report.since} to {report.until}"
    if report.is_empty:
        return "\n\n".join((f"{head}: nothing was spent", *_imported(report)))
    blocks = [
        f"{head}: {_spent(report)}{'' if report.is_over or not report.name else ' so far'}",
        *_saved(report, learned),
        *_advice(report),
        _days(report.days),
        *_imported(report),
        *_steps(report),
        _shares("model", report.spend.models),
        _shares("tier", report.spend.tiers),
        *_cuts(report),
        *_machine(report),
        *_kept_warm(report),
        *_unserved(report),
        *_changes(report),
        *_sessions(report),
    ]
    return "\n\n".join(blocks)


def _spent(report: Report) -> str:
    unsure = report.spend.charged - report.spend.likely
    about = f", of which {unsure.dollars()} unconfirmed" if unsure > ZERO else ""
    return f"{report.spend.charged.dollars()} for {_requests(report.sums.requests)}{about}"


def _saved(report: Report, learned: str) -> Iterator[str]:
    """Say what was saved, with its range and how far it can be believed."""
    sums, total, error = report.sums, report.savings.total, report.savings.error
    said = []
    if total.paid.requests:
        saved = sums.saved.likely
        verdict = f"Saved {saved.dollars()}" if saved >= ZERO else f"Cost {(-saved).dollars()} more than it saved"
        alone, claude, here, _ = left_of(sums.baseline.likely, total.paid.cloud, total.paid.local)
        arithmetic = f"{alone} at Claude alone − {claude} Claude − {here} here"
        said.append(f"{verdict}: {arithmetic}.")
        if sums.saved.low != sums.saved.high:
            said.append(f"Between {sums.saved.low} and {sums.saved.high}: tokens of local answers are estimated.")
            said += [plain(learned)] if learned else []
        if sums.local_full != sums.local_marginal:
            said.append(f"With this machine's energy alone: {total.paid.saved_marginal.likely}.")
    if report.has_plan:
        listed = f"{sums.plan_baseline.likely} alone, {total.plan.cloud} at Claude, {sums.plan_saved.likely} less"
        said.append(f"On a plan, at list prices and so no dollars: {listed}.")
    if error.requests:
        said.append(
            f"Checked on {_requests(error.requests)} that Claude answered: the simulation is "
            f"{share(error.permille)} off in all, {share(error.off_permille)} each."
        )
    if sums.unknown:
        said.append(
            f"Of {_requests(sums.requests)}, {sums.unknown:,} of {sums.unknown_cost} at Claude cannot be compared: "
            "nobody knows what they would have cost."
        )
    if said:
        yield "\n".join(_wrapped(line) for line in said)


def _advice(report: Report) -> Iterator[str]:
    if report.advice:
        said = ["What to change"]
        for number, one in enumerate(report.advice, 1):
            said.append(_wrapped(f"{number}. {one.title}", "   "))
            said.append(_wrapped(one.arithmetic, "   ", "   "))
            if one.command or one.setting:
                said.append(f"   → {plain(one.command or one.setting)}")
        yield "\n".join(said)


def _days(days: Sequence[Day]) -> str:
    rows = [("day", "requests", "spent", "budget", "alone", "machine", "saved", "")]
    for day in days:
        spent = day.spent
        if spent is None:
            continue
        figures = (spent.settled.dollars(4), spent.budget.dollars())
        compared = (day.baseline.likely.dollars(), day.local.dollars(), day.saved.likely.dollars())
        rows.append((f"{day.day:%a} {day.day}", f"{day.requests:,}", *figures, *compared, _reached(day)))
    return columns(rows, frozenset(range(1, 7)))


def _imported(report: Report) -> Iterator[str]:
    """Say what agents' own logs tell of requests beside bursar, apart from all other figures."""
    found, before = report.imported, report.imported_before
    rows: list[tuple[str, ...]] = [("imported, not through bursar", "requests", "at list prices")]
    rows += [(f"{day.day:%a} {day.day}", f"{day.requests:,}", day.cost.dollars()) for day in found.days]
    said = ["No budget and no savings count what was imported."]
    if found.unpriced:
        said.append(f"{found.unpriced:,} of its requests, of models without a price, are not in the amounts.")
    if before.days:
        said.append(f"The seven days before: {before.cost} for {_requests(before.requests)}.")
    if found.days or before.days:
        yield "\n".join((columns(rows, frozenset({1, 2})), *map(_wrapped, said)))


def _reached(day: Day) -> str:
    return "cutoff reached" if day.cutoff_at else "budget used up" if day.budget_at else ""


def _steps(report: Report) -> Iterator[str]:
    paid = report.savings.total.paid
    found = steps(paid.baseline.likely, paid.parts)
    if len(found) > 2:
        rows = [
            (step.what, f"{'+' if step.kind == 'more' else ''}{step.amount.dollars(4)}", step.about) for step in found
        ]
        yield columns(rows, frozenset({1}))


def _shares(title: str, shares: Iterable[Share]) -> str:
    rows = [(title, "requests", "spent")]
    rows += [(_named(share), str(share.answered), share.charged.dollars(4)) for share in shares]
    return columns(rows, frozenset({1, 2}))


def _cuts(report: Report) -> Iterator[str]:
    for title, name in (("mode", "mode"), ("asked for", "model"), ("project", "project"), ("agent", "agent")):
        found = lines(report.savings.by[name], 8)
        if found and (len(found) > 1 or found[0].name):
            yield _compared(title, found)


def _compared(title: str, found: Iterable[Line]) -> str:
    rows: list[tuple[str, ...]] = [(title, "requests", "alone", "Claude", "machine", "saved")]
    for line in found:
        amounts = (line.baseline, line.claude, line.local, line.saved)
        rows.append((_short(line.name), f"{line.requests:,}", *(amount.dollars() for amount in amounts)))
    return columns(rows, frozenset(range(1, 6)))


def _machine(report: Report) -> Iterator[str]:
    """Say what the local machine spent, by model, with its units, and how it is known; nothing without local work."""
    if not report.models:
        return
    rows: list[tuple[str, ...]] = [
        ("local model", "requests", "tokens", "energy", "energy only", "per MTok", "everything", "per MTok")
    ]
    shares = {one.name: one for one in report.spend.models if one.is_local}
    rows += [(_short(name, 24), str(one.requests), *_local_cells(one)) for name, one in sorted(shares.items())]
    said = ["Tokens are those read anew and written; no limit counts this machine's own cost."]
    said += [
        f"{_short(model.name)}: {counted(model.attempts, 'answer')} ({share(model.escalated_permille)}) "
        f"{noun(model.attempts, 'was', 'were')} not good enough."
        for model in report.models
        if model.attempts
    ]
    if report.spend.local is not None:
        said += [_wrapped(f"Known by: {known}") for known in report.spend.local.provenance.splitlines()]
    yield columns(rows, frozenset(range(1, 8)))
    yield "\n".join(said)


def _local_cells(share: Share) -> tuple[str, ...]:
    cost, tokens = share.local, computed(share.usage)
    if cost is None:
        return ("", "", "not known", "", "not known", "")
    return (
        f"{tokens:,}" if tokens else "-",
        kwh(cost.joules_milli),
        *_with_rate(cost.marginal, tokens),
        *_with_rate(cost.full, tokens),
    )


def _with_rate(amount: Money, tokens: int) -> tuple[str, str]:
    rate = Money(-(-amount.picos * 10**6 // tokens)) if tokens else None
    return fine_dollars(amount.exact()), fine_dollars(rate.exact()) if rate else "-"


def _kept_warm(report: Report) -> Iterator[str]:
    if report.pings.sent:
        yield _wrapped(f"Cache keeper: {came_to(pings_json(report.pings))}.", "  ")


def _unserved(report: Report) -> Iterator[str]:
    said = []
    for one in report.degraded:
        said.append(f"{_requests(one.number)} of {one.tier} went local, second best: Claude was closed to them.")
    for one in report.refused:
        said.append(f"{_requests(one.number)} of {one.tier or 'no tier'} refused: {WHY.get(one.why, one.why)}.")
    if said:
        yield "\n".join(said)


def _changes(report: Report) -> Iterator[str]:
    found = changes(report)
    if found:
        rows = [("beside the week before", "before", "now", "change")]
        rows += [(one.name, one.before, one.now, one.change) for one in found]
        yield columns(rows, frozenset({1, 2, 3}))


def _sessions(report: Report) -> Iterator[str]:
    found = session_lines(report.savings.sessions)[:5]
    if found:
        rows: list[tuple[str, ...]] = [
            ("largest sessions", "project", "requests", "alone", "Claude", "machine", "saved")
        ]
        for session, line in found:
            amounts = (line.baseline, line.claude, line.local, line.saved)
            project = _short(session.project.rstrip("/").rpartition("/")[2], 24)
            rows.append(
                (_short(line.name, 9), project, f"{line.requests:,}", *(amount.dollars() for amount in amounts))
            )
        yield columns(rows, frozenset(range(2, 7)))


def _named(share: Share) -> str:
    return f"{_short(share.name)}{' (local)' if share.is_local else ''}"


def _short(name: str, most: int = LONGEST_NAME) -> str:
    shown = plain(name) or "-"
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


def _requests(number: int) -> str:
    return counted(number, "request")


def _wrapped(text: str, indent: str = "", first: str = "") -> str:
    return textwrap.fill(plain(text), WIDTH, initial_indent=first, subsequent_indent=indent)
