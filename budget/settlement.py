"""Settlement: a hold becomes an entry, once; what was charged is a fact, above the hold too."""

from __future__ import annotations

from datetime import date

from budget.bands import Limits
from budget.book import Book
from budget.bytier import moved
from budget.entries import Outcome, Settled, Settlement
from budget.events import CutoffReached, Overrun, SpendRecorded, Stopped, ThresholdCrossed
from budget.localwork import added, columns_of
from budget.outbox import Kind, record
from budget.posting import ADDED, HOLD_COLUMNS, SETTLE, HoldRow
from budget.state import Stop, StoppedBy
from pricing.money import ZERO, Money

_HOLD = f"SELECT {HOLD_COLUMNS} FROM holds WHERE id = ?"
_TOTAL = f"INSERT INTO totals VALUES ({', '.join('?' * 20)}) {ADDED}"
_SETTLED = "SELECT settled FROM days WHERE day = ?"
_STOP = "UPDATE state SET stopped_by = 'cutoff', stopped_since = ?"


class UnknownHold(LookupError):
    """No hold and no entry bears this id."""


def settle(book: Book, hold_id: int, settlement: Settlement) -> Settled:
    """Turn a hold into its entry; a hold that has ended gives the entry it became. Raises UnknownHold."""
    hold = _find(book, hold_id)
    if hold is None:
        return _ended(book, hold_id)
    first = len(book.events)
    entry_id = _write(book, hold_id, settlement)
    _count(book, hold, settlement, entry_id)
    overrun = max(0, settlement.charged.picos - hold.amount)
    if overrun:
        _breach(book, hold, settlement, entry_id)
    return Settled(entry_id, tuple(book.events[first:]), Money(overrun))


def add_total(book: Book, key: tuple[str, str, str, int, str, str], settlement: Settlement) -> None:
    """Add an entry to the totals that reports read. Corrections and losses are no requests."""
    usage, outcome = settlement.usage, settlement.outcome
    made = outcome not in (Outcome.corrected, Outcome.lost)
    counts = (int(made), int(outcome is Outcome.voided), settlement.charged.picos, settlement.likely.picos)
    tokens = (usage.input, usage.cache_write_5m, usage.cache_write_1h, usage.cache_read, usage.output)
    book.connection.execute(_TOTAL, (*key, *counts, *tokens, usage.web_searches, *columns_of(settlement.local)))


def cross_thresholds(book: Book, day: str, before: int, after: int, limits: Limits) -> None:
    """Record each threshold that the settled sum has just come to; the table takes each once a day."""
    for percent in limits.alerts:
        reached = before * 100 < limits.budget.picos * percent <= after * 100
        if reached and _note_threshold(book, day, percent, after, limits):
            book.events.append(ThresholdCrossed(date.fromisoformat(day), percent))


def _note_threshold(book: Book, day: str, percent: int, settled: int, limits: Limits) -> bool:
    facts = {"budget": limits.budget.exact(), "settled": Money(settled).exact(), "percent": str(percent)}
    return record(book, Kind.threshold, day, str(percent), facts)


def _find(book: Book, hold_id: int) -> HoldRow | None:
    """Look in memory, where a hold of this run is found without asking the database."""
    if (known := book.live.get(hold_id)) is not None:
        return known
    row = book.connection.execute(_HOLD, (hold_id,)).fetchone()
    return HoldRow(*row) if row else None


def _write(book: Book, hold_id: int, settlement: Settlement) -> int:
    usage = settlement.usage
    book.last_entry += 1
    book.post(
        SETTLE,
        (
            hold_id,
            book.last_entry,
            book.now_text,
            settlement.charged.picos,
            settlement.likely.picos,
            settlement.outcome.value,
            usage.input,
            usage.cache_write_5m,
            usage.cache_write_1h,
            usage.cache_read,
            usage.output,
            usage.web_searches,
            settlement.status,
            settlement.upstream_id,
            "\n".join(settlement.flags),
            settlement.duration_ms,
            settlement.first_byte_ms,
            settlement.note,
            *columns_of(settlement.local),
            settlement.raw_usage,
            settlement.rates,
        ),
    )
    book.ended(hold_id)
    book.standing.open_holds -= 1
    return book.last_entry


def _count(book: Book, hold: HoldRow, settlement: Settlement, entry_id: int) -> None:
    charged, standing = settlement.charged.picos, book.standing
    if hold.day == standing.day_text:
        standing.held -= hold.amount
        standing.likely += settlement.likely.picos
        settled = standing.settled = standing.settled + charged
    else:
        (settled,) = book.connection.execute(_SETTLED, (hold.day,)).fetchone()
    cross_thresholds(book, hold.day, settled - charged, settled, standing.limits)
    if hold.day == standing.day_text:
        standing.gone_by_tier = moved(standing.gone_by_tier, hold.tier, charged - hold.amount)
        if settlement.local is not None:
            standing.local = added(standing.local, settlement.local)
        _stop_at_cutoff(book, settled - charged, settled)
    book.events.append(
        SpendRecorded(
            day=standing.day if hold.day == standing.day_text else date.fromisoformat(hold.day),
            request_id=hold.request_id,
            hold_id=hold.id,
            entry_id=entry_id,
            outcome=settlement.outcome.value,
            charged=settlement.charged,
            likely=settlement.likely,
            settled=Money(settled),
            local=settlement.local,
        )
    )


def _stop_at_cutoff(book: Book, before: int, after: int) -> None:
    standing = book.standing
    if not before < standing.cutoff <= after:
        return
    book.events.append(CutoffReached(standing.day, Money(after), Money(standing.cutoff)))
    if standing.stop is None:
        book.connection.execute(_STOP, (book.now_text,))
        standing.stop = Stop(book.now, "cutoff")
        note_stop(book, "cutoff")
        book.events.append(Stopped("cutoff"))
        book.must_sync = True


def note_stop(book: Book, by: StoppedBy) -> None:
    """Record the alert of an emergency stop; each stop is one of its own."""
    standing = book.standing
    facts = {"by": by, "settled": Money(standing.settled).exact(), "cutoff": Money(standing.cutoff).exact()}
    record(book, Kind.stopped, standing.day_text, f"{by} {book.now_text}", facts)


def _breach(book: Book, hold: HoldRow, settlement: Settlement, entry_id: int) -> None:
    # The mark covers holds, so what comes on top must not be lost to a power cut either.
    book.must_sync = True
    held = Money(hold.amount)
    book.events.append(Overrun(book.standing.day, hold.request_id, entry_id, held, settlement.charged))


def _ended(book: Book, hold_id: int) -> Settled:
    row = book.connection.execute("SELECT id, held, charged FROM entries WHERE hold_id = ?", (hold_id,)).fetchone()
    if row is None:
        raise UnknownHold(f"there is no hold {hold_id}")
    entry_id, held, charged = row
    return Settled(entry_id, (), max(ZERO, Money(charged - held)))
