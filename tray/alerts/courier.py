"""The courier: one thread that carries what waits in the outbox to each destination, again where it failed."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import TimeoutError as TooLate
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo

from budget.alertwords import words
from budget.clock import Clock
from budget.outbox import Alert, Outbox, Waiting
from budget.trouble import LedgerUnavailable
from tray.alerts.destination import Destination
from tray.alerts.post import Deliver, Message

FIRST_PAUSE = timedelta(seconds=15)
LONGEST_PAUSE = timedelta(hours=1)
GIVEN_UP_AFTER = timedelta(days=3)
NOT_THERE = "it is not in the config any more"

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Urgent:
    """An alert that the ledger cannot record now: sent at once, once, and recorded when that is possible again."""

    alert: Alert
    is_sent: bool = False
    told: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a person wants of alerts: where to, and which kinds not."""

    to: tuple[Destination, ...] = ()
    mute: frozenset[str] = frozenset()
    zone: tzinfo | None = None


class Courier:
    """Sends each alert to each destination until it was told, or for three days.

    Where the ledger cannot note that a destination was told, the courier remembers it and notes it later.
    """

    def __init__(self, outbox: Outbox, deliver: Deliver, wishes: Callable[[], Wishes], clock: Clock) -> None:
        self._outbox, self._deliver, self._wishes, self._clock = outbox, deliver, wishes, clock
        self._wake = threading.Event()
        self._leaving = False
        self._unnoted: set[tuple[int, str]] = set()
        self._urgent: list[Urgent] = []
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)

    def start(self) -> None:
        """Begin with what an earlier run left."""
        self._thread.start()

    def wake(self) -> None:
        """Look into the outbox now."""
        self._wake.set()

    def urge(self, alert: Alert) -> None:
        """Send an alert that cannot be recorded now; its id counts for nothing."""
        self._urgent.append(Urgent(alert))
        self._wake.set()

    def stop(self) -> None:
        """End; what is not delivered stays in the outbox."""
        self._leaving = True
        self._deliver.end()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(5)

    def once(self, *, early: bool = False) -> float | None:
        """Deliver what is due, or all that waits; gives the seconds until the next is due, None when nothing waits."""
        wishes = self._wishes()
        self._send_urgent(wishes)
        self._record_urgent(wishes)
        if self._outbox.has_new():
            self._plan(wishes)
        self._note_the_unnoted()
        known = {to.name: to for to in wishes.to}
        waiting = self._outbox.waiting()
        for name in {one.destination for one in waiting} - set(known):
            self._outbox.give_up(name, NOT_THERE)
        waiting = [one for one in waiting if one.destination in known and _key(one) not in self._unnoted]
        now = self._clock()
        due = [one for one in waiting if early or one.due <= now]
        self._carry([(one, known[one.destination]) for one in due], wishes.zone or UTC)
        return self._pause()

    def _run(self) -> None:
        self._wake.clear()
        pause_s = self._safely(early=True)  # Whoever starts bursar anew may have mended what was wrong.
        while not self._leaving:
            self._wake.wait(pause_s)
            self._wake.clear()
            if self._leaving:
                return
            pause_s = self._safely()

    def _safely(self, *, early: bool = False) -> float | None:
        try:
            return self.once(early=early)
        except (LedgerUnavailable, TooLate, OSError) as trouble:
            log.warning("alerts wait: %s", trouble or "the disk does not answer")
        except Exception:  # The top of a thread: the next look may succeed.
            log.exception("delivering alerts failed")
        return LONGEST_PAUSE.total_seconds() / 60

    def _carry(self, due: Sequence[tuple[Waiting, Destination]], zone: tzinfo) -> None:
        messages = [Message(to, words(one.alert, zone), one.alert.kind) for one, to in due]
        for (one, to), trouble in zip(due, self._deliver(messages), strict=False):
            if self._leaving and trouble:
                return
            self._note(one, to, trouble)

    def _note(self, one: Waiting, to: Destination, trouble: str) -> None:
        """Note at once how it went: what is sent but not noted is sent again after a crash."""
        try:
            if not trouble:
                self._outbox.told(*_key(one))
                log.info("alert %d (%s) was sent to %s", one.alert.id, one.alert.kind, to)
                return
            again = None if to.is_now_or_never else self._again(one)
            self._outbox.failed(*_key(one), trouble, again)
            ends = "it is given up" if again is None else "it is tried again"
            level = logging.INFO if to.is_now_or_never else logging.WARNING
            log.log(level, "alert %d (%s) did not reach %s: %s; %s", one.alert.id, one.alert.kind, to, trouble, ends)
        except (LedgerUnavailable, TooLate):
            if not trouble:
                self._unnoted.add(_key(one))
            raise

    def _again(self, one: Waiting) -> datetime | None:
        now = self._clock()
        return None if now - one.alert.at > GIVEN_UP_AFTER else now + pause_after(one.tries)

    def _note_the_unnoted(self) -> None:
        for alert, destination in tuple(self._unnoted):
            self._outbox.told(alert, destination)
            self._unnoted.discard((alert, destination))

    def _send_urgent(self, wishes: Wishes) -> None:
        for one in self._urgent:
            if one.is_sent or one.alert.kind in wishes.mute:
                continue
            one.is_sent = True
            said = words(one.alert, wishes.zone or one.alert.at.tzinfo or UTC)
            messages = [Message(to, said, one.alert.kind) for to in wishes.to]
            one.told = {to.name for to, wrong in zip(wishes.to, self._deliver(messages), strict=False) if not wrong}

    def _record_urgent(self, wishes: Wishes) -> None:
        """Record what was sent unrecorded, so that only who was not told then is told now."""
        for one in tuple(self._urgent):
            alert = one.alert
            try:
                is_new = self._outbox.record(alert.kind, alert.subject, alert.facts, alert.day)
            except (LedgerUnavailable, TooLate):
                return
            if is_new:
                self._plan(wishes)
                (recorded,) = self._outbox.newest(1, [alert.kind])
                for name in one.told:
                    self._outbox.told(recorded.alert.id, name)
            self._urgent.remove(one)

    def _plan(self, wishes: Wishes) -> None:
        self._outbox.plan([to.name for to in wishes.to], wishes.mute)

    def _pause(self) -> float | None:
        waiting = [one.due for one in self._outbox.waiting()]
        if not waiting and not self._unnoted and not self._urgent:
            return None
        now = self._clock()
        return max(1.0, (min(waiting, default=now) - now).total_seconds())


def pause_after(tries: int) -> timedelta:
    """Tell how long to wait after a try, by those that failed before it: 15 s, then twice as long, an hour at most."""
    return LONGEST_PAUSE if tries > 8 else min(FIRST_PAUSE * 2**tries, LONGEST_PAUSE)


def _key(one: Waiting) -> tuple[int, str]:
    return one.alert.id, one.destination
