"""Learned: a ratio as it was seen again and again, robust against the odd one out."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from operator import itemgetter

ENOUGH = 30
"""Samples from which a ratio is told without a range."""
MOST_SAMPLES = 200
ONE = 1_000_000
"""Ratios are whole millionths."""
MOST_WEIGHT = 131_072

# How far the truth may lie from a guess that nothing supports: a third below, almost half above.
_LOW, _HIGH = 700, 1450
# After one sample it may be off by so many thousandths; after n, by that over the root of n.
_FIRST = 300


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio in millionths with the range it lies in; `samples` is the number it was ever learned from."""

    low: int
    likely: int
    high: int
    samples: int

    @property
    def is_thin(self) -> bool:
        """Tell whether it has to be shown as a range."""
        return self.samples < ENOUGH


class Learned:
    """The latest ratios of one kind, each with the weight it was seen with."""

    def __init__(self, samples: Iterable[tuple[int, int]] = (), seen: int = 0) -> None:
        self.samples: deque[tuple[int, int]] = deque(samples, maxlen=MOST_SAMPLES)
        self.seen = max(seen, len(self.samples))

    def add(self, ratio: int, weight: int) -> None:
        """Take one more; `ratio` in millionths."""
        self.samples.append((ratio, max(1, min(weight, MOST_WEIGHT))))
        self.seen += 1

    def ratio(self) -> Ratio:
        """Give the weighted median, with a range that narrows as samples come and vanishes when there are enough."""
        if self.seen >= ENOUGH:
            (likely,) = self._quantiles((500,))
            return Ratio(likely, likely, likely, self.seen)
        low, likely, high = self._quantiles((100, 500, 900))
        width = max(_FIRST / math.sqrt(self.seen), 500 * (high - low) / likely)
        off = round(likely * min(width, 900) / 1000)
        return Ratio(likely - off, likely, likely + off, self.seen)

    def _quantiles(self, shares: tuple[int, ...]) -> list[int]:
        """Give the ratios below which such shares of all weight lie, in thousandths, ascending."""
        ordered = sorted(self.samples)
        below = list(accumulate(map(itemgetter(1), ordered)))
        return [ordered[bisect_left(below, -(-below[-1] * share // 1000))][0] for share in shares]


def unsupported(likely: int) -> Ratio:
    """Give the range of a ratio that was only guessed."""
    return Ratio(likely * _LOW // 1000, likely, likely * _HIGH // 1000, 0)
