"""Tariff: what tokens cost in the manner that one answer was served: to ask what it had cost with others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from pricing.bill import MOST_PICOS
from pricing.modifiers import Modifiers, modifiers
from pricing.money import Money
from pricing.rates import Rates
from pricing.table import PriceTable
from pricing.terms import Terms
from pricing.usage import MOST_TOKENS, ImpossibleUsage, Usage, count, oddities


@dataclass(frozen=True, slots=True)
class Tariff:
    """A model's terms at one moment, as an answer's usage object says that they apply to it, and its searches.

    What it prices is what `bill` would say of one pass with so many tokens, without the lines and the reasons.
    """

    _model: str
    _at: datetime
    _table: PriceTable
    _how: Modifiers
    _terms: Terms
    _usual: tuple[Rates, bool]
    _searches: int
    _is_odd: bool

    @classmethod
    def of(cls, raw_usage: Mapping[str, Any], model: str, at: datetime, table: PriceTable) -> Tariff:
        """Read from a usage object how an answer by `model` to a request that started at `at` was served.

        Raises ImpossibleUsage if it is none that an answer can have.
        """
        is_odd = bool(oddities(raw_usage))
        searches = count(raw_usage.get("server_tool_use") or {}, "web_search_requests")
        how, terms = modifiers(raw_usage), table.on(at, model)
        usual = how.rates(terms, 0, partial(table.highest, at, model))
        return cls(model, at, table, how, terms, usual, searches, is_odd)

    def rates(self, prompt: int) -> Rates:
        """Give the rates of a prompt of so many tokens."""
        return self._rates(prompt)[0]

    def total(self, usage: Usage) -> Money:
        """Price the tokens of `usage`, with the answer's own searches. Raises ImpossibleUsage as `bill` would."""
        written = usage.cache_write_5m + usage.cache_write_1h
        if max(usage.input, written, usage.cache_read, usage.output) > MOST_TOKENS:
            raise ImpossibleUsage("the usage has more tokens than an answer can have")
        picos = self.rates(usage.prompt).cost(usage).picos + self._searches * self._table.search_picos
        if picos > MOST_PICOS:
            raise ImpossibleUsage("the usage comes to more than $1 million")
        return Money(picos)

    def is_provisional(self, usage: Usage) -> bool:
        """Tell whether something of it is unknown, and was taken at its dearest."""
        return self._rates(usage.prompt)[1] or self._how.unknown or self._is_odd or not usage.prompt

    def _rates(self, prompt: int) -> tuple[Rates, bool]:
        if self._terms.long_prompt is None and self._terms.fast_long_prompt is None:
            return self._usual
        return self._how.rates(self._terms, prompt, partial(self._table.highest, self._at, self._model))
