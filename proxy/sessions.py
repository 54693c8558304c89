"""Sessions: what each session has been routed to, so that a turn keeps its route and a restricted session stays so."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import TypeVar

from budget.clock import Clock
from proxy.request import AgentRequest
from proxy.router import Route
from proxy.task import Tier

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")

MOST_TURNS = 4096
MOST_SESSIONS = 2048
TURN_LASTS = timedelta(hours=12)
"""A turn older than this is forgotten; a session's restriction never is, as long as there is room."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What is known of a request: its turn's route and tier, None if it is new, and its session's highest tier."""

    sticky: Route | None = None
    sticky_tier: Tier | None = None
    session_tier: Tier = Tier.L0


@dataclass(frozen=True, slots=True)
class _Turn:
    route: Route
    tier: Tier
    at: datetime


class Sessions:
    """The sessions of this process, the least recently used ones forgotten; safe from any thread."""

    def __init__(self, clock: Clock, *, most_turns: int = MOST_TURNS, most_sessions: int = MOST_SESSIONS) -> None:
        self._clock, self._most_turns, self._most_sessions = clock, most_turns, most_sessions
        self._turns: OrderedDict[str, _Turn] = OrderedDict()
        self._newest: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._tiers: OrderedDict[str, Tier] = OrderedDict()
        self._lock = Lock()

    def recall(self, request: AgentRequest) -> Memory:
        """Give what is known of a request's turn and session."""
        with self._lock:
            tier = self._tiers.get(request.session, Tier.L0)
            turn = self._turns.get(self._key(request))
            if turn is None or self._clock() - turn.at > TURN_LASTS:
                return Memory(session_tier=tier)
            return Memory(turn.route, turn.tier, tier)

    def remember(self, request: AgentRequest, route: Route, tier: Tier) -> None:
        """Keep the route that a request took, and the tier at which it took it."""
        with self._lock:
            key = self._key(request)
            before = self._turns.pop(key, None)
            highest = max(tier, before.tier) if before else tier
            self._turns[key] = _Turn(route, highest, self._clock())
            self._put(self._newest, (request.session, request.agent_id), key)
            self._raise(request.session, tier)
            while len(self._turns) > self._most_turns:
                self._turns.popitem(last=False)

    def saw(self, session: str, tier: Tier) -> None:
        """Raise a session's tier to what was seen in it, whether or not the request was sent anywhere."""
        with self._lock:
            self._raise(session, tier)

    def _raise(self, session: str, tier: Tier) -> None:
        self._put(self._tiers, session, max(tier, self._tiers.get(session, Tier.L0)))

    def _key(self, request: AgentRequest) -> str:
        # After a compaction no user text is left to tell the turn by: it goes on with the one before.
        if not request.turn.text:
            return self._newest.get((request.session, request.agent_id), request.turn.key)
        return request.turn.key

    def _put(self, kept: OrderedDict[_Key, _Value], key: _Key, value: _Value) -> None:
        kept[key] = value
        kept.move_to_end(key)
        while len(kept) > self._most_sessions:
            kept.popitem(last=False)
