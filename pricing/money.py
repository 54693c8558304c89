"""Money: whole picodollars, parsed and printed exactly."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Literal

PICOS_PER_DOLLAR = 10**12

Rounding = Literal["up", "down", "nearest"]
_ROUNDINGS = {"up": ROUND_CEILING, "down": ROUND_FLOOR, "nearest": ROUND_HALF_EVEN}


@dataclass(frozen=True, order=True, slots=True)
class Money:
    """An exact amount in picodollars (1 USD = 10¹² p$); may be negative."""

    picos: int

    @classmethod
    def usd(cls, amount: str | int | Decimal) -> Money:
        """Read an amount in dollars, such as "0.006"; ValueError if it is not a number or finer than a picodollar."""
        try:
            picos = Decimal(amount) * PICOS_PER_DOLLAR
        except InvalidOperation:
            raise ValueError(f"not an amount in dollars: {amount!r}") from None
        if not picos.is_finite() or picos != picos.to_integral_value():
            raise ValueError(f"not an exact amount in picodollars: {amount!r}")
        return cls(int(picos))

    @classmethod
    def total(cls, amounts: Iterable[Money]) -> Money:
        """Sum any number of amounts; nothing sums to zero."""
        return cls(sum(amount.picos for amount in amounts))

    def __add__(self, other: Money) -> Money:
        return Money(self.picos + other.picos)

    def __sub__(self, other: Money) -> Money:
        return Money(self.picos - other.picos)

    def __mul__(self, times: int) -> Money:
        return Money(self.picos * times)

    __rmul__ = __mul__

    def __neg__(self) -> Money:
        return Money(-self.picos)

    def __bool__(self) -> bool:
        return self.picos != 0

    def exact(self) -> str:
        """Print every digit, such as "0.0196096": for files and JSON."""
        text = f"{Decimal(self.picos).scaleb(-12):f}"
        return text.rstrip("0").rstrip(".") if "." in text else text

    def dollars(self, places: int = 2, rounding: Rounding = "nearest") -> str:
        """Print for a person, such as "$1.84"; spent is rounded up, what remains down."""
        step = Decimal(1).scaleb(-places)
        amount = Decimal(self.picos).scaleb(-12).quantize(step, rounding=_ROUNDINGS[rounding])
        return f"-${-amount:,f}" if amount < 0 else f"${abs(amount):,f}"

    def __str__(self) -> str:
        return self.dollars()


ZERO = Money(0)
