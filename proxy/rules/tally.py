"""The tally: what each rule has taken today, for daily limits.

Reasons name the rules that decided, and the ledger keeps reasons with its entries: so the count of a day is read back
from them after a restart, and nothing else has to be stored. Dollars count once they are settled, and requests once
they are decided: those under way at the same moment may pass a limit by as many as they are.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from threading import Lock
from typing import TypeVar

from budget.events import Event, SpendRecorded
from budget.ledger import Entry, Ledger
from pricing.money import ZERO, Money
from proxy.rules.rule import Rule, Used
from proxy.rules.ruling import rules_named

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")

MOST_KEPT = 8192
"""Requests and turns under way whose rules are remembered."""

NOTHING = Used()


class Tally:
    """Counts requests and dollars by the names that reasons give to rules; safe from any thread."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._day: date | None = None
        self._requests: dict[str, set[str]] = {}
        self._spent: dict[str, Money] = {}
        self._deciding: OrderedDict[str, frozenset[str]] = OrderedDict()
        self._turns: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._lock = Lock()

    def used(self, rules: Iterable[Rule], named: Callable[[Rule], str], turn: str) -> Mapping[str, Used]:
        """Tell what rules with a limit have taken today; one that began this turn may end it, so it counts as fresh."""
        limited = [rule for rule in rules if rule.daily_requests is not None or rule.daily_spend is not None]
        if not limited:
            return {}
        with self._lock:
            self._turn_to_today()
            return {rule.name: self._used(named(rule), turn) for rule in limited}

    def took(self, request_id: str, turn: str, reason: str) -> None:
        """Count a request for the rules that its reason names."""
        names = rules_named(reason)
        if not names:
            return
        with self._lock:
            self._turn_to_today()
            for name in names:
                self._requests.setdefault(name, set()).add(request_id)
                _keep(self._turns, (turn, name), None)
            _keep(self._deciding, request_id, names)

    def hear(self, event: Event) -> None:
        """Count what a request came to."""
        if not isinstance(event, SpendRecorded) or not event.charged:
            return
        with self._lock:
            if event.day == self._day:
                for name in self._deciding.get(event.request_id, ()):
                    self._spent[name] = self._spent.get(name, ZERO) + event.charged

    def _used(self, name: str, turn: str) -> Used:
        if (turn, name) in self._turns:
            return NOTHING
        return Used(len(self._requests.get(name, ())), self._spent.get(name, ZERO))

    def _turn_to_today(self) -> None:
        day = self._ledger.today().day
        if day == self._day:
            return
        self._requests, self._spent, self._day = {}, {}, day
        for entry in _entries(self._ledger, day):
            for name in rules_named(entry.labels.reason):
                self._requests.setdefault(name, set()).add(entry.request_id)
                self._spent[name] = self._spent.get(name, ZERO) + entry.charged


def _entries(ledger: Ledger, day: date) -> Iterator[Entry]:
    after = 0
    while some := ledger.entries(after=after, day=day):
        yield from some
        after = some[-1].id


def _keep(kept: OrderedDict[_Key, _Value], key: _Key, value: _Value) -> None:
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > MOST_KEPT:
        kept.popitem(last=False)
