"""The user's own price file: dollars per million tokens for the models that cost them something else.

# TOML; the same in JSON. A class left out keeps the price of the table.
[models.claude-opus-5-5]
input = 3.60
output = 18

[models.corporate-model]            # unknown to the table: all five classes
from = 2026-12-01                   # optional, and so is until; [[models.corporate-model]] makes several periods
input = 1
cache_write_5m = 1.25
cache_write_1h = 2
cache_read = 0.10
output = 5
context_window = 200000

[aliases]
our-opus = "claude-opus-5-5"
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from pricing.rates import CLASSES, Rates
from pricing.tablefile import PriceTableError, check_keys, once, tokens, usd_per_mtok, utc_midnight, whole_number
from pricing.terms import LongPrompt, Model, Period

_ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)
_KEYS = {*CLASSES, "from", "until", "over", "fast", "geo", "context_window", "note"}
# A model that only the user's file knows and whose window it does not tell: the longest there is today.
_UNTOLD_CONTEXT = 1_000_000


@dataclass(frozen=True, slots=True)
class OwnPeriod:
    """What the user says of one model from `start` until `end`; classes they leave out are not in `rates`."""

    start: datetime
    end: datetime | None
    rates: Mapping[str, int]
    fast: Mapping[str, int]
    long_prompt: LongPrompt | None
    geo: bool | None
    context_window: int | None

    def covers(self, at: datetime) -> bool:
        """Tell whether the user's price holds at `at`."""
        return self.start <= at and (self.end is None or at < self.end)


@dataclass(frozen=True, slots=True)
class OwnPrices:
    """What the user's file says, by model id, and other names for models."""

    models: Mapping[str, tuple[OwnPeriod, ...]] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)

    def applied_to(self, models: Mapping[str, Model]) -> dict[str, Model]:
        """Lay the user's prices over `models`; PriceTableError if a price would be incomplete."""
        by_name = {name: model for model in models.values() for name in model.ids}
        merged = dict(models)
        for name, periods in self.models.items():
            base = by_name.get(name) or _new_model(name)
            merged[base.id] = _overlaid(base, periods)
        return merged


def read_own(path: Path) -> OwnPrices:
    """Read the user's file, TOML or JSON by its name; PriceTableError says what to mend."""
    try:
        return _own(_parsed(path))
    except PriceTableError as error:
        raise PriceTableError(f"{path.name}: {error}") from error
    except OSError as error:
        raise PriceTableError(f"{path.name} cannot be read: {error.strerror}") from error
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise PriceTableError(f"{path.name}: {_said(error)}") from error
    except (TypeError, AttributeError) as error:
        raise PriceTableError(f"{path.name}: [models] and [aliases] are tables, and so is each model") from error


def _parsed(path: Path) -> dict[str, Any]:
    text = path.read_text("utf-8")
    if path.suffix == ".json":
        data: dict[str, Any] = json.loads(text, parse_float=Decimal, parse_int=whole_number, object_pairs_hook=once)
        return data
    return tomllib.loads(text.removeprefix("\ufeff"), parse_float=Decimal)


def _said(error: Exception) -> str:
    """Say what is wrong with a text; of numbers that are too long Python says it in words of its own."""
    match error:
        case UnicodeDecodeError():
            return "it is not UTF-8 text"
        case RecursionError():
            return "it is nested too deep"
        case ArithmeticError():
            return "a number is too long"
    return "a number is too long" if "digits" in str(error) else str(error)


def _own(data: Mapping[str, Any]) -> OwnPrices:
    check_keys(data, ("models", "aliases"), "your prices")
    models = {name: _own_periods(entry, name) for name, entry in data.get("models", {}).items()}
    aliases = {str(alias): _name(name, alias) for alias, name in data.get("aliases", {}).items()}
    return OwnPrices(models, aliases)


def _name(value: object, alias: str) -> str:
    if not isinstance(value, str):
        raise PriceTableError(f"aliases, {alias}: {value!r:.60} is not the name of a model in quotes")
    return value


def _own_periods(entry: Any, name: str) -> tuple[OwnPeriod, ...]:
    return tuple(_own_period(each, name) for each in (entry if isinstance(entry, list) else [entry]))


def _own_period(entry: Mapping[str, Any], name: str) -> OwnPeriod:
    check_keys(entry, _KEYS, name)
    return OwnPeriod(
        start=utc_midnight(entry["from"], name) if "from" in entry else _ALWAYS,
        end=utc_midnight(entry["until"], name) if "until" in entry else None,
        rates=_some_rates(entry, name),
        fast=_some_rates(entry.get("fast", {}), f"{name}, fast"),
        long_prompt=_own_long_prompt(entry.get("over"), name),
        geo=_maybe_flag(entry.get("geo"), f"{name}, geo"),
        context_window=tokens(entry["context_window"], name) if "context_window" in entry else None,
    )


def _some_rates(entry: Mapping[str, Any], where: str) -> dict[str, int]:
    return {each: usd_per_mtok(entry[each], f"{where}, {each}") for each in CLASSES if each in entry}


def _own_long_prompt(entry: Mapping[str, Any] | None, name: str) -> LongPrompt | None:
    if entry is None:
        return None
    check_keys(entry, {"tokens", *CLASSES}, f"{name}, over")
    return LongPrompt(
        tokens(entry.get("tokens"), f"{name}, over"), _whole(_some_rates(entry, name), None, f"{name}, over")
    )


def _maybe_flag(value: object, where: str) -> bool | None:
    if value is not None and not isinstance(value, bool):
        raise PriceTableError(f"{where}: {value!r} is neither true nor false")
    return value


def _new_model(name: str) -> Model:
    return Model(
        id=name,
        name=name,
        released=_ALWAYS.date(),
        retired=None,
        aliases=(),
        bedrock=None,
        vertex=None,
        geo_supported=False,
        regional=False,
        tokenizer="unknown",
        context_window=_UNTOLD_CONTEXT,
        periods=(),
        confidence="yours",
    )


def _overlaid(base: Model, own: tuple[OwnPeriod, ...]) -> Model:
    windows = [period.context_window for period in own if period.context_window]
    geos = [period.geo for period in own if period.geo is not None]
    periods = _cut(base.periods, own, "rates", base.id)
    if not periods:
        missing = [each for each in CLASSES if each not in own[0].rates] if own else list(CLASSES)
        raise PriceTableError(
            f"{base.id} is not in the price table, so it needs all five prices; missing: {', '.join(missing)}"
            " (where caching costs nothing extra, write the input price)"
        )
    return replace(
        base,
        periods=periods,
        fast=_cut(base.fast, own, "fast", f"{base.id}, fast"),
        context_window=windows[-1] if windows else base.context_window,
        geo_supported=geos[-1] if geos else base.geo_supported,
    )


def _cut(base: tuple[Period, ...], own: tuple[OwnPeriod, ...], which: str, where: str) -> tuple[Period, ...]:
    """Lay own periods over those of the table, edge by edge; the last one written wins."""
    starts = {period.start for period in base} | {period.start for period in own}
    ends = {period.end for period in base} | {period.end for period in own}
    edges = sorted(starts | {end for end in ends if end})
    pieces = []
    for start, end in zip(edges, (*edges[1:], None), strict=True):
        below = next((period for period in base if period.covers(start)), None)
        above = next((period for period in reversed(own) if period.covers(start) and getattr(period, which)), None)
        if above and (below or set(getattr(above, which)) == set(CLASSES)):
            pieces.append(_laid(above, below, start, end, which, where))
        elif below:
            pieces.append(replace(below, start=start, end=end))
    return tuple(pieces)


def _laid(
    above: OwnPeriod, below: Period | None, start: datetime, end: datetime | None, which: str, where: str
) -> Period:
    given: Mapping[str, int] = getattr(above, which)
    source = f"your own prices: {', '.join(given)}"
    if below and len(given) < len(CLASSES):
        source += f"; the rest {below.source}"
    long_prompt = above.long_prompt if which == "rates" else None
    return Period(
        start=start,
        end=end,
        rates=_whole(given, below, where),
        long_prompt=long_prompt or (below.long_prompt if below else None),
        source=source,
        context_window=above.context_window or (below.context_window if below else None),
    )


def _whole(given: Mapping[str, int], below: Period | None, where: str) -> Rates:
    known = (below.rates.as_dict() if below else {}) | dict(given)
    if missing := [each for each in CLASSES if each not in known]:
        raise PriceTableError(f"{where}: no price for {', '.join(missing)}")
    return Rates(**known)
