"""The hazard of return: how likely a conversation goes on, the longer it has been silent; learned from pauses – pure.

A pause lasts from the end of an answer to the conversation's next request, and may never end: silence that still lasts
counts as well, as time in which nobody came back. In each stretch of a silence the rate of return is taken to be even;
where little was seen of it, it is what others' pauses say (the prior), and a few pauses of one's own outweigh that.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from proxy.keeper.worth import Chance

EDGES = (0.0, 60.0, 120.0, 240.0, 420.0, 660.0, 960.0, 1260.0, 1800.0, 2700.0, 3900.0, 7500.0, 14400.0)
"""Where the stretches of a silence begin, in seconds; the last one has no end."""


class Mood(StrEnum):
    """What is known of a silence, beside how long it lasts.

    working: the answer asked for tools, so the agent goes on by itself. asked: it was the end of a turn, and a person
    has to. moved_on: the same, and another conversation has begun since. done: a sub-agent's last word.
    """

    working = "working"
    asked = "asked"
    moved_on = "moved_on"
    done = "done"


PRIOR: Mapping[Mood, tuple[float, ...]] = {
    Mood.working: (0.045, 0.018, 0.010, 0.006, 0.004, 0.003, 0.002, 0.001, 5e-4, 2e-4, 1e-4, 5e-5, 1e-5),
    Mood.asked: (3.6e-3, 3.7e-3, 2.4e-3, 1.1e-3, 6.4e-4, 4.4e-4, 1.8e-4, 1e-4, 1e-4, 5e-5, 3e-5, 2.5e-5, 1e-5),
    Mood.moved_on: (2e-3, 2e-3, 1.2e-3, 6e-4, 3.2e-4, 2.2e-4, 9e-5, 5e-5, 5e-5, 2.5e-5, 1.5e-5, 1.2e-5, 5e-6),
    Mood.done: (1e-5,) * len(EDGES),
}
"""Returns a second in each stretch.

Those of a turn's end are the pauses of 580 public sessions (median 135 s, 26 % over 5 minutes, 10 % over 16, 5 % over
40) with one turn in five the session's last; the others are guesses beside them.
"""

WEIGHT = 3.0
"""As how many returns of one's own the prior counts, in each stretch."""


@dataclass(slots=True)
class _Seen:
    """What was seen of one mood: returns in each stretch, and the seconds of silence in it."""

    returns: list[float] = field(default_factory=lambda: [0.0] * len(EDGES))
    silent_s: list[float] = field(default_factory=lambda: [0.0] * len(EDGES))


class Hazard:
    """What was learned of returns; the chances that it gives can be asked while more is learned."""

    def __init__(self, weight: float = WEIGHT) -> None:
        self._weight = weight
        self._seen = {mood: _Seen() for mood in Mood}

    def silent(self, mood: Mood, since_s: float, until_s: float) -> None:
        """Count silence of some mood between two ages of a pause, in seconds since the answer's end."""
        seen = self._seen[mood]
        for place, begin, end in _stretches(since_s, until_s):
            seen.silent_s[place] += end - begin

    def returned(self, mood: Mood, age_s: float) -> None:
        """Count a return at some age of a pause; its silence is counted apart."""
        self._seen[mood].returns[_place(age_s)] += 1

    def learn(self, other: Hazard) -> None:
        """Learn all that another one has seen."""
        for mood, seen in other._seen.items():
            mine = self._seen[mood]
            mine.returns = [one + more for one, more in zip(mine.returns, seen.returns, strict=True)]
            mine.silent_s = [one + more for one, more in zip(mine.silent_s, seen.silent_s, strict=True)]

    def rate(self, mood: Mood, age_s: float) -> float:
        """Tell how many return in a second at this age, of those still silent."""
        return self._rate(mood, _place(age_s))

    def chance(self, mood: Mood, since_s: float, until_s: float) -> float:
        """Tell how likely who has been silent for `since_s` is back before `until_s`: from 0 to 1."""
        return self.chances(mood, ())(since_s, until_s)

    def chances(self, mood: Mood, lasting: Iterable[tuple[float, float]]) -> Chance:
        """Give the chance of one mood as it is now, counting in silences that last: the ages between which each did.

        It may be asked while more is learned.
        """
        seen, silent_s = self._seen[mood], list(self._seen[mood].silent_s)
        for since_s, until_s in lasting:
            for place, begin, end in _stretches(since_s, until_s):
                silent_s[place] += end - begin
        rates = [self._rate_of(mood, place, seen.returns[place], silent_s[place]) for place in range(len(EDGES))]
        return lambda since_s, until_s: (
            -math.expm1(-sum(rates[place] * (end - begin) for place, begin, end in _stretches(since_s, until_s)))
        )

    @property
    def pauses(self) -> int:
        """How many returns it has learned from."""
        return round(sum(sum(seen.returns) for seen in self._seen.values()))

    def _rate(self, mood: Mood, place: int) -> float:
        seen = self._seen[mood]
        return self._rate_of(mood, place, seen.returns[place], seen.silent_s[place])

    def _rate_of(self, mood: Mood, place: int, returns: float, silent_s: float) -> float:
        return (returns + self._weight) / (silent_s + self._weight / PRIOR[mood][place])


def _place(age_s: float) -> int:
    return bisect_right(EDGES, max(0.0, age_s)) - 1


def _stretches(since_s: float, until_s: float) -> list[tuple[int, float, float]]:
    """Cut a part of a pause into stretches: the number of each, where it begins and ends."""
    since_s, found = max(0.0, since_s), []
    place = _place(since_s)
    while since_s < until_s:
        end = EDGES[place + 1] if place + 1 < len(EDGES) else math.inf
        found.append((place, since_s, min(end, until_s)))
        since_s, place = end, place + 1
    return found
