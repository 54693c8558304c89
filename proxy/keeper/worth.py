"""Worth: whether reading a prefix once more before it expires saves more than it costs – pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pricing.rates import Rates

MOST_PINGS = 48
"""Further ahead nobody looks: four hours of five minutes each."""

Chance = Callable[[float, float], float]
"""How likely a conversation that has been silent for one age is back before another, in seconds."""


@dataclass(frozen=True, slots=True)
class Stake:
    """What is at stake in a conversation's cache: picodollars of a ping, and of a prefix that need not be written."""

    ping: int
    saved: int


def stake_of(rates: Rates, prefix: int, tail: int, *, for_an_hour: bool) -> Stake:
    """Price a prefix of so many tokens, and the `tail` of the prompt that is in no cache, which each ping pays anew."""
    write = rates.cache_write_1h if for_an_hour else rates.cache_write_5m
    return Stake(prefix * rates.cache_read + tail * rates.input, prefix * (write - rates.cache_read))


def worth(stake: Stake, age_s: float, step_s: float, chance: Chance, most: int = MOST_PINGS) -> float:
    """Say what a ping at this age of a pause is expected to save, in picodollars; zero or less: let it go.

    Each ping keeps the prefix for `step_s`; whether another one follows is decided then, again by what it is worth.
    """
    after = 0.0
    for number in range(most - 1, -1, -1):
        since_s = age_s + number * step_s
        back = chance(since_s, since_s + step_s)
        here = back * stake.saved - stake.ping + (1.0 - back) * after
        after = here if number == 0 else max(0.0, here)
    return after
