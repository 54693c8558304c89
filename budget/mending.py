"""Mending: what entries should have been, where the provider's report says otherwise; split to the picodollar."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from budget.billed import Ours
from pricing.money import ZERO, Money


@dataclass(frozen=True, slots=True)
class Correction:
    """What an entry should have been."""

    entry_id: int
    charged: Money
    likely: Money
    note: str


def estimated(rows: Sequence[Ours], residual: Money, note: str) -> Iterator[Correction]:
    """Give the answers that were only estimated what the provider's figure leaves for them, in proportion."""
    guessed = [row for row in rows if not row.is_confirmed]
    shares = [row.likely.picos or 1 for row in guessed]
    for row, amount in zip(guessed, _split(left_for_estimates(rows, residual), shares), strict=True):
        if (amount, amount) != (row.charged, row.likely):
            yield Correction(row.entry_id, amount, amount, note)


def left_for_estimates(rows: Sequence[Ours], residual: Money) -> Money:
    """Say what the provider's figure leaves for the answers that were only estimated."""
    return Money.total(row.likely for row in rows if not row.is_confirmed) + residual


def on_the_dearest(rows: Sequence[Ours], residual: Money, note: str) -> Iterator[Correction]:
    """Put a difference on the dearest request; on all of them in proportion if it would fall below zero."""
    dearest = max(rows, key=lambda row: row.likely)
    if dearest.likely + residual < ZERO or dearest.charged + residual < ZERO:
        yield from in_proportion(rows, residual, note)
    elif residual:
        yield Correction(dearest.entry_id, dearest.charged + residual, dearest.likely + residual, note)


def in_proportion(rows: Sequence[Ours], residual: Money, note: str) -> Iterator[Correction]:
    """Put a difference on requests in proportion to what they cost; none falls below zero unless their sum does."""
    paid = [row for row in rows if row.likely]
    for row, more in zip(paid, _split(residual, [row.likely.picos for row in paid]), strict=True):
        if more:
            yield Correction(row.entry_id, max(ZERO, row.charged + more), max(ZERO, row.likely + more), note)


def _split(amount: Money, shares: Sequence[int]) -> list[Money]:
    """Split in proportion."""
    whole, given, upto, split = sum(shares), 0, 0, []
    for share in shares:
        upto += share
        now = amount.picos * upto // whole
        split.append(Money(now - given))
        given = now
    return split
