"""Figures: counts and shares, as a person reads them; one form everywhere."""

from __future__ import annotations

from pricing.money import Money


def counted(number: int, one: str, many: str = "") -> str:
    """Say how many of something: "1 request", "1,234 requests"; `many` where it is not `one` with an s."""
    return f"{number:,} {noun(number, one, many)}"


def noun(number: int, one: str, many: str = "") -> str:
    """Give the noun alone, as it is said of so many."""
    return one if number == 1 else many or f"{one}s"


def percent(number: int) -> str:
    """Say so many percent: "18%"."""
    return f"{number:,}%"


def share(permille: int | None) -> str:
    """Say a share to its tenth of a percent: "37.5%", "2%", "-1.2%"; nothing for None."""
    if permille is None:
        return ""
    whole, tenth = divmod(abs(permille), 10)
    return f"{'-' if permille < 0 else ''}{whole:,}{f'.{tenth}' if tenth else ''}%"


def percent_of(part: Money | int, whole: Money | int) -> str:
    """Say how much of a whole a part is, rounded down, and that something is: "18%", "<1%"; empty of nothing."""
    some, all_of_it = _plain(part), _plain(whole)
    if all_of_it <= 0:
        return ""
    number = max(0, some * 100 // all_of_it)
    return "<1%" if some > 0 and not number else percent(number)


def _plain(amount: Money | int) -> int:
    return amount.picos if isinstance(amount, Money) else amount
