"""Terms: what one model charges from one date to another, and the model they belong to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from functools import reduce

from pricing.rates import Rates


@dataclass(frozen=True, slots=True)
class LongPrompt:
    """Rates of every token of a request, output included, whose prompt has strictly more than `over` tokens."""

    over: int
    rates: Rates


@dataclass(frozen=True, slots=True)
class Terms:
    """All that a bill or a bound needs to know about a model at one instant.

    `provisional` means that we do not know: the rates are the highest in force of each class.
    """

    model_id: str
    rates: Rates
    long_prompt: LongPrompt | None
    fast: Rates | None
    geo_supported: bool
    context_window: int
    source: str
    provisional: bool = False
    fast_long_prompt: LongPrompt | None = None

    @classmethod
    def highest_of(cls, every: list[Terms]) -> Terms:
        """Fail closed: take the highest rate of each class, and the widest of all else."""
        standard = reduce(Rates.worst, (terms.dearest(terms.context_window) for terms in every))
        return cls(
            model_id="",
            rates=standard,
            long_prompt=None,
            fast=reduce(Rates.worst, (terms.at_any_speed for terms in every)),
            geo_supported=True,
            context_window=max(terms.context_window for terms in every),
            source="the highest rates in force, because this model has no price",
            provisional=True,
        )

    def with_premium(self, num: int, den: int) -> Terms:
        """Multiply every rate by a platform's premium, which takes the place of the one for US residency."""
        return replace(
            self,
            rates=self.rates.times(num, den),
            long_prompt=_times(self.long_prompt, num, den),
            fast=self.fast and self.fast.times(num, den),
            fast_long_prompt=_times(self.fast_long_prompt, num, den),
            geo_supported=False,
        )

    @property
    def at_any_speed(self) -> Rates:
        """The highest rate of each class at either speed, whatever the length of the prompt."""
        return self.dearest(self.context_window, fast=True)

    def dearest(self, prompt: int, *, fast: bool = False) -> Rates:
        """Give the highest rate of each class that a prompt of up to `prompt` tokens can meet."""
        worst = _reached(self.rates, self.long_prompt, prompt)
        if fast and self.fast:
            return worst.worst(_reached(self.fast, self.fast_long_prompt, prompt))
        return worst


@dataclass(frozen=True, slots=True)
class Period:
    """Rates from `start` until just before `end` (UTC; None is open), and where they were published."""

    start: datetime
    end: datetime | None
    rates: Rates
    long_prompt: LongPrompt | None
    source: str
    context_window: int | None = None

    def covers(self, at: datetime) -> bool:
        """Tell whether a request that starts at `at` has these rates."""
        return self.start <= at and (self.end is None or at < self.end)


@dataclass(frozen=True, slots=True)
class Model:
    """A model as the price table knows it: its ids, its periods, and the facts that decide what it may cost.

    `regional` says that Amazon's regional profiles of it cost a premium.
    """

    id: str
    name: str
    released: date
    retired: date | None
    aliases: tuple[str, ...]
    bedrock: str | None
    vertex: str | None
    geo_supported: bool
    regional: bool
    tokenizer: str
    context_window: int
    periods: tuple[Period, ...]
    fast: tuple[Period, ...] = ()
    min_cacheable_since: tuple[tuple[datetime, int], ...] = ()
    limited: bool = False
    confidence: str = "high"

    def spans(self) -> tuple[Span, ...]:
        """Cut the model's life into stretches with the same terms, newest first: the usual question is about now."""
        edges = sorted({edge for period in (*self.periods, *self.fast) for edge in (period.start, period.end) if edge})
        spans = []
        for start, end in zip(edges, (*edges[1:], None), strict=True):
            standard = next((period for period in self.periods if period.covers(start)), None)
            if standard:
                fast = next((period for period in self.fast if period.covers(start)), None)
                spans.append((start, end, self._terms(standard, fast)))
        return tuple(reversed(spans))

    def changes(self) -> set[datetime]:
        """List the instants at which what is in force changes."""
        sale = {datetime.combine(day, time.min, UTC) for day in (self.released, self.retired) if day}
        return sale | {edge for period in (*self.periods, *self.fast) for edge in (period.start, period.end) if edge}

    def _terms(self, standard: Period, fast: Period | None) -> Terms:
        return Terms(
            model_id=self.id,
            rates=standard.rates,
            long_prompt=standard.long_prompt,
            fast=fast.rates if fast else None,
            geo_supported=self.geo_supported,
            context_window=standard.context_window or self.context_window,
            source=standard.source,
            fast_long_prompt=fast.long_prompt if fast else None,
        )

    @property
    def ids(self) -> tuple[str, ...]:
        """All names that mean this model at list price, its own first; Amazon's ids depend on the profile."""
        return (self.id, *self.aliases, *((self.vertex,) if self.vertex else ()))

    def min_cacheable(self, at: datetime) -> int | None:
        """Give the shortest prompt that can be cached at `at`, in tokens; None where caching was never offered."""
        known = [tokens for since, tokens in self.min_cacheable_since if since <= at]
        return known[-1] if known else None

    def on_sale(self, at: datetime) -> bool:
        """Tell whether the model was published and not yet retired at `at`."""
        day = at.date()
        return self.released <= day and (self.retired is None or day < self.retired)


def _reached(base: Rates, long: LongPrompt | None, prompt: int) -> Rates:
    return base.worst(long.rates) if long and prompt > long.over else base


def _times(long: LongPrompt | None, num: int, den: int) -> LongPrompt | None:
    return long and LongPrompt(long.over, long.rates.times(num, den))


# From an instant until just before another (None is open), and the terms in between.
Span = tuple[datetime, datetime | None, Terms]
