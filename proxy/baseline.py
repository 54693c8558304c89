"""The baseline's recorder: follows requests aside from their way, and writes what each would have cost at Claude alone.

A request's way only puts notes into a queue. A thread takes them, lays prompts out, and writes baselines in batches. A
full queue lets whole requests fall: their entries then get what the tables alone can tell.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from itertools import count
from typing import Any

from budget.baseline import DIVERGED, Baseline
from budget.baselines import Baselines, Known
from budget.cachemiss import Looked
from budget.cachemisses import CacheMisses
from budget.clock import Clock
from budget.entries import Outcome, Settlement
from budget.ledger import Held, Ledger
from pricing.table import PriceTable
from pricing.tokens import Ratios
from pricing.usage import Usage
from proxy.baselinekept import KeptRatios
from proxy.baselinereckon import Ended, read_usage, reckon, usage_of
from proxy.baselineworld import MOST_KEPT, Pending, Sent, Worlds
from proxy.cachemissdoctor import Doctor
from proxy.case import Case
from proxy.decision import Decision
from proxy.keeper.kept import Kept
from proxy.promptblocks import Prompts
from proxy.route import Route
from proxy.toolcalls.signals import Heard

MOST_NOTES = 1024
"""With so many in the queue no further request is followed; of those that are, each has at most two notes to come."""
MOST_OPEN = 1024
"""Requests under way; one whose end nobody told must not be kept for ever."""
MOST_BYTES = 64 * 2**20
"""Of requests whose prompts wait to be laid out."""
BATCH = 16
IDLE_S = 1.0
STANDS_ASIDE_S = 0.1
"""How long a request is let go ahead before its prompt is looked at: by then it is on its way, and Claude is busy."""
WORKS_S, STEPS_BACK_S = 0.0007, 0.0001
"""So much work is done at a stretch, and so long the way is free after it: the 99th part of requests that wait for an
answer's first event then waits 4.7 ms instead of 8.4, at no cost to the rest."""
RESTS = 60
"""How often it rests before it tries again to write what could not be written."""
END_S = 5.0
KEEP_EVERY = 500
"""After so many answers what was learned of tokens is written down, and at the end."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Note:
    """Something to take note of, in turn and not before `due_s`; `size` bytes of a request are kept alive by it."""

    work: Callable[[], None]
    size: int = 0
    due_s: float = 0.0


@dataclass(slots=True)
class Followed:
    """One request that is followed; its methods cost no time and can be called from any thread."""

    recorder: Recorder
    number: int
    sent: Sent
    said: Heard | None = field(default=None, repr=False)
    is_dropped: bool = False
    """Whether the queue was full as it began: nothing is noted of it then."""

    @property
    def calls_tools(self) -> bool:
        """Whether a local model's answer asks for tools, as far as it was heard."""
        return self.said is not None and bool(self.said.verdicts)

    def began(self) -> None:
        """Note that Claude's answer has begun: what it wrote to its cache can be read from now on."""
        if not self.is_dropped:
            at = self.recorder.clock()
            self.recorder.put(_Note(lambda: self.recorder.take_begin(self, at)))

    def heard(self, said: Heard) -> None:
        """Note what a local model answered; it is looked at when the request has ended."""
        self.said = said

    def ended(self, how: Settlement, settled: Future[Any] | None) -> None:
        """Note how it ended, as soon as that is written."""
        if settled is None or self.is_dropped:
            return
        note = _Note(lambda: self.recorder.take_end(self, how))
        settled.add_done_callback(lambda future: None if future.exception() else self.recorder.put(note))


class Recorder(threading.Thread):
    """Simulates what sessions would have cost at Claude alone, and has the ledger keep it. Start it, and end it."""

    def __init__(
        self, ledger: Ledger, prices: Callable[[], PriceTable], clock: Clock, kept: KeptRatios | None = None
    ) -> None:
        super().__init__(name="baseline", daemon=True)
        self.clock, self._prices, self._kept_ratios = clock, prices, kept
        self._kept: Baselines = ledger.baselines
        self._kept_misses: CacheMisses = ledger.cache_misses
        self._key = secrets.token_bytes(16)
        self.worlds = Worlds(Prompts(kept.ratios if kept else None), clock())
        self.doctor = Doctor()
        self._notes: deque[_Note] = deque()
        self._arrived = threading.Condition()
        self._bytes = 0
        self._is_idle = self._ends = False
        self._numbers = count()
        self._open: OrderedDict[int, Pending] = OrderedDict()
        self._sessions: OrderedDict[str, Known] = OrderedDict()
        self._made: list[Baseline] = []
        self._looked: list[Looked] = []
        self._learned = 0
        self._worked_s = 0.0
        self.dropped = 0
        """How many requests fell for want of room; their entries get what the tables can tell."""
        self._rests: int | None = None
        """So many rests until what nobody recorded is made up; None where there is nothing of that."""

    @property
    def ratios(self) -> Ratios:
        """What was learned of tokens, to be shown and to be kept."""
        return self.worlds.prompts.ratios

    @property
    def has_made_up(self) -> bool:
        """Tell whether nothing is left of what earlier requests would have cost."""
        return self._rests is None

    # --- on a request's way -------------------------------------------------------------------------------------

    def follow(self, held: Held, case: Case, route: Route) -> Followed:
        """Begin to follow a request that has a hold on a route and is about to be sent."""
        asked = case.request
        sent = Sent(
            hold_id=held.hold_id,
            request_id=case.request_id,
            at=held.since,
            session=asked.session,
            agent=asked.agent_id,
            asked=asked.model,
            served=route.model,
            is_local=route.is_local,
            body=asked.body,
            fields=asked.fields if asked.dialect == "anthropic" else None,
            workspace=self._workspace(case.wire.lower),
            is_plan=case.labels.is_plan,
            would=_would(case.decision),
        )
        return self._follow(sent)

    def follow_ping(self, held: Held, kept: Kept, body: bytes) -> Followed:
        """Begin to follow a ping that has a hold: without a cache keeper there would be none."""
        labels, credentials = kept.labels, {name.lower(): value for name, value in kept.headers}
        sent = Sent(
            hold_id=held.hold_id,
            request_id="",
            at=held.since,
            session=labels.session,
            agent=labels.agent,
            asked=kept.shape.model,
            served=kept.shape.model,
            is_local=False,
            body=body,
            workspace=self._workspace(credentials),
            is_plan=labels.is_plan,
            is_ping=True,
        )
        return self._follow(sent)

    def _follow(self, sent: Sent) -> Followed:
        followed = Followed(self, next(self._numbers), sent)
        with self._arrived:
            if len(self._notes) >= MOST_NOTES or self._bytes + len(sent.body) > MOST_BYTES:
                self.dropped += 1
                self._rests, followed.is_dropped = 0, True
                return followed
        self.put(_Note(lambda: self.take_start(followed), len(sent.body), time.monotonic() + STANDS_ASIDE_S))
        return followed

    def put(self, note: _Note) -> None:
        """Put a note into the queue."""
        with self._arrived:
            self._bytes += note.size
            self._notes.append(note)
            if self._is_idle:  # Who works, or waits for a note to be due, finds this one afterwards.
                self._is_idle = False
                self._arrived.notify()

    def end(self, patience_s: float = END_S) -> None:
        """Write what is in the queue, as far as there is time for it, and end."""
        with self._arrived:
            self._ends = True
            self._arrived.notify()
        self.join(patience_s)

    # --- in the thread ------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Make up what an earlier run left, then take notes until told to end."""
        self._make_up(0)
        while self._turn():
            pass
        self._write()
        self._keep_ratios()

    def take_start(self, followed: Followed) -> None:
        """Lay a request's prompt out in both worlds."""
        sent = followed.sent
        known = self._known(sent.session)
        pending = self._open[followed.number] = self.worlds.send(sent, self._prices(), known.until)
        if sent.is_ping:
            self.doctor.pinged(pending)
        else:
            self.doctor.sent(followed.number, pending, known.until)
        while len(self._open) > MOST_OPEN:
            self._open.popitem(last=False)

    def take_begin(self, followed: Followed, at: datetime) -> None:
        """Let what a request wrote be read."""
        pending = self._open.get(followed.number)
        if pending is not None:
            self.worlds.began(pending, at)
        self.doctor.began(followed.number, at)

    def take_end(self, followed: Followed, settlement: Settlement) -> None:
        """Reckon a baseline, and learn from what Claude counted."""
        sent, pending = followed.sent, self._open.pop(followed.number, None)
        known = self._known(sent.session)
        raw = usage_of(settlement)
        told = read_usage(raw)
        made = reckon(sent, pending, Ended(settlement, raw, followed.said, known.has_diverged), self.ratios)
        if made.part in DIVERGED or sent.is_ping:
            self._remember(sent.session, Known(True, known.until))
        self._made.append(made)
        looked = self.doctor.ended(followed.number, settlement, raw, told)
        if looked is not None:
            self._looked.append(looked)
        if pending is not None and settlement.outcome is Outcome.complete:
            self._learn(pending, settlement, raw, told if "output_tokens" in raw else None)

    def _learn(self, pending: Pending, settlement: Settlement, raw: Mapping[str, Any], told: Usage | None) -> None:
        if pending.sent.is_local:
            self.worlds.counted(pending.sent, settlement.usage.prompt)
        else:
            self.worlds.heard(pending, raw, told)
            self._learned += 1
            if self._learned % KEEP_EVERY == 0:
                self._keep_ratios()

    def _keep_ratios(self) -> None:
        if self._kept_ratios:
            self._kept_ratios.keep()

    def _next(self) -> _Note | None:
        """Wait for the next note and take it; None if there is none, or none yet and something to write."""
        with self._arrived:
            if not self._notes and not self._made and not self._ends:
                self._is_idle = True
                self._arrived.wait(IDLE_S)
                self._is_idle = False
            while self._notes and not self._ends and self._notes[0].due_s > time.monotonic():
                if self._made:
                    return None
                # Many requests are looked at together: each time this thread wakes, it takes the others' turn.
                self._arrived.wait(STANDS_ASIDE_S)
            if not self._notes:
                return None
            note = self._notes.popleft()
            self._bytes -= note.size
            return note

    def _turn(self) -> bool:
        """Take one note, or what there is to do without one; tells whether to go on."""
        note = self._next()
        if note is not None:
            self._at_work(note.work)
        if note is None or len(self._made) >= BATCH:
            self._write()
        if note is None and not self._notes and self._rests is not None:
            self._make_up(self._rests)
        return note is not None or not self._ends

    def _at_work(self, work: Callable[[], None]) -> None:
        """Do some work, and now and then let the others go on, who would be kept for 5 ms by Python itself."""
        began_s = time.monotonic()
        self._safely(work)
        self._worked_s += time.monotonic() - began_s
        if self._worked_s > WORKS_S:
            self._worked_s = 0.0
            time.sleep(STEPS_BACK_S)

    def _make_up(self, rests: int) -> None:
        """Have the ledger tell what it can of entries that nobody recorded, after so many rests more."""
        self._rests = rests - 1 if rests else None
        if not rests:
            self._safely(lambda: self._kept.make_up().add_done_callback(self._tell))

    def _write(self) -> None:
        made, self._made = self._made, []
        if made:
            self._kept.record(made).add_done_callback(self._tell)
        looked, self._looked = self._looked, []
        if looked:
            self._kept_misses.record(looked).add_done_callback(_tell_misses)

    def _safely(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:  # noqa: BLE001 - what a request would have cost must never stop what follows
            self._rests = RESTS
            _log.exception("a baseline cannot be told")

    def _tell(self, future: Future[int]) -> None:
        error = future.exception()
        if error is not None:
            self._rests = RESTS
            _log.warning("baselines were not written, and are made up later: %s", error)

    def _known(self, session: str) -> Known:
        """Remember a session, from the tables where it is older than this process."""
        known = self._sessions.get(session)
        if known is None:
            known = self._kept.known(session)
        self._remember(session, known)
        return known

    def _remember(self, session: str, known: Known) -> None:
        self._sessions[session] = known
        self._sessions.move_to_end(session)
        while len(self._sessions) > MOST_KEPT:
            self._sessions.popitem(last=False)

    def _workspace(self, headers: Mapping[bytes, bytes]) -> str:
        """Name who pays, by a digest that means nothing outside this process."""
        credential = headers.get(b"x-api-key") or headers.get(b"authorization") or b""
        return blake2b(credential, key=self._key, digest_size=8).hexdigest()


def _tell_misses(future: Future[int]) -> None:
    error = future.exception()
    if error is not None:
        _log.warning("what requests missed of the cache was not written: %s", error)


def _would(decision: Decision) -> str:
    """Name the local model, or the cheaper one of Claude's, that mode auto would have taken."""
    would = decision.would
    if would is None or would in decision.routes:
        return ""
    return f"{would.upstream}/{would.model}"
