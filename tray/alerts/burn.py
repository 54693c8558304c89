"""Burn: whether one session spends unusually fast, as a loop does that nobody watches."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from budget.recent import Spent
from pricing.money import Money


@dataclass(frozen=True, slots=True)
class Rule:
    """What is unusual within a window: so many times the usual, and never below a floor.

    `unknown` is the floor for who has spent too little so far to tell what is usual. Measured on 240 made days of $20
    to $200: the most that one session spent in 10 minutes was $7.03, and 6.1 times the median of another such day; in
    60 minutes $15.47, and 3.4 times. A loop over a full context spends 8 to 60 times it.
    """

    window: timedelta
    times: int
    floor: Money
    unknown: Money
    least_requests: int


RULES = (
    Rule(timedelta(minutes=10), 7, Money.usd(3), Money.usd(10), 10),
    Rule(timedelta(minutes=60), 4, Money.usd(10), Money.usd(30), 30),
)
LEAST_SLOTS = 12
"""So many slots must a person have spent something in, before their median says what is usual."""
LONGEST = max(rule.window for rule in RULES)


@dataclass(frozen=True, slots=True)
class Burn:
    """A session that spends unusually fast."""

    session: str
    spent: Money
    requests: int
    window: timedelta
    usual: Money | None


def usual(slots: Iterable[int]) -> Money | None:
    """Give the median of a person's own slots, picodollars each; None where there are too few to tell."""
    amounts = sorted(slots)
    return Money(int(median(amounts))) if len(amounts) >= LEAST_SLOTS else None


def burning(recent: Iterable[Spent], now: datetime, usual_of: Callable[[Rule], Money | None]) -> list[Burn]:
    """List the sessions that spend unusually fast, each once, by the shortest window that shows it."""
    found: dict[str, Burn] = {}
    rows = list(recent)
    for rule in RULES:
        usually = usual_of(rule)
        for session, amounts in _by_session(rows, now - rule.window).items():
            total = Money(sum(amounts))
            if session not in found and len(amounts) >= rule.least_requests and total >= _limit(rule, usually):
                found[session] = Burn(session, total, len(amounts), rule.window, usually)
    return list(found.values())


def _limit(rule: Rule, usually: Money | None) -> Money:
    return rule.unknown if usually is None else max(rule.floor, Money(usually.picos * rule.times))


def _by_session(rows: Iterable[Spent], since: datetime) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for row in rows:
        if row.at > since:
            found.setdefault(row.session, []).append(row.picos)
    return found
