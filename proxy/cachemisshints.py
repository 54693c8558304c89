"""Hints: sessions whose prefix breaks on every turn, told once each while they go on."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

from budget.cachemiss import Cause, Kind, Looked, Miss, What
from pricing.money import ZERO, Money
from proxy.cachemiss import Expected

AFTER = 4
"""So many requests of a session that break for the same reason, one after the other, are no chance."""
LASTS = timedelta(hours=1)
MOST = 256
TOLD_OF = (Kind.changed, Kind.marks, Kind.unmarked)


@dataclass(frozen=True, slots=True)
class Hint:
    """A session whose prefix breaks each time for one reason: how often it did, and what that cost."""

    session: str
    cause: Cause
    times: int
    amount: Money
    until: datetime

    @property
    def is_told(self) -> bool:
        """Whether it happened often enough."""
        return self.times >= AFTER


class Hints:
    """Counts breaks by session; heard in one thread, asked from any."""

    def __init__(self) -> None:
        self._running: OrderedDict[str, Hint] = OrderedDict()
        self._told: tuple[Hint, ...] = ()

    def of(self, now: datetime) -> tuple[Hint, ...]:
        """List what is told of sessions that still go on, the dearest first."""
        return tuple(hint for hint in self._told if now - hint.until < LASTS)

    def heard(self, session: str, expected: Expected, looked: Looked) -> None:
        """Take note of a judged request; one that goes on and reads its prefix begins the count anew."""
        if not session or expected.before is None or expected.only_front or not looked.prefix:
            return
        running, worst = self._running.pop(session, None), _worst(looked)
        if running is None and worst is None:
            return
        if worst is not None:
            is_same = running is not None and _reason(running.cause) == _reason(worst.cause)
            times, amount = (running.times, running.amount) if running and is_same else (0, ZERO)
            self._running[session] = Hint(session, worst.cause, times + 1, amount + worst.amount, expected.said.at)
            while len(self._running) > MOST:
                self._running.popitem(last=False)
        told = (hint for hint in self._running.values() if hint.is_told)
        self._told = tuple(sorted(told, key=lambda hint: -hint.amount.picos))


def _worst(looked: Looked) -> Miss | None:
    """Find the miss that lost most of the prefix; None if less than half of it was lost, or for another reason."""
    breaks = [miss for miss in looked.misses if miss.cause.kind in TOLD_OF and 2 * miss.tokens >= looked.prefix]
    return max(breaks, key=lambda miss: miss.tokens, default=None)


def _reason(cause: Cause) -> tuple[Kind, What]:
    return cause.kind, cause.what
