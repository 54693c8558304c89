"""Taking: which tier a call is taken for – the true one, or what a classifier that errs would have said."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import blake2b

from proxy.replay.call import Call
from proxy.task import Tier

Taking = Callable[[Call], Tier]
"""Gives the tier that a call is taken for; all calls of a turn must get the same one."""


def as_labelled(call: Call) -> Tier:
    """Take every call for what it truly is."""
    return call.tier


class Confusion:
    """Errs as a classifier was seen to err: `counts[true][said]` are the prompts of a labelled set.

    A turn is drawn once, by its name and the seed, so that all its calls are taken alike and a replay can be repeated.
    A true tier without any prompts is taken for itself.
    """

    def __init__(self, counts: Mapping[Tier, Mapping[Tier, int]], seed: int = 0) -> None:
        self._counts, self._seed = counts, seed
        self._said: dict[tuple[str, Tier], Tier] = {}

    def __call__(self, call: Call) -> Tier:
        """Give the tier that the call's turn is taken for."""
        key = call.turn_key, call.tier
        if key not in self._said:
            self._said[key] = self._draw(call)
        return self._said[key]

    def _draw(self, call: Call) -> Tier:
        row = self._counts.get(call.tier, {})
        at = drawn(call.turn_key, self._seed) * sum(row.values())
        for tier, count in row.items():
            if at < count:
                return tier
            at -= count
        return call.tier


def drawn(name: str, seed: int) -> float:
    """Draw a number from 0 to 1 for a name, always the same for the same seed."""
    digest = blake2b(f"{seed}/{name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64
