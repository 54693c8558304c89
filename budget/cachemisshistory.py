"""Either lifetime of the cache over imported history: worked out from token counts and moments, as logs have no more.

A conversation's next request reads what the one before had in the cache, if the pause was shorter than the lifetime; a
shorter prompt than that begins anew. How far this is off what was charged says how much the logs bear.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from budget.baselinesums import SUBAGENT
from budget.cachemisslife import Lives, Pauses, pauses_of
from budget.database import open_reader
from budget.promptcache import LIFETIMES, Life
from pricing.rates import Rates
from pricing.table import PriceTable

_ROWS = """
SELECT session, agent, at, model, input, cache_write_5m, cache_write_1h, cache_read, picos FROM history
WHERE day BETWEEN :since AND :until AND NOT through AND NOT provisional ORDER BY session, agent, at"""
_IS_THERE = "SELECT 1 FROM sqlite_schema WHERE name = 'history'"


@dataclass(frozen=True, slots=True)
class Past:
    """What imported requests would have cost with either lifetime, and how long their conversations rested."""

    lives: tuple[Lives, ...] = ()
    pauses: tuple[Pauses, ...] = ()


@dataclass(frozen=True, slots=True)
class _Asked:
    """One request: `cached` tokens were read or written, and before it `held` of them were in the cache."""

    agent: str
    pause_s: float
    held: int
    read: int
    write_5m: int
    write_1h: int
    picos: int
    rates: Rates

    @property
    def cached(self) -> int:
        return self.read + self.write_5m + self.write_1h

    def cost(self, life: Life) -> int:
        """Price it with a lifetime: what is not of the cache stays as it was charged."""
        rates = self.rates
        charged = self.read * rates.cache_read + self.write_5m * rates.cache_write_5m
        charged += self.write_1h * rates.cache_write_1h
        read = min(self.held, self.cached) if self.pause_s < LIFETIMES[life] else 0
        if not self.held:
            read = self.read  # A conversation's beginning may stand in the cache by another one.
        write = rates.cache_write_5m if life == "5m" else rates.cache_write_1h
        return self.picos - charged + read * rates.cache_read + (self.cached - read) * write


def past(database: Path, since: date, until: date, prices: PriceTable) -> Past:
    """Work out two days of imported history and those between. Raises sqlite3.Error."""
    asked = list(_asked(database, {"since": since.isoformat(), "until": until.isoformat()}, _rates(prices)))
    rows = [_row(one) for one in asked if one.cached]
    pauses = [(bool(one.agent), int(one.pause_s * 1000)) for one in asked if one.held]
    return Past(Lives.of(rows), pauses_of(pauses))


def _row(one: _Asked) -> tuple[Any, ...]:
    life = "1h" if one.write_1h > one.write_5m else "5m"
    return (SUBAGENT if one.agent else "", life, 1, one.picos, 1, one.picos, one.cost("5m"), one.cost("1h"))


def _asked(database: Path, given: dict[str, str], rates_of: Callable[[str, str, int], Rates]) -> Iterator[_Asked]:
    whose, before_s, before = ("", ""), 0.0, 0
    for session, agent, at, model, plain, short, long, read, picos in _rows(database, given):
        at_s, cached = datetime.fromisoformat(at).timestamp(), short + long + read
        held = before if (session, agent) == whose and cached >= before else 0
        rates = rates_of(model, at, plain + cached)
        yield _Asked(agent, max(0.0, at_s - before_s) if held else 0.0, held, read, short, long, picos, rates)
        whose, before_s, before = (session, agent), at_s, cached


def _rows(database: Path, given: dict[str, str]) -> list[tuple[Any, ...]]:
    if not database.exists():
        return []
    with open_reader(database) as connection:
        if not connection.execute(_IS_THERE).fetchone():
            return []
        return connection.execute(_ROWS, given).fetchall()


def _rates(prices: PriceTable) -> Callable[[str, str, int], Rates]:
    """Look rates up once for each model and hour."""
    known: dict[tuple[str, str], Any] = {}

    def rates(model: str, at: str, prompt: int) -> Rates:
        terms = known.get((model, at[:13]))
        if terms is None:
            terms = known[model, at[:13]] = prices.on(datetime.fromisoformat(at), model)
        long = terms.long_prompt
        found: Rates = long.rates if long is not None and prompt > long.over else terms.rates
        return found

    return rates
