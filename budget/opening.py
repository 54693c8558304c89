"""Opening the ledger: what an earlier run left open is charged, and the day stands no lower than it was."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

from budget.bands import Limits
from budget.book import Book
from budget.calendar import Calendar
from budget.clock import budget_day
from budget.commands import add_difference, begin_day
from budget.entries import Outcome, Settlement
from budget.files import private_folder
from budget.folder import Folder
from budget.holds import Labels
from budget.line import Line
from budget.manyrows import insert
from budget.mark import BadMark, Mark
from budget.missed import Missed
from budget.posting import HOLD
from budget.recovery import Opened, open_or_recover
from budget.remembered import Remembered, has_all_of, is_anothers
from budget.schema import LABELS
from budget.settlement import settle
from budget.state import Mode
from budget.tip import Tip, TipFile
from pricing.money import Money

# Nobody can tell a long absence from a wrong clock while the machine was off; beyond this it is not believed.
_LONGEST_ABSENCE = timedelta(days=31)

_FIRST = "INSERT INTO state (id, day, zone, mode) VALUES (1, ?, ?, 'observe')"
_NEW_DAY = "INSERT INTO days (day, budget, cutoff) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
_FOREIGN = "SELECT id, amount, likely FROM holds WHERE instance <> ? ORDER BY id"
_IS_OPEN = "SELECT 1 FROM holds WHERE id = ?"
_HAS_ENDED = "SELECT 1 FROM entries WHERE hold_id = ?"
_LOST = f"""
INSERT INTO entries (
    day, at, since, instance, request_id, upstream, model, is_local, held, charged, likely, outcome,
    input, cache_write_5m, cache_write_1h, cache_read, output, web_searches,
    raw_usage, terms, rates, upstream_id, flags, note, {LABELS})
VALUES (?, ?, ?, ?, '', '', '', 0, 0, ?, 0, 'lost', 0, 0, 0, 0, 0, 0, '', '', '', '', '', ?,
    '', '', '', '', '', '', '', '', '', '', '', 0, 0)
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the ledger is opened with."""

    folder: Folder
    calendar: Calendar
    line: Line
    limits: Limits
    instance: str
    boot: str | None


def open_book(wanted: Wanted, before: Book | None = None) -> tuple[Book, tuple[str, ...]]:
    """Open, recover, charge what is unknown, and say what had to be done. `before`: the same run, after trouble."""
    private_folder(wanted.folder.path)
    private_folder(wanted.folder.backups)
    mark, notices = _read_mark(wanted.folder)
    tip = TipFile(wanted.folder.tip, wanted.boot)
    try:
        last = tip.read()
        now = wanted.calendar.look().now
        known = mark.height is not None or last is not None
        opened = open_or_recover(wanted.folder, now, known=known)
    except BaseException:
        tip.close()
        raise
    book = Book(opened.connection, wanted.folder, mark, tip, wanted.calendar, wanted.line, wanted.instance)
    try:
        missed = _begin_instance(book, wanted, opened, Remembered(mark.height, last), before)
    except BaseException:
        book.close()
        raise
    return book, notices + missed.told(opened.notices)


def _begin_instance(book: Book, wanted: Wanted, opened: Opened, known: Remembered, before: Book | None) -> Missed:
    last = known.tip
    if before is None:
        _resume_clocks(book, last)
    else:
        wanted = replace(wanted, limits=before.published.limits)
    look = book.calendar.look()
    book.calendar.accept(look)
    book.tell_time(look.now)
    book.begin()
    day = _first_rows(book, wanted, known)
    if before is None:
        book.calendar.begin_at(day)
    book.load(wanted.limits)
    book.last_hold = max(book.last_hold, last.highest if last else 0)
    is_older = not opened.restored and last is not None and not has_all_of(book.connection, last)
    is_complete = not opened.restored and not is_older and book.tip.same_boot(last)
    is_stranger = last is not None and is_anothers(book.connection, last)
    if before is not None:
        _put_back_live(book, before)
    if not is_complete:
        _keep_closed(book, opened, known, before)
    _charge_orphans(book)
    lost = {} if is_complete else _charge_lost(book, known)
    _apply_limits(book, wanted)
    if (day := book.calendar.look().day) > book.standing.day:
        begin_day(book, day)
    book.connection.execute("COMMIT")
    book.sync()
    book.load(wanted.limits)
    book.keep()
    book.cover()
    book.identify()
    return Missed(is_older, not book.tip.same_boot(last) and not is_stranger, lost)


def _read_mark(folder: Folder) -> tuple[Mark, tuple[str, ...]]:
    try:
        return Mark.read(folder.mark), ()
    except BadMark as error:
        return Mark(folder.mark, None), (f"{error}: today's spend is what the ledger itself shows",)


def _resume_clocks(book: Book, last: Tip | None) -> None:
    if last is None:
        return
    look = book.calendar.look()
    if book.tip.same_boot(last) and last.elapsed_s <= look.elapsed_s:
        book.calendar.believe(last.wall, last.elapsed_s)
    elif look.now - last.wall > _LONGEST_ABSENCE:
        book.calendar.believe(last.wall, look.elapsed_s)


def _first_rows(book: Book, wanted: Wanted, known: Remembered) -> date:
    """Make sure that there is a state and a day, no earlier than those remembered; gives that day."""
    row = book.connection.execute("SELECT day FROM state").fetchone()
    here = budget_day(book.now, wanted.calendar.zone)
    days = [date.fromisoformat(row[0]) if row else here, *known.days()]
    for day in {*days}:
        given = (day.isoformat(), wanted.limits.budget.picos, wanted.limits.cutoff.picos)
        book.connection.execute(_NEW_DAY, given)
    if row is None:
        book.connection.execute(_FIRST, (max(days).isoformat(), wanted.calendar.zone.key))
    else:
        book.connection.execute("UPDATE state SET day = ?", (max(days).isoformat(),))
    return max(days)


def _put_back_live(book: Book, before: Book) -> None:
    """Put the holds of requests still under way back into a database that was restored without them."""
    book.live = dict(before.live)
    book.last_hold = max(book.last_hold, before.last_hold)
    for hold_id, row in before.live.items():
        if book.connection.execute(_IS_OPEN, (hold_id,)).fetchone():
            continue
        if book.connection.execute(_HAS_ENDED, (hold_id,)).fetchone():
            # It was settled by a commit of which nobody could tell whether it was one.
            del book.live[hold_id]
            continue
        given = (row.day, book.standing.limits.budget.picos, book.standing.limits.cutoff.picos)
        book.connection.execute(_NEW_DAY, given)
        insert(book.connection, HOLD, [row])
        book.connection.execute("UPDATE days SET held = held + ? WHERE day = ?", (row.amount, row.day))
    book.load(book.standing.limits)


def _keep_closed(book: Book, opened: Opened, known: Remembered, before: Book | None) -> None:
    """Keep closed what was closed: an older copy may know of another mode, and of no emergency stop.

    What takes the place of a lost ledger has the mark's switches. Else nobody can tell which of the two is older: what
    either has closed stays closed.
    """
    height = before.height() if before is not None else known.height
    if height is None:
        return
    standing = book.standing
    mode, stopped_by = standing.mode, standing.stop.by if standing.stop else None
    if opened.restored:
        mode, stopped_by = height.mode, height.stopped_by
    else:
        mode = height.mode if height.mode is Mode.local else mode
        still = height.stopped_by == "person" or height.day == standing.day
        stopped_by = height.stopped_by if height.stopped_by and still and stopped_by != "person" else stopped_by
    since = standing.stop.since.isoformat() if standing.stop else book.now_text
    given = (mode.value, stopped_by, since if stopped_by else None)
    book.connection.execute("UPDATE state SET mode = ?, stopped_by = ?, stopped_since = ?", given)
    book.load(standing.limits)


def _charge_orphans(book: Book) -> None:
    """Charge what an earlier run held and never settled: its answer may have been billed in full."""
    for hold_id, amount, likely in book.connection.execute(_FOREIGN, (book.instance,)).fetchall():
        settle(book, hold_id, Settlement(Outcome.orphaned, Money(amount), Money(likely)))


def _charge_lost(book: Book, known: Remembered) -> dict[date, int]:
    """Bring days up to what is remembered: that much may have been spent, and the database cannot tell."""
    lost = {}
    for day, picos in known.days().items():
        query = "SELECT settled + held FROM days WHERE day = ?"
        missing = picos - book.connection.execute(query, (day.isoformat(),)).fetchone()[0]
        if missing > 0:
            _write_lost(book, day, missing)
            lost[day] = missing
    return lost


def _write_lost(book: Book, at: date, missing: int) -> None:
    note = "the machine stopped or an older copy was put back: the day stands at what it may have spent"
    day = at.isoformat()
    row = (day, book.now_text, book.now_text, book.instance, missing, note)
    book.last_entry = book.connection.execute(_LOST, row).lastrowid or book.last_entry
    no = Labels()
    add_difference(book, (day, "", "", 0, no.tier, no.task_class), Outcome.lost, missing, 0)


def _apply_limits(book: Book, wanted: Wanted) -> None:
    """The settings may have changed while nobody ran."""
    limits, standing = wanted.limits, book.standing
    given = (limits.budget.picos, limits.cutoff.picos, standing.day_text)
    book.connection.execute("UPDATE days SET budget = ?, cutoff = ? WHERE day = ?", given)
    book.connection.execute("UPDATE state SET zone = ?", (wanted.calendar.zone.key,))
