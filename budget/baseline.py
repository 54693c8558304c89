"""A baseline: what one entry would have cost at the model that was asked for, and what it is to savings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from pricing.money import ZERO, Money
from pricing.rates import Rates
from pricing.usage import Usage


class Part(StrEnum):
    """What an entry is to savings.

    kept: Claude answered as it would have anyway. cold: it did after the session had been elsewhere, so that its cache
    may have gone cold. moved: a local model answered. swapped: a cheaper Claude model did. attempt: a local model
    tried, and another one answered. void: nothing was answered and nothing is owed.
    """

    kept = "kept"
    cold = "cold"
    moved = "moved"
    swapped = "swapped"
    attempt = "attempt"
    void = "void"


class Basis(StrEnum):
    """What a baseline rests on: what Claude charged, a simulation of its cache, or nothing."""

    actual = "actual"
    simulated = "simulated"
    none = "none"


DIVERGED = (Part.moved, Part.swapped)
"""After these a session is no longer what it would have been at Claude alone."""


@dataclass(frozen=True, slots=True)
class Figures:
    """A simulated baseline: its range, and the tokens and rates whose product is `likely`."""

    low: Money
    likely: Money
    high: Money
    usage: Usage
    rates: Rates


NOTHING = Figures(ZERO, ZERO, ZERO, Usage(), Rates(0, 0, 0, 0, 0))
"""What a ping would have cost with Claude alone: there would have been none."""
A_PING = "a ping of the cache keeper"


@dataclass(frozen=True, slots=True)
class Baseline:
    """What is to be kept of one entry.

    `figures` where the basis is simulated; an actual baseline is what the entry likely cost, with its corrections.
    `predicted` is the simulator's own figure for the answer that Claude really gave; `would` names the route that mode
    auto would have taken, where the mode is observe.
    """

    hold_id: int
    part: Part
    basis: Basis
    figures: Figures | None = None
    predicted: Money | None = None
    local_idle: Money = ZERO
    is_plan: bool = False
    would: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        if (self.basis is Basis.simulated) != (self.figures is not None):
            raise ValueError("a simulated baseline has figures, and no other has")


def part_of(outcome: str, flags: Iterable[str], *, is_local: bool, is_as_asked: bool) -> Part:
    """Tell what an entry is to savings by how it ended; `is_as_asked`: by the model that was asked for.

    What a local model answered only with an error is an attempt: whoever asked will ask again.
    """
    if outcome == "voided":
        return Part.void
    if not is_local:
        return Part.kept if is_as_asked else Part.swapped
    told = tuple(flags)
    if any(flag.startswith("kept: ") for flag in told):
        return Part.moved
    was_followed = any(flag == "retried" or flag.startswith(("escalated: ", "failed: ")) for flag in told)
    return Part.attempt if was_followed or outcome in ("interrupted", "orphaned") else Part.moved
