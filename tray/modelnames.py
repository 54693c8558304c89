"""Model names in the settings: those that no price is known for, and what was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from pricing.table import PriceTable
from tray.settings import Settings


def unknown_models(settings: Settings, prices: PriceTable) -> tuple[str, ...]:
    """Say for each Claude model without a price where it stands and which one is nearest; such a one is never used."""
    known = [model.id for model in prices.models()]
    return tuple(
        f'{place}: no price is known for a model "{name}"; did you mean "{nearest(name, known)}"?'
        for place, name in _named(settings)
        if prices.find(name) is None
    )


def _named(settings: Settings) -> Iterator[tuple[str, str]]:
    for tier, name in settings.cloud_models.items():
        yield f"[cloud_models] {tier.name}", name
    for rule in settings.rules:
        if rule.model:
            yield f'the rule "{rule.name}"', rule.model


def nearest(name: str, known: list[str]) -> str:
    """Find the known name that is most like one that is not."""
    # Of equally near ones the newest, which the table has last.
    return max(reversed(known), key=lambda each: difflib.SequenceMatcher(None, name.lower(), each).ratio())
