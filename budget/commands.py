"""What a person commands: mode, limits, emergency stop, a correction. All of it is durable before it is answered."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from budget import baselinerows
from budget.bands import Limits
from budget.book import Book
from budget.bytier import moved
from budget.entries import Outcome, Settlement
from budget.events import DayChanged, LimitsChanged, ModeChanged, Resumed, Stopped
from budget.schema import LABELS
from budget.settlement import add_total, cross_thresholds, note_stop
from budget.state import Mode, Stop, StoppedBy
from pricing.money import ZERO, Money

_NEW_DAY = "INSERT INTO days (day, budget, cutoff) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
_CORRECTED = "SELECT sum(charged), sum(likely) FROM entries WHERE id = ?1 OR corrects = ?1"
_OF_ENTRY = "SELECT day, upstream, model, is_local, tier, task_class FROM entries WHERE id = ?"

_COPIED = f"day, since, request_id, upstream, model, is_local, {LABELS}"
_CORRECTION = f"""
INSERT INTO entries (
    {_COPIED}, corrects, at, instance, charged, likely, outcome, note, held,
    input, cache_write_5m, cache_write_1h, cache_read, output, web_searches,
    raw_usage, terms, rates, upstream_id, flags)
SELECT {_COPIED}, id, ?, ?, ?, ?, 'corrected', ?, 0, 0, 0, 0, 0, 0, 0, '', '', '', '', ''
FROM entries WHERE id = ?
"""


class NotAnOriginal(ValueError):
    """Only the entry of a request can be corrected: not a correction, and nothing that does not exist."""


def set_mode(book: Book, mode: Mode) -> None:
    """Choose where requests may go; once this is answered, no hold of another mode is given."""
    before = book.standing.mode
    book.connection.execute("UPDATE state SET mode = ?", (mode.value,))
    book.standing.mode = mode
    book.must_sync = True
    if mode is not before:
        book.events.append(ModeChanged(before, mode))


def stop(book: Book, by: StoppedBy) -> None:
    """Let nothing new go to a cloud. A person's stop replaces the cutoff's, which would lift by itself."""
    if book.standing.stop is not None and book.standing.stop.by == "person":
        return
    book.connection.execute("UPDATE state SET stopped_by = ?, stopped_since = ?", (by, book.now_text))
    book.standing.stop = Stop(book.now, by)
    note_stop(book, by)
    book.events.append(Stopped(by))
    book.must_sync = True


def resume(book: Book, by: str) -> None:
    """Lift the emergency stop; the cutoff still decides what fits."""
    if book.standing.stop is None:
        return
    book.connection.execute("UPDATE state SET stopped_by = NULL, stopped_since = NULL")
    book.standing.stop = None
    book.events.append(Resumed(by))
    book.must_sync = True


def set_limits(book: Book, limits: Limits, zone: ZoneInfo | None) -> None:
    """Set budget, cutoff and thresholds from now on; running requests finish even if the new cutoff is below them."""
    standing = book.standing
    given = (limits.budget.picos, limits.cutoff.picos, standing.day_text)
    book.connection.execute("UPDATE days SET budget = ?, cutoff = ? WHERE day = ?", given)
    standing.limits = limits
    book.must_sync = True
    _lift_if_room(book)
    cross_thresholds(book, standing.day_text, 0, standing.settled, limits)
    if zone is not None and zone.key != book.calendar.zone.key:
        _move(book, zone)
    book.events.append(LimitsChanged(limits))


def allow_more_today(book: Book, amount: Money) -> None:
    """Raise the cutoff of this day only."""
    standing = book.standing
    book.connection.execute("UPDATE days SET extra = extra + ? WHERE day = ?", (amount.picos, standing.day_text))
    standing.extra += amount.picos
    book.must_sync = True
    _lift_if_room(book)
    book.events.append(LimitsChanged(standing.limits_today))


def correct(book: Book, entry_id: int, charged: Money, likely: Money, note: str) -> int:
    """Write what an entry should have been as the difference to it and its earlier corrections."""
    key = book.connection.execute(_OF_ENTRY + " AND hold_id IS NOT NULL", (entry_id,)).fetchone()
    if key is None:
        raise NotAnOriginal(f"entry {entry_id} is not the entry of a request")
    so_far, likely_so_far = book.connection.execute(_CORRECTED, (entry_id,)).fetchone()
    more, likely_more = charged.picos - so_far, likely.picos - likely_so_far
    values = (book.now_text, book.instance, more, likely_more, note, entry_id)
    book.last_entry = book.connection.execute(_CORRECTION, values).lastrowid or book.last_entry
    add_difference(book, key, Outcome.corrected, more, likely_more)
    baselinerows.corrected(book, entry_id, likely_more)
    return book.last_entry


def add_difference(
    book: Book, key: tuple[str, str, str, int, str, str], outcome: Outcome, charged: int, likely: int
) -> None:
    """Carry an entry without a hold into the sums of its day."""
    _change_totals(book, key, outcome, charged, likely)
    day = key[0]
    book.connection.execute(
        "UPDATE days SET settled = settled + ?1, likely = likely + ?2, "
        "first_entry = coalesce(first_entry, ?4), last_entry = ?4 WHERE day = ?3",
        (charged, likely, day, book.last_entry),
    )
    standing = book.standing
    if day == standing.day_text:
        standing.settled += charged
        standing.likely += likely
        standing.gone_by_tier = moved(standing.gone_by_tier, key[4], charged)
        cross_thresholds(book, day, standing.settled - charged, standing.settled, standing.limits)
    book.must_sync = True


def begin_day(book: Book, day: date) -> None:
    """Turn to a later day: fresh sums, and the cutoff's own stop is lifted."""
    standing = book.standing
    limits = standing.limits
    book.connection.execute(_NEW_DAY, (day.isoformat(), limits.budget.picos, limits.cutoff.picos))
    book.connection.execute("UPDATE state SET day = ?", (day.isoformat(),))
    if standing.stop is not None and standing.stop.by == "cutoff":
        resume(book, "day")
    book.events.append(DayChanged(standing.day, day))
    book.must_sync = True


def turn_day(book: Book, day: date) -> None:
    """Begin a day, in a transaction of its own, durable before the mark forgets the old day."""
    book.begin()
    begin_day(book, day)
    book.connection.execute("COMMIT")
    book.sync()
    book.load(book.standing.limits)
    book.mark.write(book.height())


def _move(book: Book, zone: ZoneInfo) -> None:
    # The clocks are looked at anew before the next group: if it is tomorrow there, that begins the day.
    book.connection.execute("UPDATE state SET zone = ?", (zone.key,))
    book.after.append(lambda: book.calendar.turn_to(book.standing.day, zone))


def _lift_if_room(book: Book) -> None:
    standing = book.standing
    if standing.stop is not None and standing.stop.by == "cutoff" and standing.settled < standing.cutoff:
        resume(book, "limits")


def _change_totals(
    book: Book, key: tuple[str, str, str, int, str, str], outcome: Outcome, charged: int, likely: int
) -> None:
    difference = Settlement(outcome, ZERO, ZERO)
    add_total(book, key, difference)
    book.connection.execute(
        "UPDATE totals SET charged = charged + ?, likely = likely + ? "
        "WHERE (day, upstream, model, is_local, tier, task_class) = (?, ?, ?, ?, ?, ?)",
        (charged, likely, *key),
    )
