"""A look at a ledger that nobody runs: how it stands, without writing a byte."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from budget.bands import Limits, band
from budget.bytier import gone_of_day
from budget.clock import Clock, budget_day, resets_at
from budget.database import is_mixed, open_reader
from budget.folder import Folder
from budget.localwork import local_of_day
from budget.remembered import Remembered, has_all_of
from budget.state import Mode, Stop
from budget.today import Today
from budget.trouble import recognise
from pricing.machine import LocalCost
from pricing.money import Money

_STATE = "SELECT day, mode, stopped_by, stopped_since FROM state"
_DAY = "SELECT settled, held, likely, extra FROM days WHERE day = ?"


def peek(path: Path, *, clock: Clock, limits: Limits, zone: ZoneInfo) -> Today:
    """Show today as the next start would find it; a ledger that cannot be read shows as trouble."""
    now = clock()
    here = budget_day(now, zone)
    known, database = Remembered.read(Folder(path)), Folder(path).database
    if not database.exists():
        return _as_remembered(_today(here, limits, zone), known, now, zone)
    try:
        with open_reader(database) as connection:
            today = _read(connection, here, limits, zone)
            is_older = known.tip is not None and not has_all_of(connection, known.tip)
            is_wrong = is_older or is_mixed(connection, has_all_days=False)
    except (sqlite3.Error, OSError, ValueError) as error:
        return _today(here, limits, zone, trouble=recognise(error).why)
    return _as_remembered(today, known, now, zone) if is_wrong else today


def _as_remembered(today: Today, known: Remembered, now: datetime, zone: ZoneInfo) -> Today:
    """Show no less than is remembered beside a ledger that is not there, is older, or another machine's."""
    days = known.days()
    day = max((today.day, *days))
    if day > today.day:
        none = Money(0)
        today = replace(today, day=day, settled=none, held=none, likely=none, resets_at=resets_at(day, zone))
    settled = max(today.settled, Money(days.get(day, 0)) - today.held)
    stop = today.stop
    if known.height and known.height.stopped_by and (known.height.stopped_by == "person" or known.height.day == day):
        stop = stop or Stop(now, known.height.stopped_by)
    mode = Mode.local if known.height and known.height.mode is Mode.local else today.mode
    shown = replace(today, settled=settled, mode=mode, stop=stop)
    return replace(shown, band=band(shown.gone, shown.limits))


def version_of(path: Path) -> int:
    """Read which version of its tables a ledger has; 0 where there is none, or none that can be read."""
    database = Folder(path).database
    if not database.exists():
        return 0
    try:
        with open_reader(database) as connection:
            return int(connection.execute("PRAGMA user_version").fetchone()[0])
    except sqlite3.Error:
        return 0


def _read(connection: sqlite3.Connection, here: date, limits: Limits, zone: ZoneInfo) -> Today:
    row = connection.execute(_STATE).fetchone()
    if row is None:
        return _today(here, limits, zone)
    day, mode = date.fromisoformat(row[0]), Mode(row[1])
    stop = Stop(datetime.fromisoformat(row[3]), row[2]) if row[2] else None
    if here > day:
        stop = None if stop and stop.by == "cutoff" else stop
        return _today(here, limits, zone, mode=mode, stop=stop)
    sums = connection.execute(_DAY, (row[0],)).fetchone() or (0, 0, 0, 0)
    (holds,) = connection.execute("SELECT count(*) FROM holds").fetchone()
    local, by_tier = _local(connection, row[0]), gone_of_day(connection, row[0])
    return _today(
        day, limits, zone, mode=mode, stop=stop, sums=sums, open_holds=holds, local=local, gone_by_tier=by_tier
    )


def _local(connection: sqlite3.Connection, day: str) -> LocalCost | None:
    try:
        return local_of_day(connection, day)
    except sqlite3.OperationalError:
        # It is older than local costs; the next start brings it up to date.
        return None


def _today(
    day: date,
    limits: Limits,
    zone: ZoneInfo,
    *,
    mode: Mode = Mode.observe,
    stop: Stop | None = None,
    sums: tuple[int, int, int, int] = (0, 0, 0, 0),
    open_holds: int = 0,
    trouble: str | None = None,
    local: LocalCost | None = None,
    gone_by_tier: Mapping[str, Money] | None = None,
) -> Today:
    settled, held, likely, extra = map(Money, sums)
    in_force = Limits(limits.budget, limits.cutoff + extra, limits.alerts, limits.saving_from)
    return Today(
        day=day,
        settled=settled,
        held=held,
        likely=likely,
        limits=in_force,
        band=band(settled + held, in_force),
        mode=mode,
        stop=stop,
        resets_at=resets_at(day, zone),
        trouble=trouble,
        open_holds=open_holds,
        waiting=0,
        unrecorded=0,
        clock_held_back=False,
        local=local,
        gone_by_tier=gone_by_tier or {},
    )
