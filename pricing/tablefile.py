"""The price table as a file: strict JSON in, models with dated periods out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Context, Decimal, Inexact, InvalidOperation
from itertools import pairwise
from typing import Any

from pricing.rates import CLASSES, GRAIN, Rates
from pricing.terms import LongPrompt, Model, Period

FORMAT = "bursar-prices/1"
# No model comes near $10,000 per million tokens; a slip of the decimal point does.
DEAREST_PICOS = 10**10
LONGEST_FILE_BYTES = 4 * 1024 * 1024
_LONGEST_SAID = 300
# More digits than any rate has: what does not fit is refused, never rounded.
_EXACT = Context(prec=40, traps=[Inexact, InvalidOperation])
_MOST_DIGITS = 40

_MODEL_KEYS = {
    *("id", "name", "released", "retired", "aliases", "bedrock", "vertex", "geo", "regional", "context_window"),
    *("tokenizer", "confidence", "limited", "min_cacheable", "notes", "periods", "fast"),
}
_PERIOD_KEYS = {"from", "until", "over", "context_window", "sources", "note", *CLASSES}
_TABLE_KEYS = {"format", "data_as_of", "unit", "dates", "web_search_usd_per_1000", "sources", "models"}


class PriceTableError(ValueError):
    """A price file that cannot be used; the text says where and why, cut short and safe to show."""

    def __init__(self, said: str) -> None:
        cut = said if len(said) <= _LONGEST_SAID else f"{said[: _LONGEST_SAID - 3]}..."
        super().__init__("".join(each if each.isprintable() else repr(each)[1:-1] for each in cut))


@dataclass(frozen=True, slots=True)
class TableFile:
    """What one table file says."""

    data_as_of: date
    models: tuple[Model, ...]
    search_picos: int

    def over(self, older: TableFile) -> TableFile:
        """Lay this table over an older one: a model that only the older one knows keeps its price."""
        models = {model.id: model for model in (*older.models, *self.models)}
        names = {name for model in self.models for name in model.ids}
        kept = [model for model in models.values() if model in self.models or not names & set(model.ids)]
        return TableFile(self.data_as_of, tuple(kept), self.search_picos)


def read_table(raw: bytes, layer: str) -> TableFile:
    """Read a table; `layer` is named in the source of each rate. Raises PriceTableError for anything odd."""
    if len(raw) > LONGEST_FILE_BYTES:
        raise PriceTableError(f"a price table of {len(raw)} bytes is too long")
    try:
        data = json.loads(
            raw, object_pairs_hook=once, parse_constant=_no_constant, parse_float=_no_float, parse_int=whole_number
        )
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise PriceTableError("not a price table: it is no JSON") from error
    except RecursionError as error:
        raise PriceTableError("not a price table: it is nested too deep") from error
    except ValueError as error:
        raise PriceTableError(f"not a price table: {error}") from error
    try:
        return _table(data, layer)
    except KeyError as error:
        raise PriceTableError(f"not a price table: {error} is missing") from error
    except (TypeError, AttributeError) as error:
        raise PriceTableError("not a price table: a value in it is of another kind than it has to be") from error


def usd_per_mtok(value: object, where: str) -> int:
    """Read dollars per million tokens as picodollars per token; PriceTableError unless exact and sensible."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise PriceTableError(f'{where}: {value!r:.60} is not an amount in dollars, such as "2.50"')
    try:
        picos = _EXACT.multiply(Decimal(value), 10**6)
    except (InvalidOperation, Inexact):
        raise PriceTableError(f'{where}: {value!r:.60} is not an amount in dollars, such as "2.50"') from None
    if not picos.is_finite() or picos < 0 or picos > DEAREST_PICOS:
        raise PriceTableError(f"{where}: ${value} per million tokens is not between 0 and 10,000")
    if picos % GRAIN:
        raise PriceTableError(f"{where}: ${value} is finer than $0.00002 per million tokens")
    return int(picos)


def utc_midnight(value: object, where: str) -> datetime:
    """Read "2026-11-20", or a TOML date, as the first instant of that day in UTC."""
    return datetime.combine(a_date(value, where), datetime.min.time(), UTC)


def a_date(value: object, where: str) -> date:
    """Read "2026-11-20", or a TOML date; PriceTableError for anything else."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise PriceTableError(f"{where}: {value!r:.60} is not a date such as 2026-11-20") from None


def tokens(value: object, where: str) -> int:
    """Read a number of tokens; PriceTableError unless a positive integer."""
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise PriceTableError(f"{where}: {value!r} is not a number of tokens")
    return value


def check_keys(data: Mapping[str, object], known: Iterable[str], where: str) -> None:
    """Refuse a key nobody reads: it is a misspelt one, and its price would be ignored."""
    if unknown := sorted(set(data) - set(known)):
        raise PriceTableError(f"{where}: unknown key {unknown[0]!r}; known are {', '.join(sorted(known))}")


def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Make an object of JSON; ValueError where a key is written twice, since one of its prices would be ignored."""
    data = dict(pairs)
    if len(data) != len(pairs):
        raise ValueError("a key is written twice in one object")
    return data


def whole_number(text: str) -> int:
    """Read a whole number of JSON; ValueError where it is longer than any that we know."""
    if len(text) > _MOST_DIGITS:
        raise ValueError("a number is too long")
    return int(text)


def _table(data: Mapping[str, Any], layer: str) -> TableFile:
    if data["format"] != FORMAT:
        raise PriceTableError(f"the format is {data['format']!r}, not {FORMAT}")
    check_keys(data, _TABLE_KEYS, "the table")
    as_of = a_date(data["data_as_of"], "data_as_of")
    models = tuple(_named(entry, f"{layer} {as_of}") for entry in data["models"])
    if not models:
        raise PriceTableError("the table has no models")
    _check_ids(models)
    # $x for 1,000 searches is x·10⁹ p$ each: a thousand times what usd_per_mtok makes of it.
    return TableFile(as_of, models, 1000 * usd_per_mtok(data["web_search_usd_per_1000"], "web_search_usd_per_1000"))


def _named(entry: Mapping[str, Any], layer: str) -> Model:
    """Read a model, and name it where something is missing or misplaced."""
    where = str(entry["id"])
    try:
        return _model(entry, layer)
    except KeyError as error:
        raise PriceTableError(f"{where}: {error} is missing") from error
    except (TypeError, AttributeError) as error:
        raise PriceTableError(f"{where}: a value is of another kind than it has to be") from error


def _model(entry: Mapping[str, Any], layer: str) -> Model:
    where = str(entry["id"])
    check_keys(entry, _MODEL_KEYS, where)
    periods = tuple(_period(period, where, layer) for period in entry["periods"])
    fast = tuple(_period(period, f"{where} fast", layer) for period in entry.get("fast", ()))
    _check_contiguous(periods, where)
    _check_apart(fast, f"{where} fast")
    retired = entry["retired"]
    return Model(
        id=_text(entry["id"], where),
        name=_text(entry["name"], where),
        released=a_date(entry["released"], where),
        retired=None if retired is None else a_date(retired, where),
        aliases=tuple(_text(alias, where) for alias in entry.get("aliases", ())),
        bedrock=_maybe_text(entry.get("bedrock"), where),
        vertex=_maybe_text(entry.get("vertex"), where),
        geo_supported=_flag(entry["geo"], where),
        regional=_flag(entry["regional"], where),
        tokenizer=_text(entry["tokenizer"], where),
        context_window=tokens(entry["context_window"], where),
        periods=periods,
        fast=fast,
        min_cacheable_since=tuple(
            (utc_midnight(since, where), tokens(least, where))
            for since, least in sorted(entry.get("min_cacheable", {}).items())
        ),
        limited=_flag(entry.get("limited", False), where),
        confidence=_text(entry["confidence"], where),
    )


def _period(entry: Mapping[str, Any], where: str, layer: str) -> Period:
    check_keys(entry, _PERIOD_KEYS, where)
    where = f"{where} from {entry['from']}"
    return Period(
        start=utc_midnight(entry["from"], where),
        end=utc_midnight(entry["until"], where) if "until" in entry else None,
        rates=_rates(entry, where),
        long_prompt=_long_prompt(entry["over"], where) if "over" in entry else None,
        source=f"{layer}: {_text(entry['sources'], where)}",
        context_window=tokens(entry["context_window"], where) if "context_window" in entry else None,
    )


def _long_prompt(entry: Mapping[str, Any], where: str) -> LongPrompt:
    check_keys(entry, {"tokens", *CLASSES}, where)
    return LongPrompt(tokens(entry["tokens"], where), _rates(entry, f"{where}, over"))


def _rates(entry: Mapping[str, Any], where: str) -> Rates:
    rates = Rates(*(usd_per_mtok(entry[name], f"{where}, {name}") for name in CLASSES))
    if not all(rates.as_dict().values()):
        raise PriceTableError(f"{where}: a rate of zero; no published one is")
    return rates


def _check_contiguous(periods: tuple[Period, ...], where: str) -> None:
    _check_apart(periods, where)
    if not periods or periods[-1].end is not None:
        raise PriceTableError(f"{where}: the last period must be open")
    for before, after in pairwise(periods):
        if before.end != after.start:
            raise PriceTableError(f"{where}: no price from {before.end} to {after.start}")


def _check_apart(periods: tuple[Period, ...], where: str) -> None:
    for period in periods:
        if period.end is not None and period.end <= period.start:
            raise PriceTableError(f"{where}: a period ends at {period.end}, not after its start")
    for before, after in pairwise(periods):
        if before.end is None or before.end > after.start:
            raise PriceTableError(f"{where}: the period from {after.start} overlaps the one before")


def _check_ids(models: tuple[Model, ...]) -> None:
    owner: dict[str, str] = {}
    for model in models:
        for name in model.ids:
            if owner.setdefault(name, model.id) != model.id:
                raise PriceTableError(f"{name!r} means both {owner[name]} and {model.id}")
    if len({model.id for model in models}) != len(models):
        raise PriceTableError("a model is listed twice")


def _text(value: object, where: str) -> str:
    if not isinstance(value, str) or not value or len(value) > 300:
        raise PriceTableError(f"{where}: {value!r:.40} is not a short text")
    return value


def _maybe_text(value: object, where: str) -> str | None:
    return None if value is None else _text(value, where)


def _flag(value: object, where: str) -> bool:
    if not isinstance(value, bool):
        raise PriceTableError(f"{where}: {value!r:.40} is neither true nor false")
    return value


def _no_constant(text: str) -> object:
    raise ValueError(f"{text} is not a number")


def _no_float(text: str) -> object:
    raise ValueError(f"{text} must be written as text, to stay exact")
