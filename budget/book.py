"""The open ledger: the one connection that writes, and how the ledger stands, always as of the last commit."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from budget.bands import Limits
from budget.baselinesums import saved_by_day
from budget.bytier import gone_of_day
from budget.calendar import Calendar
from budget.events import Event
from budget.folder import Folder
from budget.line import Line
from budget.localwork import local_of_day
from budget.manyrows import MOST, insert
from budget.mark import STEPS, Height, Mark, step_above
from budget.posting import HoldRow
from budget.remembered import NONE, last_entry, last_hold
from budget.saved import Saved
from budget.standing import Standing
from budget.state import Mode, Stop
from budget.tip import Last, TipFile, digest_of
from budget.trouble import LedgerUnavailable, Trouble

_IDENTIFIED_FOR_S = 0.1

_STATE = "SELECT day, mode, stopped_by, stopped_since FROM state"
_DAY = "SELECT settled, held, likely, extra FROM days WHERE day = ?"


@dataclass(slots=True)
class Book:
    """Everything a job of the writer may touch. Only the writer's thread does."""

    _connection: sqlite3.Connection
    folder: Folder
    mark: Mark
    tip: TipFile
    calendar: Calendar
    line: Line
    instance: str
    standing: Standing = field(init=False)
    published: Standing = field(init=False)
    last_hold: int = 0
    last_entry: int = 0
    kept_hold: Last = NONE
    kept_entry: Last = NONE
    now: datetime = field(init=False)
    now_text: str = ""
    must_sync: bool = False
    events: list[Event] = field(default_factory=list)
    after: list[Callable[[], None]] = field(default_factory=list)
    live: dict[int, HoldRow] = field(default_factory=dict)
    is_open: bool = True
    saved: Mapping[str, Saved] = field(default_factory=dict)
    """What the last days saved; replaced, never changed."""
    _us: bytes = b""
    _posted: list[tuple[str, list[tuple[Any, ...]]]] = field(default_factory=list)
    _is_untouched: bool = False
    _began: list[int] = field(default_factory=list)
    _ended: dict[int, HoldRow] = field(default_factory=dict)
    _identity: tuple[int, int] = (0, 0)
    _identified_s: float = float("-inf")
    _names: tuple[str, str] = ("", "")

    @property
    def connection(self) -> sqlite3.Connection:
        """The connection: in a group, with the write lock taken before anything is read, and all that was posted."""
        if self._is_untouched:
            self._is_untouched = False
            self._connection.execute("BEGIN IMMEDIATE")
        self._write_posted()
        return self._connection

    def begin(self) -> None:
        """Begin a group: what is written from now on becomes true together."""
        self._is_untouched = True

    def post(self, into: str, row: tuple[Any, ...]) -> None:
        """Write a row with the group, at the latest when it is committed; rows for one place share a statement."""
        if not self._posted or self._posted[-1][0] != into:
            self._posted.append((into, []))
        self._posted[-1][1].append(row)

    def commit(self) -> None:
        """Make the group true: the mark first, if the day may stand higher than it says, then the database."""
        self.cover()
        self._write()
        if self.must_sync:
            self.sync()
        self.keep()

    def cover(self) -> None:
        """Raise the mark if it is below how the ledger stands."""
        height = self.height()
        if not self.mark.covers(height):
            self.raise_mark(height)

    def height(self) -> Height:
        """Give how the ledger stands in the mark's terms."""
        standing = self.standing
        stopped_by = standing.stop.by if standing.stop else None
        return Height(standing.day, standing.settled + standing.held, standing.mode, stopped_by)

    def raise_mark(self, height: Height) -> None:
        """Write the mark a step above."""
        self.mark.write(replace(height, picos=step_above(height.picos, self.standing.cutoff)))

    def rollback(self) -> None:
        """Forget the group: nothing of it was promised to anyone."""
        self.events.clear()
        self.after.clear()
        self._posted.clear()
        self._is_untouched = False
        self.live.update(self._ended)
        for hold_id in self._began:
            self.live.pop(hold_id, None)
        self._began.clear()
        self._ended.clear()
        self.must_sync = False
        self.last_entry = self.kept_entry.id
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
        self.standing = self.published.snapshot()

    def sync(self) -> None:
        """Make every commit so far durable, by one more that waits for the disk."""
        self.connection.execute("PRAGMA synchronous = FULL")
        try:
            self.connection.execute("UPDATE state SET synced = synced + 1")
        finally:
            self.connection.execute("PRAGMA synchronous = NORMAL")
        self.must_sync = False

    def mark_is_high(self) -> bool:
        """Say whether the mark stands so far above the truth that a power cut would cost a person real money."""
        standing, height = self.published, self.mark.height
        slack = 2 * max(standing.cutoff // STEPS, 1)
        return height is not None and height.picos > standing.settled + standing.held + slack

    def lower_mark(self) -> None:
        """Let the mark sink to what is true now, after making the database durable: a power cut then costs less."""
        self.sync()
        self.raise_mark(self.height())

    def began(self, row: HoldRow) -> None:
        """Note a hold of this group."""
        self.live[row.id] = row
        self._began.append(row.id)

    def ended(self, hold_id: int) -> None:
        """Note that a hold became an entry in this group."""
        if (row := self.live.pop(hold_id, None)) is not None:
            self._ended[hold_id] = row

    def keep(self) -> None:
        """Let everyone see what was just committed."""
        if self._began:
            self.kept_hold = Last(self.last_hold, self._us)
            self._began.clear()
        self._ended.clear()
        if self.last_entry != self.kept_entry.id:
            self.kept_entry = Last(self.last_entry, self._us)
        for change in self.after:
            change()
        self.after.clear()
        self.standing.resets_at = self.calendar.resets_at
        self.published = self.standing.snapshot()
        self._note_tip()

    def load(self, limits: Limits) -> None:
        """Read from the database how the ledger stands."""
        day, mode, stopped_by, stopped_since = self.connection.execute(_STATE).fetchone()
        settled, held, likely, extra = self.connection.execute(_DAY, (day,)).fetchone()
        stop = Stop(datetime.fromisoformat(stopped_since), stopped_by) if stopped_by else None
        self.calendar.turn_to(date.fromisoformat(day))
        self.standing = Standing(
            day=self.calendar.day,
            day_text=self.calendar.day.isoformat(),
            settled=settled,
            held=held,
            likely=likely,
            extra=extra,
            limits=limits,
            mode=Mode(mode),
            stop=stop,
            open_holds=self.connection.execute("SELECT count(*) FROM holds").fetchone()[0],
            resets_at=self.calendar.resets_at,
            local=local_of_day(self.connection, day),
            gone_by_tier=gone_of_day(self.connection, day),
        )
        self.kept_hold, self.kept_entry = last_hold(self.connection), last_entry(self.connection)
        self.last_hold = max(self.last_hold, self.kept_hold.id)
        self.last_entry = self.kept_entry.id
        self._us = digest_of(self.instance)
        self.saved = saved_by_day(self.connection, self.calendar.day)
        self.published = self.standing.snapshot()

    def tell_time(self, now: datetime) -> None:
        """Set the moment that this group's rows bear."""
        self.now = now
        self.now_text = now.isoformat(timespec="milliseconds")

    def identify(self) -> None:
        """Remember which files we have open, to notice when they are deleted or swapped under us."""
        database, wal, _ = self.folder.parts()
        self._names = (str(database), str(wal))
        self._identity = self._seen()

    def check_identity(self, elapsed_s: float) -> None:
        """Raise LedgerUnavailable("gone") if the names no longer lead to the files we write to.

        Looks ten times a second at most: what is written to a deleted file meanwhile is covered by the mark.
        """
        if elapsed_s < self._identified_s + _IDENTIFIED_FOR_S:
            return
        if self._seen() != self._identity:
            raise LedgerUnavailable(Trouble.of("gone"))
        self._identified_s = elapsed_s

    def finish(self) -> None:
        """Make everything durable, then let the mark sink to the truth: nothing is charged at the next start."""
        self.sync()
        self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        self.mark.write(self.height())

    def close(self) -> None:
        """Close the connection and the tip's file; closing twice is harmless."""
        self.is_open = False
        self.connection.close()
        self.tip.close()

    def _write(self) -> None:
        if self._is_untouched and self._is_one_statement():
            # That is a transaction by itself.
            self._is_untouched = False
            self._write_posted()
        else:
            self.connection.execute("COMMIT")

    def _is_one_statement(self) -> bool:
        return not self._posted or (len(self._posted) == 1 and len(self._posted[0][1]) <= MOST)

    def _write_posted(self) -> None:
        posted, self._posted = self._posted, []
        for into, rows in posted:
            insert(self._connection, into, rows)

    def _note_tip(self) -> None:
        try:
            standing = self.standing
            gone = standing.settled + standing.held
            self.tip.write(self.kept_hold, self.kept_entry, self.last_hold, standing.day, gone, *self.calendar.anchor)
        except OSError:
            # It only makes the next start more careful.
            return

    def _seen(self) -> tuple[int, int]:
        database, wal = self._names
        try:
            return os.stat(database).st_ino, os.stat(wal).st_ino  # noqa: PTH116 - a fifth of Path.stat, at each commit
        except OSError:
            return (-1, -1)
