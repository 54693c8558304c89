"""Savings: what sessions would have cost at Claude alone, less what they did cost there and on the local machine.

They may be negative. Every amount here is a sum of whole rows, so whichever way it is cut, the parts add up exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Protocol

from budget.baselinesums import SUBAGENT
from budget.schema import BASELINE_VALUES
from pricing.money import ZERO, Money

MAIN = "main"
"""The agent that a person talks to, beside its sub-agents."""

CUTS = ("day", "mode", "tier", "task_class", "model", "answered", "project", "agent")
"""By what savings are told: `model` is the one that was asked for, `answered` the one that answered."""


class Sums(Protocol):
    """Where sums come from: the ledger that runs, or one at rest."""

    def totals(self, since: date, until: date) -> list[dict[str, Any]]:
        """List the rows of the table `baseline_totals` between two days, both included."""

    def sessions(self, since: date, until: date) -> list[dict[str, Any]]:
        """List the rows of the table `baseline_sessions` between two days, both included."""


@dataclass(frozen=True, slots=True)
class Range:
    """An amount that is not known exactly."""

    low: Money = ZERO
    likely: Money = ZERO
    high: Money = ZERO

    def __add__(self, other: Range) -> Range:
        return Range(self.low + other.low, self.likely + other.likely, self.high + other.high)

    def less(self, cost: Money) -> Range:
        """Take an exact cost off."""
        return Range(self.low - cost, self.likely - cost, self.high - cost)


@dataclass(frozen=True, slots=True)
class Parts:
    """What savings consist of, each signed so that all of them add up to what was saved.

    moved: what Claude would have charged for what local models answered. swapped: what cheaper Claude models saved.
    cold: what Claude charged more after a session had been elsewhere, mostly to write its cache again. energy, wear
    and idle: what local answers cost, wear with operation, idle for the hours in which the machine does nothing.
    escalated: what local attempts cost, with everything, that another model then answered.
    """

    moved: Money = ZERO
    swapped: Money = ZERO
    cold: Money = ZERO
    energy: Money = ZERO
    wear: Money = ZERO
    idle: Money = ZERO
    escalated: Money = ZERO

    @property
    def total(self) -> Money:
        """Add them up."""
        return Money.total(getattr(self, part.name) for part in fields(self))

    def __add__(self, other: Parts) -> Parts:
        return Parts(*(getattr(self, part.name) + getattr(other, part.name) for part in fields(self)))


@dataclass(frozen=True, slots=True)
class Sum:
    """Requests with a known baseline: how many, what they would have cost, what they did cost.

    `local` is with everything, `marginal` only its energy. `kept` requests went to Claude as asked, in a session that
    had been nowhere else; `returned` ones after it had.
    """

    requests: int = 0
    kept: int = 0
    returned: int = 0
    moved: int = 0
    swapped: int = 0
    attempts: int = 0
    baseline: Range = Range()
    cloud: Money = ZERO
    local: Money = ZERO
    marginal: Money = ZERO
    parts: Parts = Parts()

    @property
    def saved(self) -> Range:
        """Baseline less cloud less local with everything; may be negative."""
        return self.baseline.less(self.cloud + self.local)

    @property
    def saved_marginal(self) -> Range:
        """The same where the hardware is there anyway, so that local work costs its energy alone."""
        return self.baseline.less(self.cloud + self.marginal)

    def __add__(self, other: Sum) -> Sum:
        return Sum(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))


@dataclass(frozen=True, slots=True)
class Unknown:
    """Requests whose baseline nobody knows, and what they cost: they are in no other figure."""

    requests: int = 0
    cloud: Money = ZERO
    local: Money = ZERO

    def __add__(self, other: Unknown) -> Unknown:
        return Unknown(self.requests + other.requests, self.cloud + other.cloud, self.local + other.local)


@dataclass(frozen=True, slots=True)
class Cut:
    """What has one name. `paid` is in dollars; `plan` is what requests on a Pro or Max plan come to at list prices.

    No dollars are saved on a plan: of its requests `paid` has only what local work cost.
    """

    name: str
    paid: Sum = Sum()
    plan: Sum = Sum()
    unknown: Unknown = Unknown()

    @property
    def requests(self) -> int:
        """All of them, known or not; those on a plan count once."""
        return self.paid.requests + self.unknown.requests

    def __add__(self, other: Cut) -> Cut:
        return Cut(self.name, self.paid + other.paid, self.plan + other.plan, self.unknown + other.unknown)


@dataclass(frozen=True, slots=True)
class Error:
    """How wrong the simulation is, on `requests` that Claude really answered: what it said, and what was charged.

    `off` adds up how far it was off each, whichever way.
    """

    requests: int = 0
    said: Money = ZERO
    charged: Money = ZERO
    off: Money = ZERO

    @property
    def permille(self) -> int | None:
        """By how many thousandths the sum is too high, below zero too low; None without a sample."""
        return _permille(self.said - self.charged, self.charged)

    @property
    def off_permille(self) -> int | None:
        """The same with no error set off against another."""
        return _permille(self.off, self.charged)


@dataclass(frozen=True, slots=True)
class Would:
    """What mode auto would have sent elsewhere while the mode was observe, and what that did cost at Claude."""

    requests: int = 0
    cost: Money = ZERO


@dataclass(frozen=True, slots=True)
class Session:
    """One session; `saved` may be negative."""

    cut: Cut
    project: str
    since: str
    until: str


@dataclass(frozen=True, slots=True)
class Savings:
    """What some days saved: in all, cut each way (see CUTS), by session, and how far it can be believed."""

    since: date
    until: date
    total: Cut
    by: Mapping[str, tuple[Cut, ...]]
    sessions: tuple[Session, ...]
    error: Error
    would: Would


def savings(sums: Sums, since: date, until: date) -> Savings:
    """Work out what was saved between two days, both included, from the sums of baselines alone."""
    rows = sums.totals(since, until)
    return Savings(
        since=since,
        until=until,
        total=total_of(rows),
        by={name: _cuts(rows, _NAMES[name]) for name in CUTS},
        sessions=_sessions(sums.sessions(since, until)),
        error=_error(rows),
        would=Would(sum(row["would_requests"] for row in rows), Money(sum(row["would_likely"] for row in rows))),
    )


def total_of(rows: Iterable[Mapping[str, Any]]) -> Cut:
    """Sum up rows of the table `baseline_totals` in one."""
    return next(iter(_cuts(rows, lambda _: "")), Cut(""))


def row_cut(row: Mapping[str, Any]) -> Cut:
    """Tell what one row of sums is to savings."""
    if row["basis"] == "none":
        return Cut("", unknown=Unknown(row["requests"], Money(row["cloud"]), Money(row["local_full"])))
    whole = _sum(row)
    if not row["is_plan"]:
        return Cut("", paid=whole)
    costs = {**row, "low": 0, "likely": 0, "high": 0, "cloud": 0}
    return Cut("", paid=_sum(costs), plan=whole)


_VALUES = tuple(BASELINE_VALUES.split(", "))
_COUNTED = {"kept": "kept", "cold": "returned", "moved": "moved", "swapped": "swapped", "attempt": "attempts"}


def _sum(row: Mapping[str, Any]) -> Sum:
    part, requests = str(row["part"]), int(row["requests"])
    full, marginal = Money(row["local_full"]), Money(row["local_marginal"])
    counted = {_COUNTED[part]: requests} if part in _COUNTED else {}
    return Sum(
        requests=requests,
        **counted,
        baseline=Range(Money(row["low"]), Money(row["likely"]), Money(row["high"])),
        cloud=Money(row["cloud"]),
        local=full,
        marginal=marginal,
        parts=_parts(part, Money(row["likely"] - row["cloud"]), marginal, Money(row["local_idle"]), full),
    )


def _parts(part: str, difference: Money, marginal: Money, idle: Money, full: Money) -> Parts:
    if part in ("attempt", "void"):
        return Parts(escalated=difference - full)
    costs = {"energy": -marginal, "wear": marginal + idle - full, "idle": -idle}
    match part:
        case "moved":
            return Parts(moved=difference, **costs)
        case "swapped":
            return Parts(swapped=difference, **costs)
        case _:
            # Of what Claude answered as asked the difference is none until the session has been elsewhere.
            return Parts(cold=difference, **costs)


_NAMES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    **{name: lambda row, name=name: str(row[name]) for name in ("day", "mode", "tier", "task_class", "project")},  # type: ignore[misc]
    "model": lambda row: str(row["model_asked"] or row["model"]),
    "answered": lambda row: str(row["model"]),
    "agent": lambda row: SUBAGENT if row["agent"] else MAIN,
}


def _cuts(rows: Iterable[Mapping[str, Any]], name_of: Callable[[Mapping[str, Any]], str]) -> tuple[Cut, ...]:
    """Sum up what has one name, in the order of the names: first as whole numbers, which is quick."""
    groups: dict[tuple[Any, ...], list[int]] = {}
    for row in rows:
        key = (name_of(row), row["is_plan"], row["part"], row["basis"])
        values = [row[value] for value in _VALUES]
        before = groups.get(key)
        groups[key] = values if before is None else [one + other for one, other in zip(before, values, strict=True)]
    cuts: dict[str, Cut] = {}
    for (name, is_plan, part, basis), values in sorted(groups.items()):
        row = {"is_plan": is_plan, "part": part, "basis": basis, **dict(zip(_VALUES, values, strict=True))}
        cuts[name] = cuts.get(name, Cut(name)) + row_cut(row)
    return tuple(cuts.values())


def _sessions(rows: Iterable[Mapping[str, Any]]) -> tuple[Session, ...]:
    """Sum up each session, the one that cost most at Claude alone first."""
    whole = list(rows)
    about: dict[str, tuple[str, str, str]] = {}
    for row in whole:
        project, since, until = about.get(row["session"], ("", row["since"], row["until"]))
        about[row["session"]] = (max(project, row["project"]), min(since, row["since"]), max(until, row["until"]))
    found = [Session(cut, *about[cut.name]) for cut in _cuts(whole, lambda row: str(row["session"]))]
    return tuple(sorted(found, key=_size, reverse=True))


def _size(session: Session) -> tuple[Money, str]:
    cut = session.cut
    return cut.paid.baseline.likely + cut.plan.baseline.likely + cut.unknown.cloud, cut.name


def _error(rows: Iterable[Mapping[str, Any]]) -> Error:
    found = list(rows)
    names = ("predicted_requests", "predicted", "predicted_actual", "predicted_off")
    requests, said, charged, off = (sum(row[name] for row in found) for name in names)
    return Error(requests, Money(said), Money(charged), Money(off))


def _permille(part: Money, whole: Money) -> int | None:
    return round(part.picos * 1000 / whole.picos) if whole else None
