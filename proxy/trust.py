"""Trust: what was seen of local models that failed, so that work which may go to Claude does for a while.

Rules, each a sentence that a person can check:
a session in which two of the last ten local turns failed has its next five turns done by Claude, then tries again;
a tool whose calls went wrong three times of the last six is left to Claude for an hour, in turns that have used it;
a model that failed in half of its last twenty answers, and in five at least, is left alone for ten minutes;
one that fails now – three times in a row, or four times of five – for about five.
And a turn whose agent waited for a model until it gave up is not begun with that model again.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from pricing.figures import counted
from proxy.failures import FailureRate

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")

MOST_KEPT = 2048
"""Sessions, tools and models remembered, of each kind; the least recently seen are forgotten."""
SESSION_LOOK, SESSION_BAD, SESSION_REST = 10, 2, 5


@dataclass(frozen=True, slots=True)
class Rule:
    """Of the last `look` within `lasts_s` seconds, so many `bad` ones are too many – if they are `share` of them."""

    look: int
    bad: int
    lasts_s: float
    share: float = 0.0


TOOL = Rule(look=6, bad=3, lasts_s=3600.0)
MODEL = Rule(look=20, bad=5, lasts_s=600.0, share=0.5)


@dataclass(frozen=True, slots=True)
class Doubt:
    """One thing that is not trusted now, as a person is told it."""

    what: str
    why: str


class Trust:
    """Remembers successes and failures, in memory; safe from any thread."""

    def __init__(self, elapsed: Callable[[], float] = time.monotonic, *, most: int = MOST_KEPT) -> None:
        self._elapsed, self._most = elapsed, most
        self._sessions: OrderedDict[str, _Session] = OrderedDict()
        self._tools: OrderedDict[tuple[str, str, str], _Record] = OrderedDict()
        self._models: OrderedDict[tuple[str, str], _Record] = OrderedDict()
        self._rates: OrderedDict[tuple[str, str], FailureRate] = OrderedDict()
        self._in_vain: OrderedDict[tuple[str, str, str], None] = OrderedDict()
        self._lock = threading.Lock()

    def answered(self, upstream: str, model: str, *, good: bool, calls: tuple[tuple[str, bool], ...] = ()) -> None:
        """Remember one answer of a model; `calls` are the tools that it called, and whether each call was right."""
        now = self._elapsed()
        with self._lock:
            self._kept(self._models, (upstream, model), lambda: _Record(MODEL)).add(now, good)
            self._kept(self._rates, (upstream, model), FailureRate).add(now, good)
            for tool, is_right in calls:
                self._kept(self._tools, (upstream, model, tool), lambda: _Record(TOOL)).add(now, is_right)

    def turned_out(self, session: str, turn: str, *, good: bool) -> None:
        """Remember how a turn that went local first has turned out; one failure makes it a failed one."""
        with self._lock:
            if session:
                self._kept(self._sessions, session, _Session).add(turn, good)

    def waited_in_vain(self, upstream: str, model: str, *, session: str, turn: str) -> None:
        """Remember that an agent left after a long wait for a model: its next try of the same turn would wait again."""
        self.answered(upstream, model, good=False)
        self.turned_out(session, turn, good=False)
        with self._lock:
            self._kept(self._in_vain, (turn, upstream, model), lambda: None)

    def doubt(
        self, upstream: str, model: str, *, session: str, turn: str, tools: frozenset[str], counts: bool = True
    ) -> str | None:
        """Say why this model should not be the first to try this turn, which has used `tools`; None if it may be.

        Asking counts: a session that rests does so for the next turns that are asked about – unless it is asked only to
        be told.
        """
        now = self._elapsed()
        with self._lock:
            if (turn, upstream, model) in self._in_vain:
                return f"{model} kept the agent waiting too long"
            known = self._sessions.get(session)
            if known and (known.rests(turn) if counts else known.would_rest(turn)):
                return "local answers failed in this session"
            for tool in sorted(tools):
                if self._is_bad(self._tools.get((upstream, model, tool)), now):
                    return f"{model} fails at calling {tool}"
            if self._is_bad(self._models.get((upstream, model)), now):
                return f"{model} failed too often"
            rate = self._rates.get((upstream, model))
            if rate and rate.is_bad(now):
                return f"{model} {rate.told()}"
        return None

    def snapshot(self) -> tuple[Doubt, ...]:
        """Tell what is not trusted now."""
        now = self._elapsed()
        with self._lock:
            resting = sum(1 for session in self._sessions.values() if session.resting)
            failing = [*self._bad(self._models, now), *self._bad(self._rates, now)]
            models = [f"{upstream}/{model}" for upstream, model in dict.fromkeys(failing)]
            tools = [
                f"{tool} at {upstream}/{model}"
                for (upstream, model, tool), seen in self._tools.items()
                if seen.is_bad(now)
            ]
        told = [Doubt(counted(resting, "session"), "local turns failed")] if resting else []
        told += [Doubt(what, "its calls went wrong") for what in tools]
        return (*told, *(Doubt(what, "its answers failed") for what in models))

    @staticmethod
    def _bad(seen: Mapping[_Key, _Record] | Mapping[_Key, FailureRate], now: float) -> list[_Key]:
        return [key for key, one in seen.items() if one.is_bad(now)]

    @staticmethod
    def _is_bad(seen: _Record | None, now: float) -> bool:
        return seen is not None and seen.is_bad(now)

    def _kept(self, kept: OrderedDict[_Key, _Value], key: _Key, make: Callable[[], _Value]) -> _Value:
        found = kept[key] if key in kept else kept.setdefault(key, make())
        kept.move_to_end(key)
        while len(kept) > self._most:
            kept.popitem(last=False)
        return found


class _Record:
    """The last outcomes of one thing, and when they were."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._seen: deque[tuple[float, bool]] = deque(maxlen=rule.look)

    def add(self, at: float, good: bool) -> None:
        self._seen.append((at, good))

    def is_bad(self, now: float) -> bool:
        fresh = [good for at, good in self._seen if now - at <= self._rule.lasts_s]
        bad = fresh.count(False)
        return bad >= self._rule.bad and bad >= self._rule.share * len(fresh)


@dataclass(slots=True)
class _Session:
    """The last local turns of a session, by key, and whether each was good; the turns of its rest, if it has one."""

    turns: OrderedDict[str, bool] = field(default_factory=OrderedDict)
    resting: set[str] = field(default_factory=set)

    def add(self, turn: str, good: bool) -> None:
        self.turns[turn] = self.turns.get(turn, True) and good
        while len(self.turns) > SESSION_LOOK:
            self.turns.popitem(last=False)
        if list(self.turns.values()).count(False) >= SESSION_BAD:
            self.turns.clear()
            self.resting = {turn}

    def rests(self, turn: str) -> bool:
        if not self.would_rest(turn):
            self.resting = set()
            return False
        self.resting.add(turn)
        return True

    def would_rest(self, turn: str) -> bool:
        # The turn that failed last is in the set too.
        return bool(self.resting) and len(self.resting | {turn}) <= SESSION_REST + 1
