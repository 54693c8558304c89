"""Reconcile: our entries beside the provider's own reports; tokens first, then money, and what mends the difference."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path

from budget.database import open_reader
from budget.entries import Outcome
from pricing.money import ZERO, Money
from pricing.providerreport import ALL, CODE, SEARCH, ProviderReport
from pricing.usage import Usage

EQUAL_WITHIN = Money(10**8)
"""A hundredth of a cent: the provider's amounts are decimals of a cent."""

# A request belongs to the UTC day on which it began. Corrections count for the entry that they correct.
_ENTRIES = """
SELECT id, substr(since, 1, 10), model, outcome,
    input, cache_write_5m, cache_write_1h, cache_read, output, web_searches,
    charged + coalesce((SELECT sum(charged) FROM entries more WHERE more.corrects = entries.id), 0),
    likely + coalesce((SELECT sum(likely) FROM entries more WHERE more.corrects = entries.id), 0)
FROM entries
WHERE hold_id IS NOT NULL AND NOT is_local AND outcome <> 'voided' AND since >= ? AND since < ?
ORDER BY id
"""


class Cause(StrEnum):
    """Why two sums differ, as far as the figures tell."""

    equal = "equal"
    unconfirmed = "answers that broke off were estimated"
    price = "same tokens, another price"
    around = "requests that did not pass through bursar"
    missing = "requests that the provider does not count"
    unknown = "not told by these reports"


@dataclass(frozen=True, slots=True)
class Ours:
    """One request as the ledger stands to it now."""

    entry_id: int
    day: date
    model: str
    outcome: Outcome
    usage: Usage
    charged: Money
    likely: Money

    @property
    def is_confirmed(self) -> bool:
        """Whether its usage came from the provider."""
        return self.outcome is Outcome.complete


@dataclass(frozen=True, slots=True)
class Correction:
    """What an entry should have been."""

    entry_id: int
    charged: Money
    likely: Money
    note: str


@dataclass(frozen=True, slots=True)
class Line:
    """A day and a model: what each side counted. None: the reports do not tell."""

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

    @property
    def residual(self) -> Money:
        """What the provider has more than we, less where it is negative; zero where the reports do not tell."""
        return ZERO if self.their_cost is None else self.their_cost - self.cost


def ours(database: Path, since: date, until: date) -> list[Ours]:
    """List what went to Claude on UTC days, both included."""
    given = (since.isoformat(), (until + timedelta(days=1)).isoformat())
    with open_reader(database) as reader:
        rows = reader.execute(_ENTRIES, given).fetchall()
    return [_ours(*row) for row in rows]


def _ours(entry_id: int, day: str, model: str, outcome: str, *figures: int) -> Ours:
    usage, (charged, likely) = Usage(*figures[:6]), figures[6:]
    return Ours(entry_id, date.fromisoformat(day), model, Outcome(outcome), usage, Money(charged), Money(likely))


def reconcile(
    entries: Iterable[Ours], report: ProviderReport, name: Callable[[str], str], search_picos: int
) -> list[Line]:
    """Compare line by line; `name` gives a model's one name for its aliases, `search_picos` what a search costs."""
    rows = [row for row in entries if row.day in report.days]
    lines = []
    for day in sorted(report.days):
        of_day = [row for row in rows if row.day == day]
        theirs = {key[1] for key in (*report.usage, *report.cost) if key[0] == day}
        models = sorted({name(row.model) for row in of_day} | {name(model) for model in theirs - {ALL, SEARCH, CODE}})
        lines += [_of_model(day, model, of_day, report, name, search_picos) for model in models]
        lines += _beside(day, of_day, report, search_picos)
    return lines


def _of_model(
    day: date, model: str, of_day: list[Ours], report: ProviderReport, name: Callable[[str], str], search_picos: int
) -> Line:
    rows = [row for row in of_day if name(row.model) == model]
    usages = [usage for (on, named), usage in report.usage.items() if on == day and name(named) == model]
    costs = [cost for (on, named), cost in report.cost.items() if on == day and name(named) == model]
    by_model = day in report.cost_days and (day, ALL) not in report.cost
    their_usage = sum(usages, Usage()) if day in report.usage_days and (day, ALL) not in report.usage else None
    line = Line(
        day=day,
        model=model,
        requests=len(rows),
        unconfirmed=sum(not row.is_confirmed for row in rows),
        usage=_tokens(sum((row.usage for row in rows), Usage())),
        their_usage=None if their_usage is None else _tokens(their_usage),
        cost=Money.total(_without_searches(row, search_picos) for row in rows),
        their_cost=Money.total(costs) if by_model else None,
        cause=Cause.equal,
    )
    return _judged(line, rows)


def _judged(line: Line, rows: list[Ours]) -> Line:
    cause = _cause(line, rows)
    if line.their_cost is None or cause not in (Cause.unconfirmed, Cause.price):
        return _with(line, cause)
    return _with(line, cause, tuple(_corrections(line, cause, rows)))


def _cause(line: Line, rows: list[Ours]) -> Cause:
    """Tokens first: where they agree, only a price can be wrong."""
    same_tokens = line.their_usage in (None, line.usage)
    same_cost = line.their_cost is None or _is_small(line.residual)
    if same_cost and (same_tokens or (line.unconfirmed and line.their_cost is not None)):
        return Cause.equal
    # Such an answer cannot have cost more than it was charged.
    most = Money.total(row.charged for row in rows if not row.is_confirmed)
    if line.unconfirmed and ZERO <= _left(line, rows) <= most:
        return Cause.unconfirmed
    if same_tokens:
        return Cause.unknown if line.their_usage is None else Cause.price
    theirs = line.their_usage or Usage()
    return Cause.around if theirs.prompt + theirs.output > line.usage.prompt + line.usage.output else Cause.missing


def _left(line: Line, rows: list[Ours]) -> Money:
    """What the provider's figure leaves for the answers that were only estimated."""
    return Money.total(row.likely for row in rows if not row.is_confirmed) + line.residual


def _corrections(line: Line, cause: Cause, rows: list[Ours]) -> Iterator[Correction]:
    """Put the difference on the answers that were only estimated, in proportion; else on the dearest request."""
    note = f"reconciled with the provider's report of {line.day}: {cause}"
    if cause is Cause.price and rows:
        dearest = max(rows, key=lambda row: row.likely)
        amounts = (dearest.charged + line.residual, dearest.likely + line.residual)
        yield Correction(dearest.entry_id, max(ZERO, amounts[0]), max(ZERO, amounts[1]), note)
        return
    estimated = [row for row in rows if not row.is_confirmed]
    shares = [row.likely.picos or 1 for row in estimated]
    for row, amount in zip(estimated, _split(_left(line, rows), shares), strict=True):
        if (amount, amount) != (row.charged, row.likely):
            yield Correction(row.entry_id, amount, amount, note)


def _is_small(amount: Money) -> bool:
    return -EQUAL_WITHIN.picos <= amount.picos <= EQUAL_WITHIN.picos


def _split(amount: Money, shares: list[int]) -> list[Money]:
    """Split to the picodollar, in proportion."""
    whole, given, split = sum(shares), 0, []
    for position in range(len(shares)):
        upto = amount.picos * sum(shares[: position + 1]) // whole
        split.append(Money(upto - given))
        given = upto
    return split


def _beside(day: date, of_day: list[Ours], report: ProviderReport, search_picos: int) -> Iterator[Line]:
    """Compare what is billed beside tokens, and a day's sum where the report knows no models."""
    searches = sum(row.usage.web_searches for row in of_day)
    cost = Money(searches * search_picos)
    tokens = Money.total(_without_searches(row, search_picos) for row in of_day)
    for what, ours_, count in ((SEARCH, cost, searches), (CODE, ZERO, 0), (ALL, tokens, len(of_day))):
        theirs = report.cost.get((day, what))
        if theirs is None and not (what == SEARCH and searches and day in report.cost_days):
            continue
        line = Line(day, what, count, 0, Usage(), None, ours_, theirs or ZERO, Cause.equal)
        yield line if _is_small(line.residual) else _with(line, Cause.unknown)


def _without_searches(row: Ours, search_picos: int) -> Money:
    return row.likely - Money(row.usage.web_searches * search_picos)


def _tokens(usage: Usage) -> Usage:
    return Usage(usage.input, usage.cache_write_5m, usage.cache_write_1h, usage.cache_read, usage.output)


def _with(line: Line, cause: Cause, corrections: tuple[Correction, ...] = ()) -> Line:
    return replace(line, cause=cause, corrections=corrections)
