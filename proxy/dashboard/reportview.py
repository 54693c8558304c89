"""The report's pictures: its figures turned into places on two charts, and into lines of tables.

As in `charts`: across, places are thousandths of the width; down, thousandths of the height, from the top.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from budget.imported import Imported, ImportedDay
from budget.savings import Cut, Parts, Session
from budget.weekly import Day, Report, Sums
from pricing.figures import share
from pricing.money import PICOS_PER_DOLLAR, ZERO, Money
from proxy.dashboard.charts import FULL, Mark

MOST_LINES = 12
MOST_SESSIONS = 10


@dataclass(frozen=True, slots=True)
class DayBars:
    """One day: what it would have cost at Claude alone (`alone`), beside that Claude and this machine, as heights."""

    at: int
    width: int
    alone: int
    claude: int
    local: int
    budget: int
    is_over: bool
    day: Day


@dataclass(frozen=True, slots=True)
class Course:
    """The days side by side, with marks of whole dollars up the side."""

    days: tuple[DayBars, ...]
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class PastBar:
    """One day of what was imported, as a height; None where there is nothing of it."""

    at: int
    width: int
    high: int
    day: ImportedDay | None


@dataclass(frozen=True, slots=True)
class Past:
    """What was imported of the days: a picture of its own, so that nobody takes it for spend of bursar's."""

    bars: tuple[PastBar, ...]
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One step from what Claude alone would have charged to what it came to: `low` and `high` are its ends."""

    name: str
    what: str
    amount: Money
    at: int
    width: int
    kind: str
    about: str


@dataclass(frozen=True, slots=True)
class Line:
    """What has one name in a table. `listed` is what is saved on a plan, at list prices: no dollars."""

    name: str
    requests: int
    baseline: Money
    claude: Money
    local: Money
    saved: Money
    listed: Money
    unknown: int


@dataclass(frozen=True, slots=True)
class Change:
    """One figure of last week and of this one, as text; `trend` says whether that is good, bad, or neither."""

    name: str
    before: str
    now: str
    change: str
    trend: str = ""


PARTS = {
    "moved": ("Answered locally", "what Claude would have charged for it"),
    "swapped": ("Answered by a cheaper Claude model", "the difference to the model that was asked for"),
    "cold": ("Cold caches", "what Claude charged more for them, less what the cache keeper saved"),
    "energy": ("Energy", "of local answers"),
    "wear": ("Wear and upkeep", "of this machine, for local answers"),
    "idle": ("Idle hours", "of a machine that runs for nothing else, by its busy ones"),
    "escalated": ("Not good enough", "local attempts that another model then answered"),
}
"""What savings consist of, in words."""
WHY = {
    "stopped": "all cloud traffic was stopped",
    "cutoff": "the cutoff was reached",
    "full": "it did not fit under the cutoff",
    "no_local": "no local model could take it",
    "mode_local": "the mode was local",
    "mode": "the mode was local",
    "restricted": "restricted work had nowhere to go",
    "does_not_fit": "it does not fit the local model",
    "trouble": "the ledger could not be written",
    "blocked": "a rule blocks it",
}
"""Why requests were refused, in words."""


def course(days: Sequence[Day]) -> Course:
    """Draw the days."""
    heights = [max(day.baseline.likely, day.claude + day.local, _budget(day)) for day in days]
    top = Money(max(*heights, Money(1)).picos * 21 // 20)
    slot = FULL // len(days)
    bars = tuple(
        DayBars(
            at=number * slot + slot // 7,
            width=slot - 2 * slot // 7,
            alone=_part(day.baseline.likely, top),
            claude=_part(day.claude, top),
            local=_part(day.local, top),
            budget=_part(_budget(day), top),
            is_over=day.claude > _budget(day) > ZERO,
            day=day,
        )
        for number, day in enumerate(days)
    )
    return Course(bars, tuple(_dollars(top)))


def past(found: Imported, days: Sequence[Day]) -> Past:
    """Draw what was imported, on the days of the report."""
    by_day = {each.day: each for each in found.days}
    top = Money(max(Money(1), *(each.cost for each in found.days)).picos * 21 // 20) if by_day else Money(1)
    slot = FULL // len(days)
    bars = tuple(
        PastBar(number * slot + slot // 7, slot - 2 * slot // 7, _part(one.cost, top) if one else 0, one)
        for number, one in enumerate(by_day.get(day.day) for day in days)
    )
    return Past(bars, tuple(_dollars(top)) if by_day else ())


def steps(baseline: Money, parts: Parts) -> tuple[Step, ...]:
    """Lead from a baseline to what it came to, a step for each part that is not zero; the last is the sum."""
    found = [("alone", "At Claude alone", "with its prompt cache warm", ZERO, baseline, "total")]
    at = baseline
    for name, (what, about) in PARTS.items():
        amount: Money = getattr(parts, name)
        if amount:
            found.append((name, what, about, at, at - amount, "less" if amount > ZERO else "more"))
            at = at - amount
    found.append(("came-to", "What it came to", "Claude and this machine", ZERO, at, "total"))
    highest = max(Money(1), *(max(since, until) for *_, since, until, _ in found))
    lowest = min(ZERO, *(min(since, until) for *_, since, until, _ in found))
    whole = highest - lowest
    return tuple(
        Step(
            name=name,
            what=what,
            amount=until - since,
            at=_part(min(since, until) - lowest, whole),
            width=max(2, _part(max(since, until) - min(since, until), whole)),
            kind=kind,
            about=about,
        )
        for name, what, about, since, until, kind in found
    )


def lines(cuts: Iterable[Cut], most: int = MOST_LINES, *, by_name: bool = False) -> tuple[Line, ...]:
    """Give the lines of a table, what would have cost most first, or by their names; the rest in one line."""
    ordered = [cut for cut in cuts if _is_something(cut)]
    ordered.sort(key=lambda cut: cut.name) if by_name else ordered.sort(key=_size, reverse=True)
    shown, rest = ordered[:most], ordered[most:]
    if len(rest) > 1:
        shown.append(sum(rest, Cut(f"{len(rest)} others")))
    else:
        shown += rest
    return tuple(_line(cut) for cut in shown)


def session_lines(sessions: Sequence[Session]) -> tuple[tuple[Session, Line], ...]:
    """Give the sessions that would have cost most."""
    return tuple((session, _line(session.cut)) for session in sessions[:MOST_SESSIONS])


def changes(report: Report) -> tuple[Change, ...]:
    """Lay this week beside the one before; nothing in the first."""
    now, before = report.sums, report.before
    if before is None:
        return ()
    found = [
        _money("Charged by Claude", before.paid, now.paid, less_is="good"),
        _money("This machine", before.local_full, now.local_full),
        _money("At Claude alone", before.baseline.likely, now.baseline.likely),
        _money("Saved", before.saved.likely, now.saved.likely, less_is="bad"),
        _money("On a plan, at list prices", before.listed, now.listed),
        _number("Requests", before.requests, now.requests),
        _percent("Of them answered locally", before.local_permille, now.local_permille),
        _percent("Local answers not good enough", before.escalated_permille, now.escalated_permille, less_is="good"),
        _number("Second best: local for want of budget", before.degraded, now.degraded, less_is="good"),
        _number("Refused", before.refused, now.refused, less_is="good"),
        _rate("A million local tokens", before, now),
    ]
    return tuple(change for change in found if change is not None)


def _line(cut: Cut) -> Line:
    paid, plan = cut.paid, cut.plan
    return Line(
        name=cut.name,
        requests=cut.requests,
        baseline=paid.baseline.likely + plan.baseline.likely,
        claude=paid.cloud + plan.cloud + cut.unknown.cloud,
        local=paid.local + cut.unknown.local,
        saved=paid.saved.likely,
        listed=plan.saved.likely,
        unknown=cut.unknown.requests,
    )


def _is_something(cut: Cut) -> bool:
    return bool(cut.requests or cut.paid.local or cut.paid.cloud or cut.plan.cloud)


def _size(cut: Cut) -> tuple[Money, int, str]:
    return cut.paid.baseline.likely + cut.plan.baseline.likely + cut.unknown.cloud, cut.requests, cut.name


def _money(name: str, before: Money, now: Money, less_is: str = "", *, is_rate: bool = False) -> Change | None:
    if not before and not now:
        return None
    change = now - before
    sign = "+" if change > ZERO else ""
    show = Money.fine if is_rate else Money.dollars
    return Change(name, show(before), show(now), f"{sign}{show(change)}", _trend(change.picos, less_is))


def _number(name: str, before: int, now: int, less_is: str = "") -> Change | None:
    if not before and not now:
        return None
    return Change(name, f"{before:,}", f"{now:,}", f"{now - before:+,}", _trend(now - before, less_is))


def _percent(name: str, before: int | None, now: int | None, less_is: str = "") -> Change | None:
    if not before and not now:
        return None
    if before is None or now is None:
        return Change(name, share(before) or "–", share(now) or "–", "")
    change = now - before
    said = f"{'+' if change > 0 else ''}{share(change).removesuffix('%')} points"
    return Change(name, share(before), share(now), said, _trend(change, less_is))


def _rate(name: str, before: Sums, now: Sums) -> Change | None:
    """Lay beside each other what a million local tokens cost with everything."""
    rates = [_per_mtok(sums) for sums in (before, now)]
    if rates[0] is not None and rates[1] is not None:
        return _money(name, rates[0], rates[1], is_rate=True)
    shown = [rate.fine() if rate else "–" for rate in rates]
    return Change(name, shown[0], shown[1], "") if any(rates) else None


def _per_mtok(sums: Sums) -> Money | None:
    tokens = sums.local_tokens
    return Money(-(-sums.local_full.picos * 10**6 // tokens)) if tokens else None


def _trend(change: int, less_is: str) -> str:
    if not change or not less_is:
        return ""
    other = {"good": "bad", "bad": "good"}[less_is]
    return less_is if change < 0 else other


def _budget(day: Day) -> Money:
    return day.spent.budget if day.spent else ZERO


def _dollars(top: Money) -> Iterable[Mark]:
    """Mark a few round amounts: ones, twos or fives."""
    step = next(round_picos for round_picos in _ROUND if top.picos // round_picos <= 4)
    places = 0 if step >= PICOS_PER_DOLLAR else 2
    for amount in (Money(step * times) for times in range(1, top.picos // step + 1)):
        yield Mark(FULL - _part(amount, top), amount.dollars(places))


_ROUND = [digit * 10**power for power in range(6, 40) for digit in (1, 2, 5)]


def _part(amount: Money, whole: Money) -> int:
    return max(0, min(FULL, amount.picos * FULL // whole.picos))
