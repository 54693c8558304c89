"""The listener: one thread that acts on what the ledger tells, so that the ledger's own thread never waits."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from queue import SimpleQueue

from budget.events import (
    ClockJumped,
    CutoffReached,
    DayChanged,
    Event,
    LedgerTrouble,
    Overrun,
    SpendRecorded,
    Stopped,
    ThresholdCrossed,
)

log = logging.getLogger("bursar.events")


class Listener:
    """Takes events from any thread and hands them to one function, in order."""

    def __init__(self, act: Callable[[Event], None]) -> None:
        self._act = act
        self._events: SimpleQueue[Event | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="listener", daemon=True)
        self._thread.start()

    def take(self, event: Event) -> None:
        """Queue an event that somebody may have to act on; returns at once."""
        if not isinstance(event, SpendRecorded):
            self._events.put(event)

    def stop(self) -> None:
        """Act on what is queued, and end."""
        self._events.put(None)
        self._thread.join(5)

    def _run(self) -> None:
        while (event := self._events.get()) is not None:
            try:
                self._act(event)
            except Exception:  # The top of a thread: the next event still counts.
                log.exception("acting on %s failed", type(event).__name__)


def tell_log(event: Event) -> None:
    """Log what a person would ask about later."""
    match event:
        case ThresholdCrossed():
            log.warning("%d%% of the budget of %s is spent", event.percent, event.day)
        case CutoffReached():
            log.warning("the cutoff of %s is reached: %s spent", event.cutoff.dollars(), event.settled.dollars())
        case Overrun():
            held, charged = event.held.dollars(4), event.charged.dollars(4)
            log.error("request %s cost %s, more than the %s held for it", event.request_id, charged, held)
        case Stopped():
            log.warning("all cloud traffic is stopped (%s)", event.by)
        case LedgerTrouble(why=None):
            log.warning("the ledger is well again")
        case LedgerTrouble():
            log.error("%s; nothing goes to Claude", event.why)
        case DayChanged():
            log.info("the budget day %s began", event.day)
        case ClockJumped():
            log.warning("the clock jumped by %s%s", event.by, ", and is not believed yet" if event.held_back else "")
        case _:
            log.info("%s", event)
