"""Services: what the views work with, built once by the composition root and handed down."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from threading import Lock
from typing import Literal
from zoneinfo import ZoneInfo

from budget.clock import Clock
from budget.ledger import Ledger
from pricing.table import PriceTable
from proxy.anchors import Anchors
from proxy.classify import Classifier
from proxy.sessions import Sessions
from proxy.upstream.anthropic import Cloud
from proxy.upstream.local import Registry

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
    lower_max_tokens: bool = False
    """Lower a request's `max_tokens` to what fits, rather than refuse it."""
    tokens_per_s: int = 300
    """The most output tokens a second that an answer broken off may have had."""


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
    status: int | None = None


class RequestLog:
    """The last decisions, in memory; safe from any thread."""

    def __init__(self, most: int = 2000) -> None:
        self._lines: deque[Line] = deque(maxlen=most)
        self._lock = Lock()
        self._number = 0

    def add(self, make: Callable[[int], Line]) -> None:
        """Append the line that `make` builds from its number."""
        with self._lock:
            self._number += 1
            self._lines.append(make(self._number))

    def after(self, number: int, most: int = 500) -> list[Line]:
        """Give the lines that came after one, oldest first."""
        with self._lock:
            return list(islice((line for line in self._lines if line.number > number), most))

    def find(self, request_id: str) -> Line | None:
        """Find the last line about a request."""
        with self._lock:
            return next((line for line in reversed(self._lines) if line.request_id == request_id), None)


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
    anchors: Anchors = field(default_factory=Anchors)
    log: RequestLog = field(default_factory=RequestLog)
