"""Bound: the most that a request can cost, before it is sent, and what it is charged if its answer breaks off."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial, reduce
from typing import Any

from pricing.bill import bill
from pricing.modifiers import US_RESIDENCY, times
from pricing.money import Money
from pricing.rates import Rates
from pricing.table import PriceTable
from pricing.terms import Terms
from pricing.tokens import estimate_tokens
from pricing.usage import ImpossibleUsage, usage_from_anthropic

# What the provider adds around a block, and around tools, in tokens; generous.
TOKENS_PER_BLOCK = 16
TOKENS_FOR_TOOLS = 1000
# The largest image any Claude reads is 2576 pixels long and 4,784 tokens; more is scaled down first.
TOKENS_PER_IMAGE = 5000
# For a request that sets no limit: the server ends its loop after ten rounds, and a round may search twice.
UNLIMITED_SEARCHES = 20
# No Claude writes faster than this; a fast one comes to about half.
TOKENS_PER_SECOND = 300
# Tokens that were written but had not arrived when the stream broke.
UNSEEN_SECONDS = 2

_encode = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Shape:
    """What decides how dear a request can get: facts about it, no word of it.

    `text_bytes` counts the UTF-8 bytes of every string in system, messages and tools. `unbounded` says that it holds
    what bytes do not bound (documents, files, server tools), `countable` that it is nothing but documents and files,
    which the provider's own count includes. `searches` is what the request allows, None if it sets no limit; `geo_us`
    is None if it does not say. `thinking_interleaved` says that thinking may pass `max_output`. `passes` is how often
    the server may sample for one answer, each pass billed (compaction, advisor, fallback), and `helpers` are the other
    models that may do so.
    """

    model: str
    text_bytes: int
    blocks: int
    images: int
    has_tools: bool
    unbounded: bool
    max_output: int
    writes_5m: bool
    writes_1h: bool
    thinking_interleaved: bool = False
    searches: int | None = 0
    geo_us: bool | None = None
    fast: bool = False
    passes: int = 1
    helpers: tuple[str, ...] = ()
    countable: bool = False

    @property
    def grows(self) -> bool:
        """Whether the server may add input of its own: then no count of the request bounds what is billed."""
        return (self.unbounded and not self.countable) or self.searches != 0 or self.passes > 1 or bool(self.helpers)


@dataclass(frozen=True, slots=True)
class Bound:
    """The most a request can cost, and how that comes about; tokens are those of one pass.

    `rates` are the dearest it can meet, `likely_input` what its input probably is.
    """

    amount: Money
    input_tokens: int
    output_tokens: int
    rates: Rates
    model: str
    at: datetime
    fingerprint: str
    provisional: bool
    likely_input: int
    passes: int
    searches: int
    search_picos: int
    grows: bool

    def with_output(self, tokens: int) -> Money:
        """Bound the same request had it written at most `tokens` in all."""
        written = min(tokens, self.passes * self.output_tokens)
        return self.amount - Money((self.passes * self.output_tokens - written) * self.rates.output)

    def record(self) -> str:
        """Write what a hold keeps, so that it can be explained and settled without a table: JSON."""
        facts = {
            "model": self.model,
            "at": self.at.isoformat(),
            "input": self.input_tokens,
            "output": self.output_tokens,
            "passes": self.passes,
            "searches": self.searches,
            "rates": self.rates.as_dict(),
            "table": self.fingerprint,
        }
        return _encode(facts)


def bound(
    shape: Shape,
    at: datetime,
    table: PriceTable,
    *,
    input_tokens: int | None = None,
    unlimited_searches: int = UNLIMITED_SEARCHES,
) -> Bound:
    """Work out the most that a request started at `at` can be billed.

    `input_tokens` is an anchored or counted figure (see `counted`); without it bytes bound the input, at most one token
    a byte. It never counts on a cache hit. It holds for what the provider can return to a request of this shape: not
    for batches, and not if it turns out to have run another model, speed or region than the shape allows.
    """
    terms = [table.on(at, model) for model in (shape.model, *shape.helpers)]
    window = max(each.context_window for each in terms)
    # The window of a model that we do not know may be longer than any we do.
    known = not any(each.provisional for each in terms)
    most_in = _most_input(shape, window, known, input_tokens)
    most_out = _most_output(shape, window, known)
    rates = _dearest(shape, terms, most_in, table, at)
    searches = unlimited_searches if shape.searches is None else shape.searches
    each_pass = most_in * _dearest_input(shape, rates) + most_out * rates.output
    likely = input_tokens if input_tokens is not None else estimate_tokens(shape.text_bytes)
    return Bound(
        amount=Money(shape.passes * each_pass + searches * table.search_picos),
        input_tokens=most_in,
        output_tokens=most_out,
        rates=rates,
        model=shape.model,
        at=at,
        fingerprint=table.fingerprint,
        provisional=not known,
        likely_input=min(likely, most_in),
        passes=shape.passes,
        searches=searches,
        search_picos=table.search_picos,
        grows=shape.grows,
    )


def counted(n: int) -> int:
    """Bound the input by the provider's own count of it, which may be a little off: n × 1.02 + 64, rounded up."""
    return -(-n * 102 // 100) + 64


def interrupted(
    bound: Bound,
    raw_usage: Mapping[str, Any] | None,
    table: PriceTable,
    *,
    elapsed_s: float,
    tokens_per_s: int = TOKENS_PER_SECOND,
    strict: bool = False,
    visible_tokens: int = 0,
    model: str | None = None,
) -> tuple[Money, Money]:
    """Charge for an answer that broke off: what it may have cost at most, and what it likely cost.

    `raw_usage` is what had arrived of its usage, None if nothing had (then the whole bound is charged). The output is
    bounded by the time since the request was sent, and by the request's own limit; strictly by the latter alone.
    `visible_tokens` is an estimate of what was seen, `model` the one that answered if it differs.
    """
    likely_input = table.on(bound.at, bound.model).rates.input * bound.likely_input
    if raw_usage is None:
        return bound.amount, Money(likely_input)
    most_out = bound.passes * bound.output_tokens
    if not strict and math.isfinite(elapsed_s):
        most_out = min(most_out, math.ceil((max(elapsed_s, 0) + UNSEEN_SECONDS) * tokens_per_s))
    try:
        return _broken_off(bound, raw_usage, model or bound.model, table, most_out, visible_tokens)
    except ImpossibleUsage:
        return bound.amount, Money(likely_input)


def _broken_off(
    bound: Bound, raw: Mapping[str, Any], model: str, table: PriceTable, most_out: int, visible: int
) -> tuple[Money, Money]:
    told = usage_from_anthropic(raw).output
    most_out = max(most_out, told)
    likely_out = max(told, min(visible, most_out))
    # Iterations come with the last event only, and then nothing is missing that they could not tell.
    by_output = {} if raw.get("iterations") else {"output_tokens": most_out}
    charged = bill({**raw, **by_output}, model, bound.at, table).total
    if bound.grows:
        charged = max(charged, bound.with_output(most_out))
    return charged, bill({**raw, "output_tokens": likely_out}, model, bound.at, table).total


def _most_input(shape: Shape, window: int, known: bool, input_tokens: int | None) -> int:
    if shape.grows or (shape.unbounded and input_tokens is None):
        return window
    tokens = input_tokens
    if tokens is None:
        tokens = shape.text_bytes + TOKENS_PER_BLOCK * shape.blocks + TOKENS_PER_IMAGE * shape.images
        tokens += TOKENS_FOR_TOOLS if shape.has_tools else 0
    # A prompt longer than the window is refused, and that is free.
    return min(tokens, window) if known else tokens


def _most_output(shape: Shape, window: int, known: bool) -> int:
    most = max(shape.max_output, window) if shape.thinking_interleaved else shape.max_output
    return min(most, window) if known else most


def _dearest(shape: Shape, terms: list[Terms], most_in: int, table: PriceTable, at: datetime) -> Rates:
    every = (_dearest_of(shape, each, most_in, partial(table.highest, at, each.model_id)) for each in terms)
    return reduce(Rates.worst, every)


def _dearest_of(shape: Shape, terms: Terms, most_in: int, highest: Callable[[], Terms]) -> Rates:
    rates = terms.dearest(most_in, fast=shape.fast)
    if shape.fast and terms.fast is None:
        # Served at a speed that we have no price for, it is billed at the highest.
        rates = rates.worst(highest().at_any_speed)
    return times(rates, *US_RESIDENCY) if terms.geo_supported and shape.geo_us is not False else rates


def _dearest_input(shape: Shape, rates: Rates) -> int:
    """Give the most that one token of input can cost: written, if anything may be written, and never read."""
    classes = [rates.input, rates.cache_read]
    if shape.writes_5m or shape.grows:
        # Results of server tools are written to the cache for five minutes without being asked to.
        classes.append(rates.cache_write_5m)
    if shape.writes_1h:
        classes += [rates.cache_write_5m, rates.cache_write_1h]
    return max(classes)
