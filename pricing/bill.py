"""Bill: a provider's usage object → priced lines."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from pricing.iterations import Attempt, attempts
from pricing.modifiers import Modifiers, modifiers
from pricing.money import Money
from pricing.rates import CLASSES, Rates
from pricing.table import PriceTable
from pricing.usage import ImpossibleUsage, Usage, fold, oddities, usage_from_anthropic

__all__ = ["Bill", "ImpossibleUsage", "Line", "bill", "fold"]

# The ledger keeps amounts in 64 bits and takes none above this, so that a day's sum fits: no answer costs $1.1 million.
MOST_PICOS = 2**60
# On that day Anthropic stopped charging for a refusal before any output.
REFUSALS_FREE_SINCE = datetime(2026, 6, 2, tzinfo=UTC)

_encode = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a bill: `quantity` tokens (or searches) of one class at `picos_each`, modifiers included."""

    what: str
    model: str
    quantity: int
    picos_each: int

    @property
    def amount(self) -> Money:
        """What the row comes to."""
        return Money(self.quantity * self.picos_each)


@dataclass(frozen=True, slots=True)
class Bill:
    """What an answer came to, exactly, and why.

    `usage` sums what was billed over all iterations; `rates` and `source` are those of the model that was asked.
    `provisional` says that something was unknown and was taken at its dearest, to be re-rated once it is known.
    """

    total: Money
    usage: Usage
    lines: tuple[Line, ...]
    provisional: bool
    notes: tuple[str, ...]
    rates: Rates
    model_id: str
    source: str
    fingerprint: str

    def record(self) -> str:
        """Write what an entry keeps, to be checked without a table: rates in picodollars and their source, as JSON."""
        lines = [[line.what, line.model, line.quantity, line.picos_each] for line in self.lines]
        facts = {"lines": lines, "notes": self.notes, "source": self.source, "table": self.fingerprint}
        return _encode(facts)


def bill(
    raw_usage: Mapping[str, Any], model: str, at: datetime, table: PriceTable, *, stop_reason: str | None = None
) -> Bill:
    """Price the usage object of an answer by `model` to a request that started at `at`.

    `stop_reason` matters for one rule: a refusal before any output is free. Answers with a status of 400 or more and
    `count_tokens` are free as well and have no usage to price. Raises ImpossibleUsage (see usage.py).
    """
    top = usage_from_anthropic(raw_usage)
    how = modifiers(raw_usage)
    refused = stop_reason == "refusal" and at >= REFUSALS_FREE_SINCE
    passes, odd = attempts(raw_usage, top, model, refused=refused)
    odd += oddities(raw_usage) + (() if refused else _empty(passes))
    terms = table.on(at, model)
    rates, provisional = how.rates(terms, top.prompt, partial(table.highest, at, model))
    lines: list[Line] = []
    for each in passes:
        provisional |= _price(each, how, at, table, lines)
    if top.web_searches:
        lines.append(Line("web_search", "", top.web_searches, table.search_picos))
    return Bill(
        total=_total(lines),
        usage=_summed(passes, top),
        lines=tuple(lines),
        provisional=provisional or how.unknown or bool(odd),
        notes=how.notes + odd,
        rates=rates,
        model_id=terms.model_id,
        source=terms.source,
        fingerprint=table.fingerprint,
    )


def _summed(passes: tuple[Attempt, ...], top: Usage) -> Usage:
    """Add up what the passes are billed for; searches are counted for the whole answer alone."""
    if len(passes) == 1 and not top.web_searches:
        return passes[0].usage
    return replace(sum((each.usage for each in passes), Usage()), web_searches=top.web_searches)


def _empty(passes: tuple[Attempt, ...]) -> tuple[str, ...]:
    """Doubt an answer to nothing: every request has at least one token."""
    return () if any(each.usage.prompt for each in passes) else ("an answer without any input",)


def _price(each: Attempt, how: Modifiers, at: datetime, table: PriceTable, lines: list[Line]) -> bool:
    """Add the rows of one pass; tell whether its rates only stand in for unknown ones."""
    terms = table.on(at, each.model)
    if not each.known:
        how = replace(how, unknown_speed_or_tier=True)
    rates, provisional = how.rates(terms, each.usage.prompt, partial(table.highest, at, each.model))
    for name in CLASSES:
        if quantity := getattr(each.usage, name):
            lines.append(Line(name, terms.model_id, quantity, getattr(rates, name)))
    return provisional


def _total(lines: list[Line]) -> Money:
    picos = sum(line.quantity * line.picos_each for line in lines)
    if picos > MOST_PICOS:
        raise ImpossibleUsage("the usage comes to more than $1 million")
    return Money(picos)
