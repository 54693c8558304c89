"""The rows of baselines: written once, followed by a next version when a better figure is known, never edited."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from budget.allowance import PING
from budget.baseline import A_PING, DIVERGED, NOTHING, Baseline, Basis, Figures, Part, part_of
from budget.baselinesums import Row, Sums
from budget.book import Book

MOST_NOTE = 200
LOST = "nobody recorded it while its prompt was known"

KNOWN = "SELECT part, until FROM baseline_sessions WHERE session = ? AND (requests > 0 OR part = 'void')"

_ENTRY = f"""
SELECT {", ".join(f"e.{name}" for name in Row.ENTRY)},
    (SELECT sum(likely) FROM entries WHERE id = e.id OR corrects = e.id) AS cloud
FROM entries e WHERE"""

_LATEST = """
SELECT version, part, basis, low, likely, high, predicted, local_idle, is_plan, would,
    input, cache_write_5m, cache_write_1h, cache_read, output, rates
FROM baselines WHERE entry_id = ? ORDER BY version DESC LIMIT 1"""

_INSERT = f"INSERT INTO baselines VALUES ({', '.join('?' * 19)})"

_WITHOUT = """
SELECT e.hold_id, e.session, e.outcome, e.is_local, e.model_asked IN ('', e.model), e.flags, e.is_plan,
    e.task_class FROM entries e
WHERE e.id > (SELECT complete_to FROM baseline_state) AND e.hold_id IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM baselines WHERE entry_id = e.id)
ORDER BY e.id"""
_COMPLETE = "UPDATE baseline_state SET complete_to = ?"

_NO_TOKENS = (0, 0, 0, 0, 0, "")


def corrected(book: Book, entry_id: int, likely: int) -> None:
    """Follow a correction of an entry, of which it became so much dearer: what Claude charged is also its baseline."""
    found = book.connection.execute(_LATEST, (entry_id,)).fetchone()
    if found is None:
        return
    version, part, basis, low, at, high, predicted, idle, is_plan, would, *tokens = found
    entry = _entry(book, "e.id = ?", entry_id)
    assert entry is not None, "a baseline is of an entry"
    before = Row(entry, part, basis, low, at, high, predicted, idle, is_plan, would, entry["cloud"] - likely)
    after = Row(entry, part, basis, low, at, high, predicted, idle, is_plan, would, entry["cloud"])
    if basis == Basis.actual:
        after = after.at(max(0, entry["cloud"]))
        _insert(book, entry_id, version + 1, after, tuple(tokens), "the entry was corrected")
    sums = Sums()
    sums.add(before, -1)
    sums.add(after)
    sums.write(book)


def record(book: Book, baselines: Iterable[Baseline]) -> int:
    """Keep the baselines of entries that have none which says more; gives how many rows that made."""
    sums = Sums()
    made = sum(_record(book, sums, baseline) for baseline in baselines)
    sums.write(book)
    return made


def _record(book: Book, sums: Sums, baseline: Baseline) -> int:
    entry = _entry(book, "e.hold_id = ?", baseline.hold_id)
    if entry is None:
        return 0
    found = book.connection.execute(_LATEST, (entry["id"],)).fetchone()
    version = 0
    if found is not None:
        if found[2] != Basis.none or baseline.basis is Basis.none:
            return 0
        version, part, basis, low, at, high, predicted, idle, is_plan, would, *_ = found
        was = Row(entry, part, basis, low, at, high, predicted, idle, is_plan, would, entry["cloud"])
        sums.add(was, -1)
        version += 1
    sums.add(_write(book, entry, version, baseline))
    return 1


def _write(book: Book, entry: dict[str, Any], version: int, baseline: Baseline) -> Row:
    figures = baseline.figures
    actual = max(0, entry["cloud"]) if baseline.basis is Basis.actual else 0
    amounts = (figures.low.picos, figures.likely.picos, figures.high.picos) if figures else (actual, actual, actual)
    predicted = None if baseline.predicted is None else baseline.predicted.picos
    row = Row(
        entry,
        baseline.part.value,
        baseline.basis.value,
        *amounts,
        predicted,
        baseline.local_idle.picos,
        int(baseline.is_plan),
        baseline.would,
        entry["cloud"],
    )
    tokens = _tokens(figures) if figures else _NO_TOKENS
    _insert(book, entry["id"], version, row, tokens, baseline.note[:MOST_NOTE])
    return row


def _insert(book: Book, entry_id: int, version: int, row: Row, tokens: tuple[Any, ...], note: str) -> None:
    amounts = (row.low, row.likely, row.high)
    tail = (row.predicted, row.local_idle, row.is_plan, row.would, note)
    values = (entry_id, version, book.now_text, row.part, row.basis, *amounts, *tokens, *tail)
    book.connection.execute(_INSERT, values)


def _tokens(figures: Figures) -> tuple[Any, ...]:
    usage, rates = figures.usage, figures.rates
    each = (rates.input, rates.cache_write_5m, rates.cache_write_1h, rates.cache_read, rates.output)
    counts = (usage.input, usage.cache_write_5m, usage.cache_write_1h, usage.cache_read, usage.output)
    return (*counts, json.dumps(each))


def _entry(book: Book, where: str, given: int) -> dict[str, Any] | None:
    row = book.connection.execute(f"{_ENTRY} {where}", (given,)).fetchone()
    return dict(zip((*Row.ENTRY, "cloud"), row, strict=True)) if row else None


def make_up(book: Book) -> int:
    """Give every entry without a baseline the one that the tables alone can tell, or none; gives how many."""
    found = book.connection.execute(_WITHOUT).fetchall()
    for hold_id, session, outcome, is_local, is_as_asked, flags, is_plan, task_class in found:
        rows = book.connection.execute(KNOWN, (session,)).fetchall()
        part = part_of(outcome, flags.splitlines(), is_local=bool(is_local), is_as_asked=bool(is_as_asked))
        if task_class == PING and part is not Part.void:
            made = Baseline(hold_id, Part.cold, Basis.simulated, NOTHING, is_plan=bool(is_plan), note=A_PING)
            record(book, [made])
            continue
        if part is Part.kept and any(before in DIVERGED for before, _ in rows):
            part = Part.cold
        basis = Basis.actual if part in (Part.kept, Part.attempt, Part.void) else Basis.none
        # The next row of the session asks the sums for this one.
        record(book, [Baseline(hold_id, part, basis, is_plan=bool(is_plan), note=LOST)])
    book.connection.execute(_COMPLETE, (book.last_entry,))
    return len(found)
