"""Refresh: judge a price table that was handed to us, and put it in place in one step."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from pricing.rates import CLASSES, Rates
from pricing.table import PriceTable
from pricing.tablefile import PriceTableError, read_table
from pricing.terms import Model, Period

# A rate that moves further than this, up or down, is more often a slip than a price.
MOST_TIMES = 5
# Facts cannot be from after tomorrow, wherever they were written.
_AHEAD = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is to be said about a table handed to us.

    `problems` forbid it; `questions` need a person's yes; `changes` are what would be different, for that person.
    """

    raw: bytes
    problems: tuple[str, ...]
    questions: tuple[str, ...]
    changes: tuple[str, ...]

    def usable(self, *, yes: bool = False) -> bool:
        """Tell whether it may take the last good table's place, given that person's answer."""
        return not self.problems and (yes or not self.questions)


def judge(raw: bytes, good: PriceTable, *, seen: Collection[str], now: datetime) -> Judgement:
    """Compare a new table with the last good one; nothing is read or written.

    `seen` are the ids that requests asked for in the last 30 days: none of them may lose its price or change its model.
    `good` is best loaded without the user's own file, whose prices are not the provider's.
    """
    try:
        file = read_table(raw, "refreshed")
    except PriceTableError as error:
        return Judgement(raw, (str(error),), (), ())
    new = PriceTable(file)
    problems = [*_dates(new, good, now), *_vanished(new, good, seen), *_rewritten(new, good)]
    questions = [
        *_corrected(new, good),
        *_moved(new, good),
        *_unlikely(new, good),
        *_search(new, good),
        *_softened(new, good),
    ]
    return Judgement(raw, tuple(problems), tuple(questions), tuple(_changes(new, good)))


def install(judgement: Judgement, target: Path, *, yes: bool = False) -> None:
    """Put a judged table in place: all of it or nothing, whatever happens meanwhile.

    Raises PriceTableError if it may not be used. The file is readable by its owner only.
    """
    if not judgement.usable(yes=yes):
        raise PriceTableError("; ".join((*judgement.problems, *judgement.questions)))
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(judgement.raw)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


def _dates(new: PriceTable, good: PriceTable, now: datetime) -> Iterator[str]:
    if new.data_as_of < good.data_as_of:
        yield f"its facts of {new.data_as_of} are older than those of {good.data_as_of}"
    if new.age(now) < -_AHEAD:
        yield f"its facts are of {new.data_as_of}, which has not come yet"


def _vanished(new: PriceTable, good: PriceTable, seen: Collection[str]) -> Iterator[str]:
    for name in sorted(seen):
        if good.find(name) and not new.find(name):
            yield f"{name} was asked for in the last 30 days and has no price any more"
    for model in good.models():
        for name in model.ids:
            found = new.find(name)
            if found and found.id != model.id:
                yield f"{name} would mean {found.id} instead of {model.id}"


def _rewritten(new: PriceTable, good: PriceTable) -> Iterator[str]:
    for old, model in _pairs(new, good):
        for which, before, after in _kinds(old, model):
            for period in before:
                if period.end is not None and not any(_same(period, other) for other in after):
                    yield f"{old.id}: the closed {which} price from {period.start.date()} is rewritten"
                elif period.end is None and not any(period.start == other.start for other in after):
                    yield f"{old.id}: the {which} price from {period.start.date()} is gone"
            known = {period.start for period in before}
            if before and any(other.start not in known and other.start < before[-1].start for other in after):
                yield f"{old.id}: a {which} price is slipped in before the last one known"


def _corrected(new: PriceTable, good: PriceTable) -> Iterator[str]:
    for old, model in _pairs(new, good):
        for which, before, after in _kinds(old, model):
            latest = before[-1] if before else None
            for other in after:
                if latest and latest.end is None and other.start == latest.start and not _same_rates(latest, other):
                    yield f"{old.id}: the {which} price from {latest.start.date()} is corrected in place"


def _moved(new: PriceTable, good: PriceTable) -> Iterator[str]:
    for old, model in _pairs(new, good):
        for which, before, after in _kinds(old, model):
            for other in (each for each in after if before and each.start >= before[-1].start):
                for name in _far(before[-1], other):
                    since = other.start.date()
                    yield f"{old.id}: the {which} {name} price from {since} moves more than {MOST_TIMES} times"


def _unlikely(new: PriceTable, good: PriceTable) -> Iterator[str]:
    """Ask about a new model that is far cheaper or dearer than any: it has no last price to move from."""
    known = [period.rates for model in good.models() for period in model.periods]
    for model in new.models():
        if good.find(model.id):
            continue
        for name in CLASSES:
            prices = [getattr(period.rates, name) for period in model.periods]
            least, most = (edge(getattr(rates, name) for rates in known) for edge in (min, max))
            if min(prices) * MOST_TIMES < least or max(prices) > MOST_TIMES * most:
                yield f"{model.id}: its {name} price is more than {MOST_TIMES} times off any other model's"


def _search(new: PriceTable, good: PriceTable) -> Iterator[str]:
    if _is_far(good.search_picos, new.search_picos):
        yield f"the price of web searches moves more than {MOST_TIMES} times"


def _softened(new: PriceTable, good: PriceTable) -> Iterator[str]:
    """Ask about what would make holds smaller without a price being named."""
    for old, model in _pairs(new, good):
        if old.geo_supported and not model.geo_supported:
            yield f"{old.id}: US residency would cost nothing any more"
        if model.context_window < old.context_window:
            yield f"{old.id}: the context window shrinks to {model.context_window}"
        if old.fast and not model.fast:
            yield f"{old.id}: fast mode would have no price any more"


def _changes(new: PriceTable, good: PriceTable) -> Iterator[str]:
    known = {model.id: model for model in good.models()}
    for model in new.models():
        if model.id not in known:
            yield f"{model.id} is new"
            continue
        for which, before, after in _kinds(known[model.id], model):
            different = [each for each in after if not any(_same(each, other) for other in before)]
            yield from (f"{model.id}: {which} price from {each.start.date()}" for each in different)
    yield from (f"{gone} is not in it" for gone in sorted(known.keys() - {model.id for model in new.models()}))


def _pairs(new: PriceTable, good: PriceTable) -> Iterator[tuple[Model, Model]]:
    models = {model.id: model for model in new.models()}
    return ((old, models[old.id]) for old in good.models() if old.id in models)


def _kinds(old: Model, new: Model) -> tuple[tuple[str, tuple[Period, ...], tuple[Period, ...]], ...]:
    return ("standard", old.periods, new.periods), ("fast", old.fast, new.fast)


def _same(one: Period, other: Period) -> bool:
    return (one.start, one.end) == (other.start, other.end) and _same_rates(one, other)


def _same_rates(one: Period, other: Period) -> bool:
    return (one.rates, one.long_prompt, one.context_window) == (other.rates, other.long_prompt, other.context_window)


def _far(before: Period, after: Period) -> list[str]:
    pairs = ((before.rates, after.rates), (_long(before), _long(after)))
    return [name for name in CLASSES if any(_is_far(getattr(a, name), getattr(b, name)) for a, b in pairs)]


def _long(period: Period) -> Rates:
    return period.long_prompt.rates if period.long_prompt else period.rates


def _is_far(before: int, after: int) -> bool:
    return after > MOST_TIMES * before or before > MOST_TIMES * after


def _sync_folder(folder: Path) -> None:
    # Windows cannot open a folder, and needs no sync of it.
    with contextlib.suppress(OSError, AttributeError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
