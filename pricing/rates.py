"""Rates: what one token of each class costs, in whole picodollars."""

from __future__ import annotations

from dataclasses import dataclass, fields

from pricing.money import Money
from pricing.usage import Usage

# Half price (batch) times 1.1 (US residency) is 11/20, and 3/5 on a government cloud: a rate that is a
# multiple of 20 p$ stays whole under every published modifier. Anthropic's finest is 10,000 p$.
GRAIN = 20


@dataclass(frozen=True, slots=True)
class Rates:
    """Picodollars per token, by class; $x per million tokens is x·10⁶ p$ per token."""

    input: int
    cache_write_5m: int
    cache_write_1h: int
    cache_read: int
    output: int

    def cost(self, usage: Usage) -> Money:
        """Price the tokens of `usage`; its web searches are not included."""
        return Money(
            usage.input * self.input
            + usage.cache_write_5m * self.cache_write_5m
            + usage.cache_write_1h * self.cache_write_1h
            + usage.cache_read * self.cache_read
            + usage.output * self.output
        )

    def times(self, num: int, den: int) -> Rates:
        """Multiply each rate by num/den; ValueError if one of them would no longer be whole."""
        scaled = [getattr(self, name) * num for name in CLASSES]
        if any(rate % den for rate in scaled):
            raise ValueError(f"{num}/{den} of a rate is not a whole number of picodollars: {self}")
        return Rates(*(rate // den for rate in scaled))

    def worst(self, other: Rates) -> Rates:
        """Take the higher rate of each class."""
        return Rates(*(max(getattr(self, name), getattr(other, name)) for name in CLASSES))

    def as_dict(self) -> dict[str, int]:
        """List the rates by class, in picodollars per token: what a hold or an entry keeps."""
        return {name: getattr(self, name) for name in CLASSES}


CLASSES = tuple(field.name for field in fields(Rates))
