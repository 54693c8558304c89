"""Reconcile: our entries beside the provider's own reports; tokens first, then money, and what mends the difference.

Lines are as fine as both sides know: a day, a model, and of service tier, context window, place and speed what that
day's reports tell. Where a model's tokens agree in sum and only their kinds do not, they are one line that says so.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any

from budget.billed import Ours
from budget.mending import Correction, estimated, in_proportion, left_for_estimates, on_the_dearest
from pricing.money import ZERO, Money
from pricing.providerreport import ALL, ANY, CODE, KINDS, OWNERS, SEARCH, Kind, ProviderReport
from pricing.usage import Usage

EQUAL_WITHIN = Money(10**8)
"""A hundredth of a cent: the provider's amounts are decimals of a cent."""


class Cause(StrEnum):
    """Why two sums differ, as far as the figures tell."""

    equal = "equal"
    unconfirmed = "answers that broke off were estimated"
    price = "same tokens, another price"
    kind = "same tokens, counted as another kind"
    around = "requests that did not pass through bursar"
    missing = "requests that the provider does not count"
    unknown = "not told by these reports"


@dataclass(frozen=True, slots=True)
class Cell:
    """A kind within a line, of which the two sides count different tokens."""

    kind: Kind
    usage: Usage
    their_usage: Usage


@dataclass(frozen=True, slots=True)
class Line:
    """A day, a model and a kind: what each side counted. None: the reports do not tell.

    `owner` names the workspace or key whose tokens alone make the difference; `priority` counts requests on committed
    capacity, which no cost report has and which are in no amount here.
    """

    day: date
    model: str
    requests: int
    unconfirmed: int
    usage: Usage
    their_usage: Usage | None
    cost: Money
    their_cost: Money | None
    cause: Cause
    corrections: tuple[Correction, ...] = ()
    kind: Kind = ANY
    cells: tuple[Cell, ...] = ()
    owner: str = ""
    priority: int = 0

    @property
    def residual(self) -> Money:
        """What the provider has more than we, less where it is negative; zero where the reports do not tell."""
        return ZERO if self.their_cost is None else self.their_cost - self.cost

    @property
    def has_same_tokens(self) -> bool:
        """Whether nothing says that the tokens differ."""
        return self.their_usage in (None, self.usage)


def reconcile(
    entries: Iterable[Ours], report: ProviderReport, name: Callable[[str], str], search_picos: int
) -> list[Line]:
    """Compare line by line; `name` gives a model's one name for its aliases, `search_picos` what a search costs."""
    rows = [replace(row, model=name(row.model)) for row in entries if row.day in report.days]
    lines = []
    for day in sorted(report.days):
        one = _Day(day, [row for row in rows if row.day == day], report, name, search_picos)
        for model in one.models():
            lines += one.of_model(model)
        lines += one.beside()
    return lines


class _Day:
    """One day of both sides."""

    def __init__(
        self, day: date, rows: Sequence[Ours], report: ProviderReport, name: Callable[[str], str], search_picos: int
    ) -> None:
        self._day, self._rows, self._name, self._search = day, rows, name, search_picos
        self._usage = _summed(
            (name(key.model), key.kind, found) for key, found in report.usage.items() if key.day == day
        )
        self._cost = _summed((name(key.model), key.kind, found) for key, found in report.cost.items() if key.day == day)
        self._owned = [(key, found) for key, found in report.owned.items() if key.day == day]
        models = {model for model, _ in self._usage}, {model for model, _ in self._cost}
        self._has_usage = day in report.usage_days and ALL not in models[0]
        self._has_cost = day in report.cost_days and ALL not in models[1]
        self._has_searches = day in report.cost_days
        knows = [report.usage_knows.get(day, set())] * self._has_usage + [
            report.cost_knows.get(day, set())
        ] * self._has_cost
        # Of an older entry the kind is not kept.
        ours = KINDS if all(row.kind for row in rows) else ()
        self._names = [name for name in ours if all(name in known for known in knows)]
        self._finest = [name for name in ours if name in report.usage_knows.get(day, set())]

    def models(self) -> list[str]:
        """Name the models of either side."""
        theirs = {model for model, _ in (*self._usage, *self._cost)}
        beside = {ALL, SEARCH, CODE} | {model for model, kind in self._cost if kind == ANY}
        return sorted({row.model for row in self._rows} | (theirs - beside))

    def of_model(self, model: str) -> list[Line]:
        """Compare a model kind by kind; as one, if the tokens agree in sum alone."""
        kinds = {_kind(row).only(self._names) for row in self._rows if row.model == model}
        kinds |= {kind.only(self._names) for of, kind in (*self._usage, *self._cost) if of == model}
        lines = [self._line(model, kind, self._names) for kind in sorted(kinds)]
        whole = self._line(model, ANY, ())
        return [whole] if whole.has_same_tokens and not all(line.has_same_tokens for line in lines) else lines

    def _line(self, model: str, kind: Kind, names: Collection[str]) -> Line:
        rows = [row for row in self._rows if row.model == model and _kind(row).only(names) == kind]
        line = Line(
            day=self._day,
            model=model,
            requests=len(rows),
            unconfirmed=sum(not row.is_confirmed for row in rows),
            usage=_tokens(sum((row.usage for row in rows), Usage())),
            their_usage=_tokens(self._theirs(model, kind, names)) if self._has_usage else None,
            cost=Money.total(self._billed(row) for row in rows),
            their_cost=self._their_cost(model, kind, names) if self._has_cost else None,
            cause=Cause.equal,
            kind=kind,
            priority=sum(_kind(row).is_priority for row in rows),
        )
        return self._judged(replace(line, cells=self._cells(line, rows, names)), rows)

    def _theirs(self, model: str, kind: Kind, names: Collection[str]) -> Usage:
        found = (usage for (of, its), usage in self._usage.items() if of == model and its.only(names) == kind)
        return sum(found, Usage())

    def _their_cost(self, model: str, kind: Kind, names: Collection[str]) -> Money:
        return Money.total(cost for (of, its), cost in self._cost.items() if of == model and its.only(names) == kind)

    def _billed(self, row: Ours) -> Money:
        return ZERO if _kind(row).is_priority else row.likely - Money(row.usage.web_searches * self._search)

    def _cells(self, line: Line, rows: Sequence[Ours], names: Collection[str]) -> tuple[Cell, ...]:
        """List the finest kinds of a line on which the tokens differ."""
        if not self._has_usage:
            return ()
        theirs = {its for of, its in self._usage if of == line.model and its.only(names) == line.kind}
        found = []
        for kind in sorted({one.only(self._finest) for one in (*theirs, *map(_kind, rows))}):
            mine = [row.usage for row in rows if _kind(row).only(self._finest) == kind]
            its = [usage for (of, one), usage in self._usage.items() if of == line.model and one in theirs
                   and one.only(self._finest) == kind]  # fmt: skip
            cell = Cell(kind, _tokens(sum(mine, Usage())), _tokens(sum(its, Usage())))
            found += [cell] if cell.usage != cell.their_usage else []
        return tuple(found)

    def _judged(self, line: Line, rows: Sequence[Ours]) -> Line:
        cause = _cause(line, rows)
        found = replace(line, cause=cause, owner=self._owner(line) if cause is Cause.around else "")
        if line.their_cost is None or not rows:
            return found
        note = f"reconciled with the provider's report of {line.day}: {cause}"
        billed = [row for row in rows if not _kind(row).is_priority]
        match cause:
            case Cause.unconfirmed:
                return replace(found, corrections=tuple(estimated(billed, line.residual, note)))
            case Cause.price if billed:
                return replace(found, corrections=tuple(on_the_dearest(billed, line.residual, note)))
            case Cause.kind:
                less = {cell.kind for cell in line.cells if _all(cell.usage) > _all(cell.their_usage)}
                moved = [row for row in billed if _kind(row).only(self._finest) in less] or billed
                return replace(found, corrections=tuple(in_proportion(moved, line.residual, note)))
            case _:
                return found

    def _owner(self, line: Line) -> str:
        """Name the workspace or key without which the tokens would agree."""
        assert line.their_usage is not None, "only tokens say that there are more"
        for owner in OWNERS:
            of_each: dict[str, Usage] = {}
            for key, usage in self._owned:
                if (
                    key.owner == owner
                    and self._name(key.model) == line.model
                    and key.kind.only(self._names) == line.kind
                ):
                    of_each[key.id] = of_each.get(key.id, Usage()) + usage
            found = [its for its, usage in of_each.items() if its and _tokens(line.usage + usage) == line.their_usage]
            if len(found) == 1:  # Of two that used the same, nobody can tell which one it was.
                return f"{owner.removesuffix('_id').replace('_', ' ')} {found[0]}"
        return ""

    def beside(self) -> Iterator[Line]:
        """Compare what is billed beside tokens, and a day's sum where the report knows no models."""
        searches = sum(row.usage.web_searches for row in self._rows)
        tokens = Money.total(self._billed(row) for row in self._rows)
        ours = {SEARCH: (Money(searches * self._search), searches), ALL: (tokens, len(self._rows))}
        others = {model for model, kind in self._cost if kind == ANY} - set(ours)
        for what in (SEARCH, *sorted(others), ALL):
            cost, count = ours.get(what, (ZERO, 0))
            theirs = [found for (of, _), found in self._cost.items() if of == what]
            if not theirs and not (what == SEARCH and searches and self._has_searches):
                continue
            line = Line(self._day, what, count, 0, Usage(), None, cost, Money.total(theirs), Cause.equal)
            yield line if _is_small(line.residual) else replace(line, cause=Cause.unknown)


def _cause(line: Line, rows: Sequence[Ours]) -> Cause:
    """Tokens first: where they agree, only a kind or a price can be wrong."""
    same_tokens = line.has_same_tokens
    same_cost = line.their_cost is None or _is_small(line.residual)
    if same_cost and (same_tokens or (line.unconfirmed and line.their_cost is not None)):
        return Cause.kind if line.cells and line.their_cost is None else Cause.equal
    # Such an answer cannot have cost more than it was charged.
    most = Money.total(row.charged for row in rows if not row.is_confirmed)
    if line.unconfirmed and ZERO <= left_for_estimates(rows, line.residual) <= most:
        return Cause.unconfirmed
    if same_tokens:
        return Cause.unknown if line.their_usage is None else Cause.kind if line.cells else Cause.price
    theirs = line.their_usage or Usage()
    return Cause.around if _all(theirs) > _all(line.usage) else Cause.missing


def _kind(row: Ours) -> Kind:
    return row.kind or ANY


def _summed(found: Iterable[tuple[str, Kind, Usage | Money]]) -> dict[tuple[str, Kind], Any]:
    sums: dict[tuple[str, Kind], Any] = {}
    for model, kind, amount in found:
        sums[model, kind] = sums[model, kind] + amount if (model, kind) in sums else amount
    return sums


def _is_small(amount: Money) -> bool:
    return -EQUAL_WITHIN.picos <= amount.picos <= EQUAL_WITHIN.picos


def _tokens(usage: Usage) -> Usage:
    return replace(usage, web_searches=0)


def _all(usage: Usage) -> int:
    return usage.prompt + usage.output
