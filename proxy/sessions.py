"""Sessions: what each session has been routed to, so that a turn keeps its route and a restricted session stays so."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import TypeVar

from budget.clock import Clock
from proxy.conversation import conversation_of
from proxy.request import AgentRequest
from proxy.restrictions import Restrictions
from proxy.route import Route
from proxy.task import Side, Tier

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")

MOST_TURNS = 4096
MOST_SESSIONS = 2048
TURN_LASTS = timedelta(hours=12)
"""A turn older than this is forgotten; a session's restriction never is, as long as there is room."""

LEAST_TURNS, TURNS_LOOKED_AT = 2, 6
"""How many turns of a conversation tell how long its next one is likely to be, and how many are looked at."""

USUAL_LENGTH, USUAL_WEIGHS = 9, 8
"""Requests of a turn where nothing else is known (ROUTING.md), and as how many turns that counts.

A few short turns say little of the next: taken alone, they kept turns at Claude that cost more than the cache they kept
warm (tests/bench/policies.py: 1.3 % of a day's bill at prices of 4.6 models, 3.2 % at those of 5.5; now 0.0 to 0.3 %).
"""


@dataclass(frozen=True, slots=True)
class Memory:
    """What is known of a request: its turn's route and tier, None if it is new, and its session's highest tier.

    `asked` is the model that the turn's last request asked for. `would` and `would_tier` are the route that mode auto
    would have begun the turn with, where nobody asked it to, and the tier then.
    """

    sticky: Route | None = None
    sticky_tier: Tier | None = None
    session_tier: Tier = Tier.L0
    asked: str = ""
    would: Route | None = None
    would_tier: Tier | None = None

    @property
    def sticky_model(self) -> str | None:
        """The Claude model that the turn has been at; None if it has not been at Claude."""
        return self.sticky.model if self.sticky and not self.sticky.is_local else None


@dataclass(frozen=True, slots=True)
class _Turn:
    route: Route
    tier: Tier
    at: datetime
    asked: str


class Sessions:
    """The sessions of this process, the least recently used ones forgotten; safe from any thread."""

    def __init__(
        self,
        clock: Clock,
        *,
        most_turns: int = MOST_TURNS,
        most_sessions: int = MOST_SESSIONS,
        restrictions: Restrictions | None = None,
    ) -> None:
        self._clock, self._most_turns, self._most_sessions = clock, most_turns, most_sessions
        self._restrictions = restrictions or Restrictions()
        self._turns: OrderedDict[str, _Turn] = OrderedDict()
        self._woulds: OrderedDict[str, tuple[Route, Tier]] = OrderedDict()
        self._lengths: OrderedDict[tuple[str, str], deque[int]] = OrderedDict()
        self._newest: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._tiers: OrderedDict[str, Tier] = OrderedDict()
        self._looked: OrderedDict[tuple[str, str, bytes], int] = OrderedDict()
        self._lock = Lock()

    def recall(self, request: AgentRequest) -> Memory:
        """Give what is known of a request's turn and session."""
        with self._lock:
            tier = self._tier(request.session)
            key = self._key(request)
            turn = self._turns.get(key)
            if turn is None or self._clock() - turn.at > TURN_LASTS:
                return Memory(session_tier=tier)
            would, would_tier = self._woulds.get(key, (None, None))
            return Memory(turn.route, turn.tier, tier, turn.asked, would, would_tier)

    def remember(self, request: AgentRequest, route: Route, tier: Tier, side: Side | None = None) -> None:
        """Keep the route that a request took, and the tier at which it took it; a session keeps what `saw` was told.

        A request that the agent makes beside its turn, such as a summary, is no turn for others to go on with.
        """
        with self._lock:
            key = self._key(request)
            before = self._turns.pop(key, None)
            highest = max(tier, before.tier) if before else tier
            self._turns[key] = _Turn(route, highest, self._clock(), request.model)
            if side in (None, "subagent"):
                self._put(self._newest, (request.session, request.agent_id), key)
                self._count(request, is_new=before is None)
            while len(self._turns) > self._most_turns:
                self._turns.popitem(last=False)

    def turn_length(self, request: AgentRequest) -> int | None:
        """Tell how many requests the next turn of a conversation is likely to take; None after too few to tell."""
        with self._lock:
            lengths = self._lengths.get((request.session, request.agent_id), ())
            if len(lengths) < LEAST_TURNS:
                return None
            return -(-(sum(lengths) + USUAL_LENGTH * USUAL_WEIGHS) // (len(lengths) + USUAL_WEIGHS))

    def would_take(self, request: AgentRequest, route: Route, tier: Tier) -> None:
        """Keep the route that mode auto would have taken; later requests of the turn would have followed it."""
        with self._lock:
            self._put(self._woulds, self._key(request), (route, tier))

    def saw(self, session: str, tier: Tier) -> None:
        """Raise a session's tier to what was seen in it, whether or not the request was sent anywhere."""
        if tier is Tier.L3:
            self._restrictions.add(session)
        with self._lock:
            self._put(self._tiers, session, max(tier, self._tiers.get(session, Tier.L0)))

    def is_restricted(self, session: str) -> bool:
        """Tell whether a session is restricted, by anything that was ever seen in it."""
        with self._lock:
            return self._tier(session) is Tier.L3

    @property
    def problem(self) -> str:
        """Say what is wrong with the file of restricted sessions; empty if nothing is."""
        return self._restrictions.problem

    def looked_at(self, request: AgentRequest) -> int:
        """Tell up to which message a conversation was looked at, by its place; -1 where it never was."""
        who = _conversation(request)
        with self._lock:
            return self._looked.get(who, -1)

    def look_done(self, request: AgentRequest) -> None:
        """Take note that a conversation was looked at up to its current turn."""
        who = _conversation(request)
        with self._lock:
            self._put(self._looked, who, max(request.turn.since, self._looked.get(who, -1)))

    def _count(self, request: AgentRequest, *, is_new: bool) -> None:
        who = (request.session, request.agent_id)
        lengths = self._lengths.get(who) or deque[int](maxlen=TURNS_LOOKED_AT)
        if is_new or not lengths:
            lengths.append(0)
        lengths[-1] += 1
        self._put(self._lengths, who, lengths)

    def _tier(self, session: str) -> Tier:
        return Tier.L3 if session in self._restrictions else self._tiers.get(session, Tier.L0)

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


def _conversation(request: AgentRequest) -> tuple[str, str, bytes]:
    """Name a conversation by how it began too: what an agent asks beside it has the same session and other turns."""
    return request.session, request.agent_id, conversation_of(request.fields["messages"]).beginning
