"""Settlement: a hold becomes an entry, once; what was charged is a fact, above the hold too."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from budget.bands import Limits
from budget.book import Book
from budget.bytier import moved
from budget.details import keep
from budget.entries import Outcome, Settled, Settlement
from budget.events import CutoffReached, Overrun, SpendRecorded, Stopped, ThresholdCrossed
from budget.localwork import MOST_SOURCES, added, columns_of
from budget.outbox import Kind, record
from budget.schema import LABELS, LOCAL
from budget.state import Stop, StoppedBy
from pricing.money import ZERO, Money

_HOLD = (
    "SELECT day, amount, likely, request_id, upstream, model, is_local, tier, task_class, terms FROM holds WHERE id = ?"
)

_ENTRY = f"""
INSERT INTO entries (
    hold_id, day, since, instance, request_id, upstream, model, is_local, held, terms, {LABELS},
    at, charged, likely, outcome, input, cache_write_5m, cache_write_1h, cache_read, output, web_searches,
    raw_usage, rates, status, upstream_id, flags, duration_ms, first_byte_ms, note, {LOCAL})
SELECT id, day, since, instance, request_id, upstream, model, is_local, amount, '', {LABELS},
    ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', '', {", ".join("?" * 10)}
FROM holds WHERE id = ?
"""

_DAY = """
UPDATE days SET held = held - ?1, settled = settled + ?2, likely = likely + ?3, requests = requests + 1,
    first_entry = coalesce(first_entry, ?5), last_entry = ?5
WHERE day = ?4
RETURNING settled, held, likely
"""

_TOTAL = f"""
INSERT INTO totals VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET
    requests = requests + excluded.requests, voided = voided + excluded.voided,
    charged = charged + excluded.charged, likely = likely + excluded.likely,
    input = input + excluded.input, cache_write_5m = cache_write_5m + excluded.cache_write_5m,
    cache_write_1h = cache_write_1h + excluded.cache_write_1h, cache_read = cache_read + excluded.cache_read,
    output = output + excluded.output, web_searches = web_searches + excluded.web_searches,
    local_marginal = local_marginal + excluded.local_marginal, local_full = local_full + excluded.local_full,
    joules_milli = joules_milli + excluded.joules_milli,
    local_source = CASE
        WHEN excluded.local_source IN ('', local_source) OR length(local_source) > {MOST_SOURCES} THEN local_source
        WHEN local_source = '' THEN excluded.local_source
        WHEN instr(char(10) || local_source || char(10), char(10) || excluded.local_source || char(10))
            THEN local_source
        ELSE local_source || char(10) || excluded.local_source END
"""

_STOP = "UPDATE state SET stopped_by = 'cutoff', stopped_since = ?"


class UnknownHold(LookupError):
    """No hold and no entry bears this id."""


@dataclass(frozen=True, slots=True)
class HeldRow:
    """What settling needs to know of a hold."""

    day: str
    amount: int
    likely: int
    request_id: str
    upstream: str
    model: str
    is_local: int
    tier: str
    task_class: str
    terms: str


def settle(book: Book, hold_id: int, settlement: Settlement) -> Settled:
    """Turn a hold into its entry; a hold that has ended gives the entry it became. Raises UnknownHold."""
    hold = _find(book, hold_id)
    if hold is None:
        return _ended(book, hold_id)
    first = len(book.events)
    entry_id = _write(book, hold_id, settlement)
    keep(book, entry_id, settlement.raw_usage, hold.terms, settlement.rates)
    add_total(book, (hold.day, hold.upstream, hold.model, hold.is_local, hold.tier, hold.task_class), settlement)
    _count(book, hold, settlement, hold_id, entry_id)
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


def _find(book: Book, hold_id: int) -> HeldRow | None:
    row = book.connection.execute(_HOLD, (hold_id,)).fetchone()
    return HeldRow(*row) if row else None


def _write(book: Book, hold_id: int, settlement: Settlement) -> int:
    usage = settlement.usage
    cursor = book.connection.execute(
        _ENTRY,
        (
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
            hold_id,
        ),
    )
    book.connection.execute("DELETE FROM holds WHERE id = ?", (hold_id,))
    book.ended(hold_id)
    book.standing.open_holds -= 1
    book.last_entry = cursor.lastrowid or book.last_entry
    return book.last_entry


def _count(book: Book, hold: HeldRow, settlement: Settlement, hold_id: int, entry_id: int) -> None:
    charged, likely = settlement.charged.picos, settlement.likely.picos
    settled, held, likely_sum = book.connection.execute(
        _DAY, (hold.amount, charged, likely, hold.day, entry_id)
    ).fetchone()
    standing = book.standing
    cross_thresholds(book, hold.day, settled - charged, settled, standing.limits)
    if hold.day == standing.day_text:
        standing.settled, standing.held, standing.likely = settled, held, likely_sum
        standing.gone_by_tier = moved(standing.gone_by_tier, hold.tier, charged - hold.amount)
        if settlement.local is not None:
            standing.local = added(standing.local, settlement.local)
        _stop_at_cutoff(book, settled - charged, settled)
    book.events.append(
        SpendRecorded(
            day=standing.day if hold.day == standing.day_text else date.fromisoformat(hold.day),
            request_id=hold.request_id,
            hold_id=hold_id,
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


def _breach(book: Book, hold: HeldRow, settlement: Settlement, entry_id: int) -> None:
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
