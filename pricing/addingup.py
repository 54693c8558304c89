"""Adding up: amounts printed so that what is printed comes out to the cent, as its reader will check."""

from __future__ import annotations

from collections.abc import Sequence

from pricing.money import Money


def left_of(whole: Money, *taken: Money) -> tuple[str, ...]:
    """Print a whole, what is taken from it, and what is left, so that the printed amounts come out.

    What is left is rounded to the nearest. The others are at most one in the last place from their own nearest: those
    are moved that were rounded furthest the other way. Cents, or finer where one of them is less than a cent.
    """
    parts = (whole, *(-each for each in taken))
    rest = Money.total(parts)
    places = _places((*parts, rest))
    unit = 10 ** (12 - places)
    first, *less = _moved(parts, _nearest(rest.picos, unit), unit)
    shown = (first, *(-each for each in less), first + sum(less))
    return tuple(Money(each * unit).dollars(places) for each in shown)


def _moved(parts: Sequence[Money], total: int, unit: int) -> list[int]:
    """Round parts to units that sum to a total."""
    rounded = [_nearest(part.picos, unit) for part in parts]
    gap = total - sum(rounded)
    step = 1 if gap > 0 else -1
    by_error = sorted(range(len(parts)), key=lambda at: step * (rounded[at] * unit - parts[at].picos))
    for at in by_error[: abs(gap)]:
        rounded[at] += step
    return rounded


def _places(amounts: Sequence[Money]) -> int:
    least = min((abs(amount.picos) for amount in amounts if amount), default=10**12)
    return next((places for places in range(2, 12, 2) if least >= 10 ** (12 - places)), 12)


def _nearest(picos: int, unit: int) -> int:
    return (2 * picos + unit) // (2 * unit)
