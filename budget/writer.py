"""The writer: one thread, one connection; what waits together is committed together."""

from __future__ import annotations

import logging
import sqlite3
import sys
import threading
from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any, Protocol

from budget.ballast import free_ballast, load_ballast
from budget.book import Book
from budget.calendar import Look
from budget.clock import Elapsed
from budget.commands import turn_day
from budget.events import ClockJumped, Event, LedgerTrouble
from budget.files import private_folder
from budget.inbox import Inbox
from budget.instance import FileLock
from budget.opening import Wanted, open_book
from budget.recovery import rescue
from budget.trouble import LedgerUnavailable, Trouble, recognise

_log = logging.getLogger(__name__)

_GROUP = 256
_HEAL_EVERY_S = 0.5
_LOWER_MARK_EVERY_S = 5.0
_DISK = (sqlite3.Error, OSError, LedgerUnavailable)
_WRONG = (sqlite3.IntegrityError, sqlite3.DataError)
"""Errors of the database that say what is wrong with one write, not with the disk or the file."""


class Job(Protocol):
    """One thing to write. `essential`: it is kept and tried again until it is written."""

    essential: bool

    def work(self, book: Book) -> Any: ...

    def done(self, result: Any) -> None:
        """Take the result, after the commit."""

    def failed(self, error: Exception) -> None:
        """Learn that it was not written."""


class Writer(threading.Thread):
    """Owns the book. Everyone else puts jobs, and reads `standing` and `trouble`."""

    def __init__(self, wanted: Wanted, elapsed: Elapsed, publish: Callable[[Event], None]) -> None:
        super().__init__(name="ledger", daemon=True)
        self.trouble: Trouble | None = Trouble.of("broken", "it is not open yet")
        self.notices: tuple[str, ...] = ()
        self.opened = threading.Event()
        self.no_earlier_than = date.min
        self.book: Book | None = None
        self._wanted = wanted
        self._elapsed = elapsed
        self._publish = publish
        self._inbox: Inbox[Job] = Inbox()
        self._turn = threading.Lock()
        self._ends = False
        self._pending: list[Job] = []
        self._lock = FileLock(wanted.folder.lock)
        self._locked = False
        self._heal_at = 0.0
        self._lower_at = 0.0

    def put(self, job: Job) -> None:
        """Hand in a job for this thread to write, without waiting for it.

        While somebody writes it is not woken, which would only wait for the turn: whoever ends that one wakes it.
        """
        self._inbox.put(job)
        if not self._turn.locked():
            self._inbox.wake()

    def write_now(self, job: Job) -> None:
        """Write a job in the caller's own thread if nobody else is writing, after all that waited before it.

        It saves the caller two switches of threads. There is still one connection, and one group at a time.
        """
        if self.trouble is not None or not self._turn.acquire(blocking=False):
            self.put(job)
            return
        try:
            self._safely(partial(self._serve, [*self._inbox.take(_GROUP), job]))
        finally:
            self._end_turn()

    def end(self) -> None:
        """Write everything that was put before, then end."""
        self._ends = True
        self._inbox.wake()
        self.join()

    def run(self) -> None:
        """Serve until told to end."""
        with self._turn:
            self._safely(self._heal)
        self.opened.set()
        ends = False
        while not ends:
            self._inbox.wait(self._patience())
            self._turn.acquire()
            ends = self._ends
            self._safely(self._tick)
            self._safely(partial(self._serve, self._inbox.take(_GROUP)))
            self._end_turn()
        with self._turn:
            self._end()

    def _end_turn(self) -> None:
        self._turn.release()
        if self._inbox:
            self._inbox.wake()

    def _safely(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - whatever happened, the next group is served
            _log.exception("the ledger's writer met a bug")
            self._enter(recognise(error))

    def _patience(self) -> float:
        return _HEAL_EVERY_S if self.trouble is not None or self._pending else _LOWER_MARK_EVERY_S

    def _serve(self, jobs: list[Job]) -> None:
        if not jobs:
            return
        if self.trouble is None:
            self._commit(jobs)
            return
        for job in jobs:
            if job.essential:
                self._pending.append(job)
            else:
                job.failed(LedgerUnavailable(self.trouble))
        if self.trouble.kind == "disk full" and self._pending:
            self._commit_pending()

    def _commit(self, jobs: list[Job]) -> None:
        """Write a group in one transaction; if it cannot be written, none of it was."""
        book = self._sure_book()
        try:
            look = self._look_at_clocks(book)
            book.check_identity(look.elapsed_s)
            book.begin()
            results = [job.work(book) for job in jobs]
            book.commit()
        except Exception as error:  # noqa: BLE001 - one wrong job must not take others with it
            self._undo(book)
            if _is_of_the_disk(error):
                self._refuse(jobs, error)
            else:
                self._single_out(jobs, error)
        else:
            for job, result in zip(jobs, results, strict=True):
                job.done(result)
            self._tell(book)

    def _single_out(self, jobs: list[Job], error: Exception) -> None:
        """One job of a group was wrong in itself: write the others without it."""
        if len(jobs) == 1:
            _log.error("ledger: one write was wrong in itself and is left out: %s", error)
            jobs[0].failed(error)
            # If the database stands otherwise than is remembered, that must not be so for the next.
            book = self._sure_book()
            book.load(book.standing.limits)
            return
        for job in jobs:
            self._serve([job])

    def _tell(self, book: Book) -> None:
        """Publish what the commit made true, after those who wait for it have their answers."""
        events, book.events = book.events, []
        self._tell_room(book)
        for event in events:
            self._publish(event)

    def _tell_room(self, book: Book) -> None:
        standing = book.published
        best = -1 if standing.closed else standing.cutoff - standing.settled
        self._wanted.line.room(best - standing.held, best)

    def _look_at_clocks(self, book: Book) -> Look:
        look = book.calendar.look()
        if look.held_back is not book.calendar.held_back or (look.stepped and not look.held_back):
            self._publish(ClockJumped(look.drift, look.held_back))
        book.calendar.accept(look)
        book.tell_time(look.now)
        if (day := max(look.day, self.no_earlier_than)) > book.calendar.day:
            turn_day(book, day)
            self._tell(book)
        return look

    def _undo(self, book: Book) -> None:
        try:
            book.rollback()
        except sqlite3.Error as error:
            self._enter(recognise(error))

    def _refuse(self, jobs: list[Job], error: Exception) -> None:
        """The disk or the database did not take a group: from now on nothing goes to a cloud until it does."""
        self._enter(recognise(error))
        self._serve(jobs)

    def _enter(self, trouble: Trouble) -> None:
        self._heal_at = self._elapsed() + _HEAL_EVERY_S
        # It may sleep for longer than healing should take.
        self._inbox.wake()
        if trouble.kind == "disk full":
            self._make_room()
        if self.trouble is None or self.trouble.kind != trouble.kind or not self.opened.is_set():
            self.trouble = trouble
            _log.error("ledger: %s", trouble.why)
            self._publish(LedgerTrouble(trouble.why))

    def _make_room(self) -> None:
        """Give the ballast up, and fold the log back into the database, which frees more."""
        try:
            free_ballast(self._wanted.folder)
            if self.book is not None:
                self.book.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except _DISK as error:
            _log.warning("ledger: no room could be made: %s", error)

    def _commit_pending(self) -> bool:
        """Try once more to write what must not be lost; True when nothing is left to write."""
        if not self._pending:
            return True
        book, jobs = self._sure_book(), self._pending
        try:
            book.begin()
            results = [job.work(book) for job in jobs]
            book.commit()
        except Exception as error:  # noqa: BLE001 - one wrong job must not keep the others out for ever
            self._undo(book)
            if not _is_of_the_disk(error):
                return self._drop_wrong(error)
            _log.warning("ledger: still not written: %s", error)
            return False
        self._pending = []
        for job, result in zip(jobs, results, strict=True):
            job.done(result)
        self._tell(book)
        return True

    def _drop_wrong(self, error: Exception) -> bool:
        """Find the job that was wrong in itself by writing each alone."""
        jobs, self._pending = self._pending, []
        if len(jobs) == 1:
            jobs[0].failed(error)
            return True
        for position, job in enumerate(jobs):
            self._pending = [job]
            if not self._commit_pending():
                self._pending = jobs[position:]
                return False
        return True

    def _tick(self) -> None:
        now = self._elapsed()
        if self.trouble is not None and now >= self._heal_at:
            self._heal()
        elif self.trouble is None and now >= self._lower_at and self._mark_is_high():
            self._lower_mark()

    def _heal(self) -> None:
        """Try whether the ledger can be written again, opening it anew where that is needed."""
        self._heal_at = self._elapsed() + _HEAL_EVERY_S
        try:
            self._reopen()
            load_ballast(self._wanted.folder)
            book = self._sure_book()
            self._look_at_clocks(book)
            book.sync()
        except _DISK as error:
            self._enter(recognise(error))
            return
        if self._commit_pending():
            self._recovered(book)

    def _reopen(self) -> None:
        if self.book is not None and (
            self.trouble is None or self.trouble.kind in ("disk full", "locked", "read-only")
        ):
            self.book.check_identity(self._elapsed())
            return
        if not self._locked:
            private_folder(self._wanted.folder.path)
            self._locked = self._lock.acquire()
        if not self._locked:
            raise LedgerUnavailable(Trouble.of("in use"))
        before = self.book
        if before is not None:
            self._notice(rescue(before, self.trouble))
            before.close()
        self.book, notices = open_book(self._wanted, before)
        self._notice(notices)

    def _notice(self, notices: tuple[str, ...]) -> None:
        for notice in notices:
            _log.warning("ledger: %s", notice)
        self.notices += notices

    def _recovered(self, book: Book) -> None:
        was, self.trouble = self.trouble, None
        if self.opened.is_set() and was is not None:
            self._publish(LedgerTrouble(None))
        self._tell(book)

    def _mark_is_high(self) -> bool:
        return self.book is not None and self.trouble is None and self.book.mark_is_high()

    def _lower_mark(self) -> None:
        self._lower_at = self._elapsed() + _LOWER_MARK_EVERY_S
        try:
            self._sure_book().lower_mark()
        except _DISK as error:
            self._enter(recognise(error))

    def _end(self) -> None:
        """Close cleanly: everything durable, and the mark at the truth."""
        if self.book is not None:
            try:
                self._commit_pending()
                self.book.finish()
            except _DISK as error:
                _log.warning("ledger: not closed cleanly: %s", error)
            self.book.close()
        self._lock.release()
        self.trouble = self.trouble or Trouble.of("broken", "the ledger is closed")
        for job in [*self._pending, *self._inbox.take(sys.maxsize)]:
            job.failed(LedgerUnavailable(self.trouble))

    def _sure_book(self) -> Book:
        if self.book is None:
            raise LedgerUnavailable(self.trouble or Trouble.of("broken"))
        return self.book


def _is_of_the_disk(error: Exception) -> bool:
    return isinstance(error, _DISK) and not isinstance(error, _WRONG)
