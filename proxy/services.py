"""Services: what the views work with, built once by the composition root and handed down."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from pathlib import PurePath
from threading import Lock
from typing import Literal
from zoneinfo import ZoneInfo

from budget.clock import Clock
from budget.events import Event, SpendRecorded
from budget.habits import Habits
from budget.ledger import Ask, Held, Ledger
from budget.shares import Shares
from budget.workday import Workday
from pricing.machine import LocalCost
from pricing.money import Money
from pricing.table import PriceTable
from proxy.anchors import Anchors
from proxy.baseline import Recorder
from proxy.classify import Classifier
from proxy.coldcache import CacheGate, Warmth
from proxy.keeper.keeper import Keeper
from proxy.keeper.offers import Offers
from proxy.keeper.wish import Wish
from proxy.localcost import LocalCosts
from proxy.names import Names
from proxy.reach import Reach
from proxy.reader import Reader
from proxy.route import Route
from proxy.rules.project import NO_PROJECT, Project
from proxy.rules.rule import Rule
from proxy.rules.tally import Tally
from proxy.sessions import Sessions
from proxy.slots import Slots
from proxy.speeds import Speeds
from proxy.task import Tier
from proxy.trace import Traces
from proxy.trust import Trust
from proxy.upstream.anthropic import Cloud
from proxy.upstream.local import Registry
from proxy.wire.answer import Forward

RestrictedPolicy = Literal["claude-only", "local-only"]


@dataclass(frozen=True, slots=True)
class ProxyOptions:
    """What a person can set of how requests are carried."""

    restricted: RestrictedPolicy = "claude-only"
    drain: bool = False
    """Read Claude's answer to its end although the agent left."""
    is_strict: bool = False
    """Charge a broken answer's whole `max_tokens`, not what can have been generated meanwhile."""
    queue_wait_s: float = 60.0
    busy_wait_s: float = 15.0
    """How long a request waits for a local model that is busy, where Claude may answer it instead."""
    lower_max_tokens: bool = False
    """Lower a request's `max_tokens` to what fits, rather than refuse it."""
    tokens_per_s: int = 300
    """The most output tokens a second that an answer broken off may have had."""
    rules: tuple[Rule, ...] = ()
    """A person's own rules, the first that matches decides."""
    cloud_models: Mapping[Tier, str] = field(default_factory=dict)
    """The Claude model that a tier's work gets, where it is cheaper than the one asked for."""
    cache_gate: CacheGate = "on"
    patience_s: float | None = 90.0
    """How long a person waits for a turn's first answer, where Claude may give it instead; None: without an end."""
    workday: Workday | Literal["usual"] | None = None
    """The hours over which the budget is to last, or those that are usual; None: only what is gone counts."""
    shares: Shares = field(default_factory=Shares)
    """What of the budget is kept for restricted and for complex work."""
    keeper: Wish = field(default_factory=Wish)
    """Whether conversations' caches at Claude are kept warm, and for how much."""


@dataclass(frozen=True, slots=True)
class Line:
    """One request as `bursar log` shows it: what was decided, never what was asked."""

    number: int
    at: datetime
    request_id: str
    session: str
    agent: str
    model_asked: str
    task_class: str
    tier: str
    band: str
    mode: str
    route: str
    reason: str
    outcome: str = ""
    """How it ended; empty while it is under way."""
    charged: Money | None = None
    local: LocalCost | None = None
    """What the local machine spent on it, once it has ended."""
    why: str = ""
    """Why it failed, where it did and that is known."""


class RequestLog:
    """The last requests, in memory: a line when one is decided, another when it has ended; safe from any thread."""

    def __init__(self, most: int = 2000) -> None:
        self._lines: deque[Line] = deque(maxlen=most)
        self._open: OrderedDict[str | int, Line] = OrderedDict()
        self._most = most
        self._lock = Lock()
        self._number = 0

    def add(self, make: Callable[[int], Line]) -> None:
        """Append the line that `make` builds from its number."""
        with self._lock:
            line = self._append(make)
            if not line.outcome:
                self._follow(line.request_id, line)

    def began(self, ask: Ask, held: Held) -> None:
        """Append the line of a request of bursar's own, which no agent asked for, and follow its hold."""
        known, offer = ask.labels, held.offer
        with self._lock:
            line = self._append(
                lambda number: Line(
                    number=number,
                    at=held.since,
                    request_id=ask.request_id,
                    session=known.session,
                    agent=known.agent,
                    model_asked=known.model_asked,
                    task_class=known.task_class,
                    tier=known.tier,
                    band=known.band,
                    mode=known.mode,
                    route=f"{offer.upstream}/{offer.model}",
                    reason=known.reason,
                )
            )
            self._follow(held.hold_id, line)

    def held(self, request_id: str, hold_id: int, route: Route, reason: str) -> None:
        """Follow a hold of a request; a line of its own tells where it goes if that is not what was told before."""
        with self._lock:
            line = self._open.pop(request_id, None) or self._last(request_id)
            if line is None:
                return
            place = f"{route.upstream}/{route.model}"
            if line.outcome or (line.route, line.reason) != (place, reason):
                moved = replace(line, route=place, reason=reason, outcome="", charged=None, local=None, why="")
                line = self._append(lambda number: replace(moved, number=number))
            self._follow(hold_id, line)

    def hear(self, event: Event) -> None:
        """Append a line for a request whose spend was recorded."""
        if isinstance(event, SpendRecorded):
            self.ended(event.hold_id, event.outcome, event.charged, event.local)

    def failed(self, key: str | int, why: str) -> None:
        """Note why a request, or one of its holds, got no answer; its line says so when it has ended."""
        with self._lock:
            line = self._open.get(key)
            if line and why:
                self._open[key] = replace(line, why=why)

    def refused(self, request_id: str, reason: str) -> None:
        """Append a line for a request that gets no answer after all, and why; nothing if it is not under way."""
        with self._lock:
            line = self._open.pop(request_id, None)
            if line:
                told = replace(line, outcome="refused", reason=reason or line.reason)
                self._append(lambda number: replace(told, number=number))

    def ended(self, key: str | int, outcome: str, charged: Money | None = None, local: LocalCost | None = None) -> None:
        """Append a line for a request, or one of its holds, that has ended; nothing if it is not under way."""
        with self._lock:
            line = self._open.pop(key, None)
            if line:
                self._append(lambda number: replace(line, number=number, outcome=outcome, charged=charged, local=local))

    def _follow(self, key: str | int, line: Line) -> None:
        self._open[key] = line
        if len(self._open) > self._most:
            self._open.popitem(last=False)

    def _last(self, request_id: str) -> Line | None:
        return next((line for line in reversed(self._lines) if line.request_id == request_id), None)

    def _append(self, make: Callable[[int], Line]) -> Line:
        self._number += 1
        line = make(self._number)
        self._lines.append(line)
        return line

    def after(self, number: int, most: int = 500) -> list[Line]:
        """Give the lines that came after one, oldest first."""
        with self._lock:
            return list(islice((line for line in self._lines if line.number > number), most))

    @property
    def newest(self) -> int:
        """The number of the newest line; 0 before the first."""
        return self._number

    def find(self, request_id: str) -> Line | None:
        """Find the last line about a request."""
        with self._lock:
            return self._last(request_id)


@dataclass
class Services:
    """All that a request needs; one object a process."""

    ledger: Ledger
    prices: Callable[[], PriceTable]
    locals: Registry
    cloud: Cloud
    classifier: Classifier
    sessions: Sessions
    clock: Clock
    zone: Callable[[], ZoneInfo]
    options: ProxyOptions = field(default_factory=ProxyOptions)
    cut: Callable[[Callable[[Forward], bool]], int] = lambda _: 0
    """Ends the running exchanges that a predicate picks; when it returns, nothing that was being sent still is."""
    anchors: Anchors = field(default_factory=Anchors)
    log: RequestLog = field(default_factory=RequestLog)
    reach: Reach = field(default_factory=Reach)
    traces: Traces = field(default_factory=Traces)
    names: Names = field(default_factory=Names)
    reader: Reader = field(default_factory=Reader)
    warmth: Warmth = field(default_factory=Warmth)
    project: Callable[[PurePath | None], Project] = lambda _: NO_PROJECT
    """Reads the file of the project that a folder lies in."""
    tally: Tally = field(init=False)
    slots: Slots = field(default_factory=Slots)
    trust: Trust = field(default_factory=Trust)
    speeds: Speeds = field(init=False)
    habits: Habits = field(init=False)
    local_costs: LocalCosts | None = None
    """Without it, what local work costs is not known."""
    baselines: Recorder | None = None
    """Without it, what requests would have cost at Claude alone is not known."""
    keeper: Keeper | None = None
    """Without it, no cache is kept, whatever a person wishes."""
    offers: Offers = field(default_factory=Offers)
    is_simulated: bool = False
    """Whether everything here is made up, which each page then says."""
    also_noticed: Callable[[], tuple[str, ...]] = tuple
    """What a person should know, too, of what is around the proxy."""

    def __post_init__(self) -> None:
        self.tally = Tally(self.ledger)
        self.habits = Habits(self.ledger.file)
        self.speeds = Speeds(lambda: self.locals.knowledge)

    def notices(self) -> tuple[str, ...]:
        """Tell what a person should know: how the ledger came up, which sessions cannot be told apart, and the like."""
        return tuple(filter(None, (*self.ledger.notices, self.sessions.problem, *self.also_noticed())))
