"""Money: whole picodollars, parsed and printed exactly."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact, InvalidOperation
from typing import Literal

PICOS_PER_DOLLAR = 10**12

Rounding = Literal["up", "down", "nearest"]

# Far more digits than any amount has: what does not fit is an error, never rounded.
_EXACT = Context(prec=60, traps=[Inexact, InvalidOperation])
_MOST_DIGITS = 18


@dataclass(frozen=True, order=True, slots=True)
class Money:
    """An exact amount in picodollars (1 USD = 10¹² p$); may be negative."""

    picos: int

    @classmethod
    def usd(cls, amount: str | int | Decimal) -> Money:
        """Read an amount in dollars, such as "0.006".

        ValueError if it is not a number or finer than a picodollar; TypeError for a float, which is neither.
        """
        if isinstance(amount, bool) or not isinstance(amount, str | int | Decimal):
            raise TypeError(f"money is not made of {type(amount).__name__}: {amount!r}")
        try:
            picos = _EXACT.multiply(Decimal(amount), PICOS_PER_DOLLAR)
        except (InvalidOperation, Inexact):
            raise ValueError(f"not an amount in dollars: {amount!r}") from None
        if not picos.is_finite() or picos.adjusted() > 12 + _MOST_DIGITS or picos != picos.to_integral_value():
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
        # A float would make the amount a float, and nothing would say so until it is stored.
        return Money(self.picos * times) if isinstance(times, int) else NotImplemented

    __rmul__ = __mul__

    def __neg__(self) -> Money:
        return Money(-self.picos)

    def __bool__(self) -> bool:
        return self.picos != 0

    def exact(self) -> str:
        """Print every digit, such as "0.0196096": for files and JSON."""
        whole, part = divmod(abs(self.picos), PICOS_PER_DOLLAR)
        text = f"{whole}.{part:012d}".rstrip("0").rstrip(".")
        return f"-{text}" if self.picos < 0 else text

    def dollars(self, places: int = 2, rounding: Rounding = "nearest") -> str:
        """Print for a person, such as "$1.84", the same amount the same way wherever it stands. At most 12 places.

        What is less than one in the last place keeps two digits, such as "$0.0034": only nothing reads as nothing.
        """
        if 0 < abs(self.picos) < 10 ** (12 - places):
            places = min(12, 14 - len(str(abs(self.picos))))
        steps = _rounded(self.picos, 10 ** (12 - places), rounding)
        whole, part = divmod(abs(steps), 10**places)
        text = f"${whole:,}.{part:0{places}d}" if places else f"${whole:,}"
        return f"-{text}" if steps < 0 else text

    def fine(self, rounding: Rounding = "nearest") -> str:
        """Print what one request came to, such as "$0.0831": to the hundredth of a cent where it is below a dollar."""
        return self.dollars(4 if 0 < abs(self.picos) < PICOS_PER_DOLLAR else 2, rounding)

    def __str__(self) -> str:
        return self.dollars()


def _rounded(picos: int, step: int, rounding: Rounding) -> int:
    steps, rest = divmod(picos, step)
    match rounding:
        case "up":
            return steps + (rest > 0)
        case "down":
            return steps
        case "nearest":
            # A half goes to the even side, so that sums of many do not drift.
            return steps + (2 * rest > step or (2 * rest == step and steps % 2 == 1))


ZERO = Money(0)
