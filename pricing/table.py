"""PriceTable: what a model costs at an instant, from the packaged table, a refreshed one and the user's own file."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path

from pricing.ownprices import OwnPrices, read_own
from pricing.tablefile import PriceTableError, TableFile, read_table
from pricing.terms import Model, Span, Terms

__all__ = ["OLD_AFTER", "PriceTable", "PriceTableError", "bare_id"]

# A table whose facts are older than this is shown as old.
OLD_AFTER = timedelta(days=30)

# Amazon sells a model 4.5 or later at list price on "global." profiles and 10 % dearer on all others,
# a bare in-region id included; its government cloud takes 20 % (the latter per litellm only).
_IN_REGION = (11, 10)
_PROFILES = {
    "global": (1, 1),
    "us-gov": (12, 10),
    "us": _IN_REGION,
    "eu": _IN_REGION,
    "au": _IN_REGION,
    "jp": _IN_REGION,
    "apac": _IN_REGION,
}


class PriceTable:
    """Prices of all known models, dated; never changed once loaded."""

    def __init__(self, file: TableFile, own: OwnPrices | None = None, notices: tuple[str, ...] = ()) -> None:
        own = own or OwnPrices()
        models = own.applied_to({model.id: model for model in file.models})
        self._models = models
        self._names = {name: model for model in models.values() for name in model.ids}
        self._names |= models
        self._names |= {alias: self._named(alias, name) for alias, name in own.aliases.items()}
        self._bedrock = {model.bedrock: model for model in models.values() if model.bedrock}
        self._spans = {model.id: model.spans() for model in models.values()}
        self._changes = sorted({change for model in models.values() for change in model.changes()})
        self._highest: dict[int, Terms] = {}
        self.data_as_of: date = file.data_as_of
        self.search_picos: int = file.search_picos
        self.notices = notices

    @classmethod
    def load(cls, packaged: Path | None = None, refreshed: Path | None = None, user: Path | None = None) -> PriceTable:
        """Load the layers: packaged < refreshed < the user's own; the latter two files need not exist.

        A refreshed table that cannot be used, or is older than the packaged one, is set aside with a line in
        `notices`. A mistake in the user's own file raises PriceTableError: they wrote it and can mend it.
        """
        file = read_table((packaged or _PACKAGED).read_bytes(), "packaged")
        notices: tuple[str, ...] = ()
        if refreshed is not None and refreshed.exists():
            file, notices = _refreshed(file, refreshed)
        if user is None or not user.exists():
            return cls(file, None, notices)
        own = read_own(user)
        try:
            return cls(file, own, notices)
        except PriceTableError as error:
            raise PriceTableError(f"{user.name}: {error}") from error

    def models(self) -> tuple[Model, ...]:
        """List all known models."""
        return tuple(self._models.values())

    def find(self, model: str) -> Model | None:
        """Find a model by its id, an alias or a platform's id; nothing is guessed from a part of a name."""
        name = bare_id(model)
        return self._names.get(name) or self._on_bedrock(name)[0]

    def on(self, at: datetime, model: str) -> Terms:
        """Tell what `model` costs for a request that starts at `at`, which must be aware.

        An unknown model, or a date before its first price, gets the highest rate in force of each class.
        """
        if at.tzinfo is None:
            raise ValueError("a price needs an aware datetime")
        name = bare_id(model)
        known, premium = self._names.get(name), (1, 1)
        if known is None:
            known, premium = self._on_bedrock(name)
        if known is not None:
            for start, end, terms in self._spans[known.id]:
                if start <= at and (end is None or at < end):
                    return terms if premium == (1, 1) else terms.with_premium(*premium)
        return self.highest(at, name)

    def highest(self, at: datetime, model: str) -> Terms:
        """Give terms that fail closed: the highest rate of each class among the models on sale at `at`."""
        change = bisect_right(self._changes, at)
        if change not in self._highest:
            self._highest[change] = self._find_highest(at.astimezone(UTC))
        return replace(self._highest[change], model_id=model)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256, in hex, of all that a price depends on."""
        digest = hashlib.sha256(f"{self.search_picos}\n".encode())
        for name, model in sorted(self._names.items()):
            digest.update(f"{name}={model!r}\n".encode())
        return digest.hexdigest()

    def age(self, now: datetime) -> timedelta:
        """Tell how old the facts of the table are."""
        return now - datetime.combine(self.data_as_of, datetime.min.time(), UTC)

    def is_old(self, now: datetime) -> bool:
        """Tell whether a person should be told that the table is old."""
        return self.age(now) > OLD_AFTER

    def _named(self, alias: str, name: str) -> Model:
        if name not in self._names:
            raise PriceTableError(f"your prices: {alias!r} stands for {name!r}, which has no price")
        return self._names[name]

    def _on_bedrock(self, name: str) -> tuple[Model | None, tuple[int, int]]:
        premium = _IN_REGION
        profile, dot, rest = name.partition(".")
        if dot and profile in _PROFILES:
            premium, name = _PROFILES[profile], rest
        model = self._bedrock.get(name)
        return model, premium if model and model.regional else (1, 1)

    def _find_highest(self, at: datetime) -> Terms:
        in_force = [
            terms for model in self.models() if model.on_sale(at) for terms in _covering(self._spans[model.id], at)
        ]
        # Before the first model was sold nothing is in force: then the highest of all times.
        every = in_force or [terms for spans in self._spans.values() for _, _, terms in spans]
        return Terms.highest_of(every)


def bare_id(model: str) -> str:
    """Strip what Claude Code puts after an id to ask for the long context window."""
    return model.removesuffix("[1m]")


def _covering(spans: tuple[Span, ...], at: datetime) -> list[Terms]:
    return [terms for start, end, terms in spans if start <= at and (end is None or at < end)]


def _refreshed(packaged: TableFile, path: Path) -> tuple[TableFile, tuple[str, ...]]:
    try:
        newer = read_table(path.read_bytes(), "refreshed")
    except (OSError, PriceTableError) as error:
        return packaged, (f"the refreshed price table is set aside: {error}",)
    if newer.data_as_of < packaged.data_as_of:
        return packaged, (f"the refreshed price table of {newer.data_as_of} is older than the packaged one",)
    return newer.over(packaged), ()


_PACKAGED = Path(__file__).with_name("anthropic_prices.json")
