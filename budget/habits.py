"""Habits: from when to when a person usually works, learned from the first and last request of the last days."""

from __future__ import annotations

import sqlite3
import threading
from datetime import date, datetime, time
from pathlib import Path
from statistics import median_high, median_low
from zoneinfo import ZoneInfo

from budget.allowance import PING
from budget.database import open_reader
from budget.workday import Workday

DAYS, LEAST_DAYS = 14, 5
"""How many days with requests are looked at, and how many it takes to call something usual."""
STEP_MIN = 15
"""Hours are learned to a quarter."""
LEAST_MIN = 60
"""A workday shorter than this is none: its budget would be gone by the pace before it began."""

_OWN = f"""
entries.id BETWEEN days.first_entry AND days.last_entry AND entries.day = days.day
    AND entries.task_class <> '{PING}' AND entries.corrects IS NULL"""
_ENDS = f"""
SELECT * FROM (
    SELECT (SELECT since FROM entries WHERE {_OWN} ORDER BY id LIMIT 1) AS begun,
        (SELECT at FROM entries WHERE {_OWN} ORDER BY id DESC LIMIT 1) AS ended
    FROM days WHERE days.day < :day ORDER BY days.day DESC
) WHERE begun IS NOT NULL LIMIT :days"""
"""The keeper's pings and corrections are no work of the person's."""


class Habits:
    """Knows the usual workday, looked up once a day; safe from any thread."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._known: tuple[date, str, Workday] | None = None
        self._lock = threading.Lock()

    def workday(self, day: date, zone: ZoneInfo) -> Workday:
        """Give the usual hours, as learned before a day; those of an office while too little is known."""
        with self._lock:
            if self._known is None or self._known[:2] != (day, zone.key):
                self._known = (day, zone.key, self._learned(day, zone) or Workday())
            return self._known[2]

    def _learned(self, day: date, zone: ZoneInfo) -> Workday | None:
        try:
            return usual_workday(self._database, day, zone)
        except sqlite3.Error:
            return None


def usual_workday(database: Path, before: date, zone: ZoneInfo) -> Workday | None:
    """Learn the hours of the last days before one; None from too few. Raises sqlite3.Error."""
    with open_reader(database) as connection:
        rows = connection.execute(_ENDS, {"day": before.isoformat(), "days": DAYS}).fetchall()
    if len(rows) < LEAST_DAYS:
        return None
    begins = median_low([_minute(since, zone) for since, _ in rows]) // STEP_MIN * STEP_MIN
    ends = -(-median_high([_minute(at, zone) for _, at in rows]) // STEP_MIN) * STEP_MIN
    if ends - begins < LEAST_MIN:
        return None
    # The clock's last minute stands for midnight, which would be the day's beginning.
    return Workday(_time(begins), _time(min(ends, 24 * 60 - 1)))


def _minute(moment: str, zone: ZoneInfo) -> int:
    local = datetime.fromisoformat(moment).astimezone(zone)
    return local.hour * 60 + local.minute


def _time(minutes: int) -> time:
    return time(minutes // 60, minutes % 60)
