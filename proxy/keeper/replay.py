"""Replay: what the keeper would have done with requests that were made, and what that had cost and saved – pure.

It decides as the running keeper does, by what it had learned up to then, and is told nothing of what comes.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable
from dataclasses import dataclass

from pricing.money import Money
from pricing.rates import Rates
from proxy.keeper.hazard import Hazard
from proxy.keeper.pauses import Pauses, Said
from proxy.keeper.worth import Stake, stake_of, worth

LIFE_S = 300.0
HOUR_S = 3600.0


def margin_s(life_s: float) -> float:
    """Say how long before its expiry a prefix is read again: time for the request to be made and to arrive."""
    return 60.0 if life_s >= HOUR_S else 10.0


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that Claude answered, by moments in seconds of any clock.

    `prefix` tokens were in the cache after it, `tail` beyond them; of the conversation's prefix before it read, or
    could have read, `could_read`, and `found` of these were there anyway, kept by other conversations.
    """

    said: Said
    since_s: float
    until_s: float
    prefix: int
    tail: int
    could_read: int
    rates: Rates
    for_an_hour: bool = False
    found: int = 0

    @property
    def life_s(self) -> float:
        """How long its prefix lives from its start on."""
        return HOUR_S if self.for_an_hour else LIFE_S

    @property
    def stake(self) -> Stake:
        """What is at stake after it."""
        return stake_of(self.rates, self.prefix, self.tail, for_an_hour=self.for_an_hour)

    def saves(self, before: Asked) -> int:
        """Price what this request need not write if the prefix of the one before it was kept, in picodollars."""
        kept = max(0, min(before.prefix, self.could_read) - self.found)
        return stake_of(before.rates, kept, 0, for_an_hour=before.for_an_hour).saved


@dataclass(slots=True)
class Replayed:
    """What came of it; `best` is what a keeper that knew when each pause ends would have saved."""

    pings: int = 0
    wasted: int = 0
    """Pings after which nobody came back in time."""
    cost: int = 0
    saved: int = 0
    best: int = 0

    @property
    def net(self) -> Money:
        """What was saved, less what the pings cost; may be negative."""
        return Money(self.saved - self.cost)


@dataclass(slots=True)
class _Kept:
    """A conversation's last request, and since when its prefix is warm."""

    asked: Asked
    warm_s: float
    pings: int = 0


class Replaying:
    """Takes requests in the order of their moments; `never`: keep nothing, only say what the best had been."""

    def __init__(self, hazard: Hazard | None = None, *, most: Money | None = None) -> None:
        self.pauses = Pauses(hazard or Hazard())
        self.found = Replayed()
        self._most = most
        self._kept: dict[str, _Kept] = {}
        self._due: list[tuple[float, str]] = []

    def take(self, asked: Asked) -> None:
        """Take the next request, after the pings that were due before it."""
        self._ping_until(asked.since_s)
        before = self._kept.pop(asked.said.thread, None)
        if before is not None:
            self._came_back(before, asked)
        self.pauses.came(asked.said.thread, asked.said.session, asked.since_s)
        self.pauses.ended(asked.said, asked.until_s)
        if asked.prefix:
            self._keep(_Kept(asked, asked.since_s))

    def end(self) -> Replayed:
        """Send what is still due, and tell what came of all."""
        self._ping_until(math.inf)
        self.found.wasted += sum(kept.pings for kept in self._kept.values())
        self._kept.clear()
        return self.found

    def _keep(self, kept: _Kept) -> None:
        thread, life = kept.asked.said.thread, kept.asked.life_s
        self._kept[thread] = kept
        heapq.heappush(self._due, (kept.warm_s + life - margin_s(life), thread))

    def _ping_until(self, now_s: float) -> None:
        while self._due and self._due[0][0] < now_s:
            at_s, thread = heapq.heappop(self._due)
            kept = self._kept.get(thread)
            if kept is not None and at_s == kept.warm_s + kept.asked.life_s - margin_s(kept.asked.life_s):
                self._decide(kept, at_s)

    def _decide(self, kept: _Kept, at_s: float) -> None:
        asked, stake = kept.asked, kept.asked.stake
        if self._most is not None and self.found.cost + stake.ping > self._most.picos:
            return
        chance = self.pauses.chance(asked.said.thread, at_s)
        step_s = asked.life_s - margin_s(asked.life_s)
        if worth(stake, max(0.0, at_s - asked.until_s), step_s, chance) > 0:
            self.found.pings += 1
            self.found.cost += stake.ping
            self._keep(_Kept(asked, at_s, kept.pings + 1))

    def _came_back(self, before: _Kept, asked: Asked) -> None:
        life, gain = before.asked.life_s, asked.saves(before.asked)
        is_late = asked.since_s >= before.asked.since_s + life
        if is_late:
            needed = math.ceil((asked.since_s - before.asked.since_s) / life) - 1
            self.found.best += max(0, gain - needed * before.asked.stake.ping)
        if is_late and before.pings and asked.since_s < before.warm_s + life:
            self.found.saved += gain
        else:
            self.found.wasted += before.pings


def replay(asked: Iterable[Asked], hazard: Hazard | None = None, *, most: Money | None = None) -> Replayed:
    """Keep the caches of recorded requests; `most` is what pings may cost in all."""
    replaying = Replaying(hazard, most=most)
    for one in asked:
        replaying.take(one)
    return replaying.end()
