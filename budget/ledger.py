"""The ledger: money is held before it is spent, and settled once, whatever happens in between."""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooLate
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import TypeVar
from zoneinfo import ZoneInfo

from budget import commands, reading
from budget.backups import Backups
from budget.bands import Band, Limits
from budget.baselines import Baselines
from budget.book import Book
from budget.cachemisses import CacheMisses
from budget.calendar import Calendar, Look
from budget.clock import Clock, Elapsed, elapsed, resets_at
from budget.details import Details
from budget.entries import Entry, OpenHold, Outcome, Settled, Settlement
from budget.events import Event, Stopped
from budget.folder import Folder
from budget.historybooks import History
from budget.holds import UNRECORDED, Ask, Held, Labels, Offer, Refused, Why
from budget.jobs import Commanding, Reserving, Settling
from budget.line import Line, Ticket
from budget.mark import boot_id
from budget.opening import Wanted
from budget.outbox import Outbox
from budget.refused import RefusedRequests
from budget.shares import Shares, keep_for
from budget.standing import Standing
from budget.state import Mode, Stop, StoppedBy
from budget.tallies import Tallies
from budget.today import DayTotal, Today
from budget.trouble import LedgerUnavailable, Trouble
from budget.upkeep import Upkeep
from budget.writer import Writer
from pricing.money import ZERO, Money

__all__ = [
    "UNRECORDED",
    "Ask",
    "Band",
    "DayTotal",
    "Entry",
    "Held",
    "Labels",
    "Ledger",
    "LedgerUnavailable",
    "Limits",
    "Line",
    "Mode",
    "Offer",
    "OpenHold",
    "Outcome",
    "Refused",
    "Settled",
    "Settlement",
    "Shares",
    "Stop",
    "Ticket",
    "Today",
]

T = TypeVar("T")

_log = logging.getLogger(__name__)

_PATIENCE_S = 10.0
_COMMAND_PATIENCE_S = 10.0
_STOP_PATIENCE_S = 1.0
_UNREAD = "the ledger has never been opened"


class Ledger:
    """One day's money for everyone who asks; safe to call from any thread. Open it with `Ledger.open`."""

    def __init__(self, wanted: Wanted, clock_reads: Elapsed) -> None:
        self.line = wanted.line
        self._folder = wanted.folder
        self._wanted = wanted
        self._subscribers: tuple[Callable[[Event], None], ...] = ()
        self._subscribing = threading.Lock()
        self._unrecorded = 0
        self._halted: Stop | None = None
        self._shown = date.min
        self._writer = Writer(wanted, clock_reads, self._publish)
        self._backups = Backups(wanted.folder)
        self.outbox = Outbox(wanted.folder.database, self._command)
        self.history = History(wanted.folder.database, self._command)
        self.details = Details(self._command)
        self.baselines = Baselines(wanted.folder.database, self._writer.put, lambda: self._writer.book)
        self.tallies = Tallies(wanted.folder.database, self._writer.put)
        self.refused = RefusedRequests(wanted.folder.database, self._writer.put, self._command)
        self.cache_misses = CacheMisses(self._writer.put)
        self._upkeep = Upkeep(wanted.folder, self._backups, lambda: self._standing().day, self._set_aside)

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        clock: Clock,
        limits: Limits,
        zone: ZoneInfo,
        instance: str | None = None,
        monotonic: Elapsed = elapsed,
        boot: str | None = None,
    ) -> Ledger:
        """Open the ledger in a folder of its own, recovering what can be recovered; `notices` says what had to be done.

        Never raises for a bad disk or database: `today().trouble` says what is wrong, and it heals by itself.
        `boot` names the run of the machine (None: ask the system); a test that cuts the power passes another.
        """
        wanted = Wanted(
            folder=Folder(folder),
            calendar=Calendar(clock, monotonic, zone),
            line=Line(monotonic),
            limits=limits,
            instance=instance or secrets.token_hex(8),
            boot=boot or boot_id(),
        )
        ledger = cls(wanted, monotonic)
        ledger._writer.start()
        ledger._writer.opened.wait()
        return ledger

    @property
    def notices(self) -> tuple[str, ...]:
        """What a person should know about how the ledger came up, or came back."""
        return self._writer.notices

    @property
    def file(self) -> Path:
        """The database, for who reads it through connections that cannot write."""
        return self._folder.database

    def reserve(self, ask: Ask, *, patience_s: float = _PATIENCE_S) -> Held | Refused:
        """Hold the first offer that fits, in one conditional write, and wait until that can no longer be lost.

        A local offer is granted in every state of the ledger; while it is in trouble its hold id is UNRECORDED.
        """
        if self._writer.trouble is not None:
            return self._untroubled(ask, self._writer.trouble)
        job = Reserving(ask, lambda hold_id: self.void(hold_id, "nobody waited for it any more"))
        self._writer.write_now(job)
        answer = job.wait(patience_s)
        match answer:
            case Held(offer=Offer(is_local=False)) if self._halted:
                # The stop is not written yet, but it counts from the moment it was pressed.
                self.void(answer.hold_id, "stopped")
                return self._refused(ask, "stopped")
            case Held():
                if ask.ticket is not None:
                    self.line.leave(ask.ticket)
                return answer
            case Refused():
                return answer
            case LedgerUnavailable():
                return self._untroubled(ask, answer.trouble)
            case None:
                return self._untroubled(ask, Trouble.of("broken", "the disk does not answer"))
            case _:
                return self._untroubled(ask, Trouble.of("broken", str(answer)))

    def settle(self, hold_id: int, settlement: Settlement) -> Future[Settled]:
        """Turn a hold into its entry, exactly once; never blocks, and is repeated until it is written."""
        if hold_id == UNRECORDED:
            return _already(Settled(0))
        job = Settling(hold_id, settlement)
        self._writer.put(job)
        return job.future

    def void(self, hold_id: int, why: str, status: int | None = None, *, upstream_id: str = "") -> Future[Settled]:
        """End a hold whose request was never sent, or was refused by the upstream: it costs nothing."""
        voided = Settlement(Outcome.voided, ZERO, ZERO, status=status, upstream_id=upstream_id, note=why)
        return self.settle(hold_id, voided)

    def today(self) -> Today:
        """Show the day from memory; a new day shows at once, also before anyone asks for money in it."""
        look = self._wanted.calendar.look()
        standing = self._standing(look)
        trouble = self._writer.trouble
        return Today(
            day=standing.day,
            settled=Money(standing.settled),
            held=Money(standing.held),
            likely=Money(standing.likely),
            limits=standing.limits_today,
            band=standing.band,
            mode=standing.mode,
            stop=self._halted or standing.stop,
            resets_at=standing.resets_at,
            trouble=trouble.why if trouble else None,
            open_holds=standing.open_holds,
            waiting=len(self.line),
            unrecorded=self._unrecorded,
            clock_held_back=look.held_back,
            local=standing.local,
            gone_by_tier=standing.gone_by_tier,
        )

    def keep_for(self, tier: str, shares: Shares) -> Money:
        """Give what must stay free beside a request of this tier, as the day stands now: for a place in the line."""
        standing = self._standing()
        return keep_for(tier, shares, standing.limits_today, standing.gone_by_tier)

    def closed(self) -> Why | None:
        """Say why nothing may go to a cloud right now, if so: asked again just before a connection is opened."""
        if self._writer.trouble is not None:
            return "trouble"
        return "stopped" if self._halted else self._standing().closed

    def set_mode(self, mode: Mode) -> None:
        """Choose the mode; when this returns it is durable. Raises LedgerUnavailable."""
        self._command(lambda book: commands.set_mode(book, mode))

    def set_limits(self, limits: Limits, zone: ZoneInfo | None = None) -> None:
        """Set budget, cutoff, thresholds and perhaps the zone from now on. Raises LedgerUnavailable."""
        self._command(lambda book: commands.set_limits(book, limits, zone))

    def allow_more_today(self, amount: Money) -> None:
        """Raise the cutoff for this day only. Raises LedgerUnavailable."""
        self._command(lambda book: commands.allow_more_today(book, amount))

    def stop(self, by: StoppedBy = "person") -> None:
        """Stop all cloud spending at once, in memory first: it works on a full disk too."""
        self._halted = Stop(self._wanted.calendar.look().now, by)
        job = Commanding(lambda book: commands.stop(book, by), essential=True)
        self._writer.put(job)
        try:
            job.future.result(_STOP_PATIENCE_S)
        except TooLate:
            self._publish(Stopped(by))
        else:
            self._halted = None

    def resume(self) -> None:
        """Lift the emergency stop. Raises LedgerUnavailable."""
        self._command(lambda book: commands.resume(book, "person"))
        self._halted = None

    def confirm_day(self) -> None:
        """Believe the wall clock after it jumped ahead: the day it shows begins."""
        self._command(lambda book: book.after.append(book.calendar.confirm))
        self._command(lambda _: None)

    def correct(self, entry_id: int, charged: Money, likely: Money, note: str) -> int:
        """Say what an entry should have been, by a new entry; gives its id. Raises NotAnOriginal, LedgerUnavailable."""
        return self._command(lambda book: commands.correct(book, entry_id, charged, likely, note))

    def entries(
        self, *, after: int = 0, day: date | None = None, session: str | None = None, limit: int = 1000
    ) -> list[Entry]:
        """List entries with an id above `after`, oldest first, perhaps of one day or session only."""
        where, given = "id > :after", {"after": after, "day": day.isoformat() if day else "", "session": session or ""}
        if day is not None:
            where += " AND " + reading.ON_DAY
        if session is not None:
            where += " AND session = :session"
        return reading.entries(self._folder.database, where, given, limit)

    def entry(self, request_id: str) -> list[Entry]:
        """List the entries of a request: one for each attempt, and their corrections."""
        return reading.entries(self._folder.database, "request_id = :id", {"id": request_id}, 1000)

    def latest(self, limit: int = 100) -> list[Entry]:
        """List the newest entries, oldest of them first."""
        where = "id > (SELECT coalesce(max(id), 0) FROM entries) - :limit"
        return reading.entries(self._folder.database, where, {}, limit)

    def holds(self) -> list[OpenHold]:
        """List the requests under way."""
        return reading.holds(self._folder.database)

    def days(self, since: date, until: date) -> list[DayTotal]:
        """List the sums of days, both ends included."""
        return reading.days(self._folder.database, since, until)

    def totals(self, since: date, until: date) -> list[dict[str, int | str]]:
        """List sums by day, upstream, model, tier and task class: what reports are made of."""
        return reading.totals(self._folder.database, since, until)

    def check(self) -> list[str]:
        """Prove the books and list what is wrong; reads everything."""
        return reading.check(self._folder.database)

    def backup(self) -> Path:
        """Copy the ledger to the backups, check the copy, and let go of the oldest."""
        return self._backups.make(self._standing().day)

    def keep_up(self) -> None:
        """Back up and check what is due: for whoever has a timer, every quarter of an hour or so."""
        self._upkeep.once()

    def subscribe(self, callback: Callable[[Event], None]) -> Callable[[], None]:
        """Be told each event after its commit, in the writer's thread, so briefly; call the result to end it."""
        with self._subscribing:
            self._subscribers = (*self._subscribers, callback)
        return lambda: self._unsubscribe(callback)

    def close(self) -> None:
        """Write what is left, make it durable, and end. Open holds stay open and are charged at the next start."""
        self._writer.end()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _command(self, command: Callable[[Book], T]) -> T:
        job = Commanding(command)
        self._writer.put(job)
        return job.future.result(_COMMAND_PATIENCE_S)

    def _set_aside(self, fault: str) -> None:
        """Make the writer recover from damage that upkeep found."""
        self._writer.put(Commanding(lambda _: _damaged(fault)))

    def _standing(self, look: Look | None = None) -> Standing:
        book = self._writer.book
        if book is None:
            return self._blank()
        standing = book.published
        day = max((look or book.calendar.look()).day, self._shown)
        if day <= standing.day:
            return standing
        if day > self._shown:
            # What was shown stays true: the writer turns to this day even if the clock goes back meanwhile.
            self._shown = self._writer.no_earlier_than = day
            self._writer.put(Commanding(lambda _: None))
        return standing.on(day, resets_at(day, book.calendar.zone))

    def _blank(self) -> Standing:
        calendar = self._wanted.calendar
        day = calendar.day
        return Standing(
            day, day.isoformat(), 0, 0, 0, 0, self._wanted.limits, Mode.observe, None, 0, calendar.resets_at
        )

    def _untroubled(self, ask: Ask, trouble: Trouble) -> Held | Refused:
        """Serve local requests whatever the ledger's state, and refuse the rest with the reason."""
        standing, local = self._standing(), ask.local
        if local is None:
            return self._refused(ask, "trouble", trouble.why)
        self._unrecorded += 1
        return Held(UNRECORDED, local, standing.day, standing.band, self._wanted.calendar.look().now)

    def _refused(self, ask: Ask, why: Why, detail: str = "") -> Refused:
        standing = self._standing()
        return Refused(
            why=why,
            day=standing.day,
            settled=Money(standing.settled),
            held=Money(standing.held),
            cutoff=Money(standing.cutoff),
            needed=ask.needed,
            fits_later=False,
            resets_at=standing.resets_at,
            detail=detail,
        )

    def _publish(self, event: Event) -> None:
        for subscriber in self._subscribers:
            try:
                subscriber(event)
            except Exception:  # noqa: BLE001 - whatever a listener does, the ledger goes on
                _log.exception("a listener failed at %s", type(event).__name__)

    def _unsubscribe(self, callback: Callable[[Event], None]) -> None:
        with self._subscribing:
            self._subscribers = tuple(known for known in self._subscribers if known is not callback)


def _damaged(fault: str) -> None:
    raise LedgerUnavailable(Trouble.of("damaged", fault))


def _already(settled: Settled) -> Future[Settled]:
    future: Future[Settled] = Future()
    future.set_result(settled)
    return future
