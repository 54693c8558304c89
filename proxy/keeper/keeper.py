"""The keeper: follows live conversations, and reads a prefix once more before it expires where that is worth it.

Requests only leave notes here, which takes no time; what is due is looked at by a thread of its own, and the loop
carries it like any other request. Nothing is kept while a person has not said yes.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from budget.bands import Band
from budget.clock import Elapsed
from budget.ledger import Held
from pricing.rates import Rates
from proxy.coldcache import Warm
from proxy.headers import to_upstream
from proxy.keeper.apart import Apart
from proxy.keeper.fit import can_be_kept, without_output
from proxy.keeper.hazard import Hazard
from proxy.keeper.kept import Kept, Shelf
from proxy.keeper.pauses import Pauses, Said
from proxy.keeper.ping import PingCarrier, Pinged, ask_of, attempt_of, bound_of, cached, forward_of, note_of
from proxy.keeper.replay import margin_s
from proxy.keeper.worth import Chance, worth
from proxy.meter import Reading
from proxy.request import AgentRequest
from proxy.settling import Outcomes
from proxy.wire.answer import Ending, Forward

if TYPE_CHECKING:
    from proxy.case import Case
    from proxy.services import Services
    from proxy.settling import Attempt

TICK_S, IDLE_S = 1.0, 5.0
"""How often it looks whether something is due, and whether there is anything to keep."""
AGAIN_S = 4.0
"""How long it waits where the ledger had no room."""
REFUSED_S = 600.0
"""How long after a refusal of the ledger nobody counts on pings."""
AWAY_PERMILLE = 390
"""How likely a conversation that goes on after a local turn goes on at Claude (ROUTING.md, 4)."""
MOST_NAMES = 512

_log = logging.getLogger(__name__)

Past = Callable[[], Hazard]
"""Tells what is known of earlier pauses."""


@dataclass(frozen=True, slots=True)
class Glance:
    """How the keeper stands: conversations whose cache it keeps, pauses it has learned from, what it did since start.

    `wrote` are pings that found the prefix gone and wrote it: a loss. `failed` were refused or not answered.
    """

    kept: int
    pauses: int
    read: int
    wrote: int
    failed: int
    let_go: int
    next_at: str | None = None
    """When a ping is next to be decided on, as ISO 8601."""


class Keeper:
    """Keeps caches warm; safe from any thread. `send` has the loop carry a request that nobody waits for."""

    def __init__(
        self,
        services: Services,
        elapsed: Elapsed,
        send: Callable[[Forward], None],
        past: Past = Hazard,
    ) -> None:
        self._services, self._elapsed, self._send, self._past = services, elapsed, send, past
        self._lock = threading.Lock()
        self._apart = Apart()
        self._shelf = Shelf()
        self._pauses = Pauses(Hazard())
        self._knows_past = False
        self._refused_s = float("-inf")
        self._asking: OrderedDict[str, None] = OrderedDict()
        self._left_alone: OrderedDict[str, None] = OrderedDict()
        self._read = self._wrote = self._failed = self._let_go = 0

    @property
    def is_on(self) -> bool:
        """Whether a person has said yes."""
        return self._services.options.keeper.enabled

    # --- on a request's way: whatever fails here, the request goes on -------------------------------------------

    def came(self, asked: AgentRequest) -> None:
        """Note that a request of a conversation came: nobody has to be waited for any more."""
        with self._apart, self._lock:
            if self.is_on and _is_marked(asked):
                self._asking[_thread(asked)] = None
                _bound(self._asking)
                self._pauses.came(_thread(asked), asked.session, self._services.clock().timestamp())

    def answered(self, case: Case, attempt: Attempt, outcome: Outcomes, reading: Reading) -> None:
        """Note Claude's answer: its request is kept in place of the conversation's last one."""
        with self._apart, self._lock:
            asked = case.request
            thread = _thread(asked)
            self._asking.pop(thread, None)
            if not self.is_on or not _is_marked(asked):
                return
            if outcome.status in (401, 403):
                self._drop_session(asked.session)
            if outcome.status != 200 or reading.usage is None:
                return
            said = Said(thread, asked.session, bool(asked.agent_id), reading.stop_reason == "tool_use")
            self._pauses.ended(said, self._services.clock().timestamp())
            kept = self._kept_of(case, said, attempt.at, reading.usage)
            if kept is None:
                self._shelf.drop(thread)
            else:
                self._shelf.put(kept)

    def went_away(self, asked: AgentRequest) -> None:
        """Note that a local model answers: Claude hears nothing of the conversation meanwhile."""
        with self._apart, self._lock:
            self._asking.pop(_thread(asked), None)
            kept = self._shelf.of(_thread(asked))
            if kept is not None:
                kept.is_away = True

    def answered_away(self, asked: AgentRequest, *, asks_tool: bool) -> None:
        """Note a local model's answer: the conversation is silent from now on."""
        with self._apart, self._lock:
            if self.is_on and _is_marked(asked):
                said = Said(_thread(asked), asked.session, bool(asked.agent_id), asks_tool)
                self._pauses.ended(said, self._services.clock().timestamp())

    def keeps(self, asked: AgentRequest) -> bool:
        """Tell whether a conversation's cache is kept, and there is money for it: no local turn lets it cool then."""
        with self._apart, self._lock:
            has_money = self._elapsed() >= self._refused_s + REFUSED_S
            return self.is_on and has_money and self._shelf.of(_thread(asked)) is not None
        return False

    # --- in the thread ------------------------------------------------------------------------------------------

    def run(self, leaving: threading.Event) -> None:
        """Look after what is kept until told to leave, then let all of it go."""
        while not leaving.wait(TICK_S if len(self._shelf) else IDLE_S):
            try:
                self.tick()
            except Exception:  # noqa: BLE001 - the top of a thread: what it keeps is only money that may be saved
                _log.exception("the cache keeper failed")
        self.forget()

    def forget(self) -> None:
        """Let go of every kept request."""
        with self._lock:
            self._shelf.clear()

    def tick(self) -> None:
        """Send what is due and worth it, and let go of what is not, or has expired."""
        if not self.is_on:
            if len(self._shelf):
                self.forget()
            return
        self._learn_past()
        now, now_s = self._services.clock(), self._elapsed()
        with self._lock:
            due = [kept for kept in self._shelf.all() if self._is_due(kept, now, now_s)]
        for kept in due:
            self._look(kept, now, now_s)

    def next_due(self) -> datetime | None:
        """Say when a ping is next to be decided on; None where nothing is kept."""
        with self._lock:
            return min((kept.due_at for kept in self._shelf.all() if self._is_idle(kept)), default=None)

    def is_busy(self) -> bool:
        """Tell whether a ping is under way."""
        with self._lock:
            return any(kept.is_under_way for kept in self._shelf.all())

    def glance(self) -> Glance:
        """Tell how it stands."""
        due = self.next_due()
        with self._lock:
            pauses, next_at = self._pauses.hazard.pauses, due.isoformat() if due else None
            return Glance(len(self._shelf), pauses, self._read, self._wrote, self._failed, self._let_go, next_at)

    def _learn_past(self) -> None:
        """Learn once what the ledger knows of earlier pauses, apart from what comes in meanwhile."""
        if self._knows_past:
            return
        self._knows_past = True
        try:
            hazard = self._past()
        except Exception:  # noqa: BLE001 - without a past it decides by the prior
            _log.exception("the cache keeper cannot read earlier pauses")
            return
        with self._lock:
            self._pauses.hazard.learn(hazard)

    def _is_idle(self, kept: Kept) -> bool:
        return not kept.is_under_way and kept.said.thread not in self._asking

    def _is_due(self, kept: Kept, now: datetime, now_s: float) -> bool:
        if kept.has_expired(now, now_s):
            return not kept.is_under_way  # Also while its conversation asks: a request that is refused has no answer.
        return self._is_idle(kept) and now >= kept.due_at and now_s >= kept.tried_s + AGAIN_S

    def _look(self, kept: Kept, now: datetime, now_s: float) -> None:
        """Decide on one that is due."""
        if kept.has_expired(now, now_s):
            self._let(kept)
            return
        today = self._services.ledger.today()
        if self._services.ledger.closed() is not None or today.band not in (Band.normal, Band.saving):
            return
        rates = self._rates(kept, now)
        step_s = kept.life_s - margin_s(kept.life_s)
        with self._lock:
            age_s = self._pauses.age_s(kept.said.thread, now.timestamp())
            chance = self._pauses.chance(kept.said.thread, now.timestamp())
        chance = _away(chance) if kept.is_away else chance
        if age_s is None and kept.is_away:
            age_s = 0.0  # A local model is answering at this moment.
        if age_s is not None and worth(kept.stake(rates), age_s, step_s, chance) > 0:
            self._ping(kept, now_s, rates)
        else:
            self._let(kept)

    def _ping(self, kept: Kept, now_s: float, rates: Rates) -> None:
        """Hold money and send; without money it is tried once more, as long as the prefix lives."""
        kept.tried_s, kept.is_under_way = now_s, True
        try:
            is_sent = self._held_and_sent(kept, rates)
        except BaseException:
            kept.is_under_way = False
            raise
        if not is_sent:
            kept.is_under_way, self._refused_s = False, now_s

    def _held_and_sent(self, kept: Kept, rates: Rates) -> bool:
        """Tell whether there was money; what fails after it was held gives it back."""
        services = self._services
        within = bound_of(kept, services)
        body = without_output(kept.body, msgspec.json.decode(kept.body))
        asked = ask_of(kept, within, services)
        held = services.ledger.reserve(asked)
        if not isinstance(held, Held):
            return False
        try:
            attempt = attempt_of(held, within, services)
            note = note_of(kept, kept.stake(rates))
            followed = services.baselines.follow_ping(held, kept, body) if services.baselines else None
            carrier = PingCarrier(services, attempt, note, lambda found: self._heard(kept, held, found), followed)
            kept.tried_s = self._elapsed()
            services.log.began(asked, held)
            self._send(forward_of(kept, body, services, carrier, lambda: self._may_send(kept)))
        except BaseException:
            services.ledger.void(held.hold_id, why="failed inside bursar")
            raise
        return True

    def _may_send(self, kept: Kept) -> bool:
        """Tell whether a ping may go out at this moment: in time, and with nothing of the conversation under way."""
        services = self._services
        stays = services.options.restricted == "local-only" and services.sessions.is_restricted(kept.said.session)
        if not self.is_on or stays or services.ledger.closed() is not None:
            return False
        if kept.has_expired(services.clock(), self._elapsed()):
            return False
        with self._lock:
            return kept.said.thread not in self._asking and self._shelf.of(kept.said.thread) is kept

    def _heard(self, kept: Kept, held: Held, found: Pinged) -> None:
        """Take what became of a ping; called on the loop's thread."""
        with self._lock:
            kept.is_under_way = False
            if found.ending is Ending.never_sent:
                return
            if found.status in (401, 403):
                self._failed += 1
                self._drop_session(kept.said.session)
            elif not found.is_known:
                self._failed += 1
                self._drop(kept)
            elif found.read >= kept.prefix * 9 // 10 and found.written <= kept.prefix // 10:
                self._read += 1
                kept.warm_at, kept.warm_s, kept.pings = held.since, kept.tried_s, kept.pings + 1
                until = kept.warm_at + timedelta(seconds=kept.life_s)
                self._services.warmth.heard(kept.conversation, Warm(kept.tokens, until, kept.for_an_hour))
            else:
                self._wrote += 1
                self._leave_alone(kept.said.session)

    # --- what is kept -------------------------------------------------------------------------------------------

    def _kept_of(self, case: Case, said: Said, at: datetime, usage: Mapping[str, Any]) -> Kept | None:
        """Give what is kept of a request; None where that is nothing, or no ping of it would be answered."""
        asked, wish = case.request, self._services.options.keeper
        read, written = cached(usage)
        if not read + written or asked.session in self._left_alone or (case.labels.is_plan and not wish.plans):
            return None
        fields = asked.fields if asked.dialect == "anthropic" else msgspec.json.decode(asked.body)
        if not can_be_kept(fields, asked.shape):
            return None
        told = usage.get("input_tokens")
        tail = told if type(told) is int and told > 0 else 0
        since_s = max(0.0, (self._services.clock() - at).total_seconds())
        return Kept(
            said=said,
            target=self._services.cloud.target(case.wire.target),
            headers=to_upstream(case.wire.headers),
            body=asked.body,
            shape=asked.shape,
            labels=case.labels,
            tokens=read + written + tail,
            prefix=read + written,
            for_an_hour=_for_an_hour(asked, usage),
            warm_at=at,
            warm_s=self._elapsed() - since_s,
        )

    def _rates(self, kept: Kept, now: datetime) -> Rates:
        return self._services.prices().on(now, kept.shape.model).dearest(kept.tokens, fast=kept.shape.fast)

    def _let(self, kept: Kept) -> None:
        with self._lock:
            self._let_go += 1
            self._drop(kept)

    def _drop(self, kept: Kept) -> None:
        if self._shelf.of(kept.said.thread) is kept:
            self._shelf.drop(kept.said.thread)

    def _drop_session(self, session: str) -> None:
        for kept in self._shelf.all():
            if kept.said.session == session:
                self._shelf.drop(kept.said.thread)

    def _leave_alone(self, session: str) -> None:
        self._drop_session(session)
        self._left_alone[session] = None
        _bound(self._left_alone)


def _bound(names: OrderedDict[str, None]) -> None:
    """Forget the oldest of too many."""
    while len(names) > MOST_NAMES:
        names.popitem(last=False)


def _thread(asked: AgentRequest) -> str:
    return f"{asked.session}/{asked.agent_id}/{asked.model}"


def _is_marked(asked: AgentRequest) -> bool:
    """Tell whether it is a request of the conversation itself: what is asked beside it marks nothing for the cache."""
    return asked.shape.writes_5m or asked.shape.writes_1h


def _for_an_hour(asked: AgentRequest, usage: Mapping[str, Any]) -> bool:
    """Tell whether all of the prefix lives for an hour; where lifetimes are mixed, its end is taken for short-lived."""
    split = usage.get("cache_creation")
    if isinstance(split, dict) and split.get("ephemeral_5m_input_tokens"):
        return False
    if isinstance(split, dict) and split.get("ephemeral_1h_input_tokens"):
        return not asked.shape.writes_5m
    return asked.shape.writes_1h and not asked.shape.writes_5m


def _away(chance: Chance) -> Chance:
    return lambda since_s, until_s: chance(since_s, until_s) * AWAY_PERMILLE / 1000
