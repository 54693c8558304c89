"""Modifiers: speed, region and service tier as an answer's usage states them – never as the request asked for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pricing.rates import Rates
from pricing.terms import LongPrompt, Terms

US_RESIDENCY = (11, 10)
BATCH = (1, 2)


@dataclass(frozen=True, slots=True)
class Modifiers:
    """How an answer was served, as far as its price depends on it.

    `unknown` says that a value was none we know: the dearest is taken and the bill is provisional.
    """

    fast: bool = False
    batch: bool = False
    in_us: bool = False
    unknown_speed_or_tier: bool = False
    unknown: bool = False
    notes: tuple[str, ...] = ()

    def rates(self, terms: Terms, prompt: int, highest: Callable[[], Terms]) -> tuple[Rates, bool]:
        """Give the rates of a prompt of `prompt` tokens, and whether they only stand in for unknown ones.

        `highest` is asked for the highest rates in force only if this was served in a way that has no price.
        """
        base, long, provisional = self._published(terms, highest)
        num, den = BATCH if self.batch and not self.fast else (1, 1)
        if self.in_us and terms.geo_supported:
            num, den = num * US_RESIDENCY[0], den * US_RESIDENCY[1]
        rates = long.rates if long and prompt > long.over else base
        return (rates if num == den else times(rates, num, den)), provisional

    def _published(self, terms: Terms, highest: Callable[[], Terms]) -> tuple[Rates, LongPrompt | None, bool]:
        if self.unknown_speed_or_tier or (self.fast and terms.fast is None):
            return highest().at_any_speed, None, True
        if self.fast and terms.fast is not None:
            return terms.fast, terms.fast_long_prompt, terms.provisional
        return terms.rates, terms.long_prompt, terms.provisional


def modifiers(raw: Mapping[str, Any]) -> Modifiers:
    """Read how an answer was served from its usage object; absent and null mean the standard."""
    speed, tier, geo = raw.get("speed"), raw.get("service_tier"), raw.get("inference_geo")
    if speed in _PLAIN_SPEEDS and tier in _PLAIN_TIERS and geo in _PLAIN_GEOS:
        return _PLAIN
    unknown_speed = speed not in _PLAIN_SPEEDS and speed != "fast"
    unknown_tier = tier not in _PLAIN_TIERS and tier not in ("batch", "priority")
    unknown_geo = geo not in _PLAIN_GEOS and geo != "us"
    both = speed == "fast" and tier == "batch"
    said = (
        (unknown_speed, "unknown speed"),
        (unknown_tier, "unknown service tier"),
        (unknown_geo, "unknown region, taken as the US"),
        (both, "fast and batch at once, which is not sold: taken as fast"),
        (tier == "priority", "priority tier at list price: not invoiced by the token"),
    )
    return Modifiers(
        fast=speed == "fast",
        batch=tier == "batch",
        in_us=geo == "us" or unknown_geo,
        unknown_speed_or_tier=unknown_speed or unknown_tier,
        unknown=unknown_speed or unknown_tier or unknown_geo or both,
        notes=tuple(note for is_so, note in said if is_so),
    )


@lru_cache(maxsize=256)
def times(rates: Rates, num: int, den: int) -> Rates:
    """Multiply rates, of which a table has few, by one of few factors."""
    return rates.times(num, den)


_PLAIN_SPEEDS = (None, "standard")
_PLAIN_TIERS = (None, "standard")
_PLAIN_GEOS = (None, "global", "not_available")
_PLAIN = Modifiers()
