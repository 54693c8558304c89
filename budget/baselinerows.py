"""The rows of baselines: written once, followed by a next version when a better figure is known, never edited."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from budget.allowance import PING
from budget.baseline import A_PING, DIVERGED, NOTHING, Baseline, Basis, Figures, Part, part_of
from budget.baselinesums import Row, Sums
from budget.book import Book
from budget.manyrows import insert, select

MOST_NOTE = 200
LOST = "nobody recorded it while its prompt was known"

KNOWN = "SELECT part, until FROM baseline_sessions WHERE session = ? AND (requests > 0 OR part = 'void')"

_CLOUD = "(SELECT sum(likely) FROM entries WHERE id = e.id OR corrects = e.id)"
_LATEST = (
    *("version", "part", "basis", "low", "likely", "high", "predicted", "local_idle", "is_plan", "would"),
    *("input", "cache_write_5m", "cache_write_1h", "cache_read", "output", "rates"),
)
_COLUMNS = ("e.hold_id", *(f"e.{name}" for name in Row.ENTRY), _CLOUD, *(f"b.{name}" for name in _LATEST))
_FOUND = """
FROM json_each(?) CROSS JOIN entries e ON e.{} = value LEFT JOIN baselines b
    ON b.entry_id = e.id AND b.version = (SELECT max(version) FROM baselines WHERE entry_id = e.id)"""
_OF_HOLDS, _OF_ENTRIES = _FOUND.format("hold_id"), _FOUND.format("id")

_INSERT = "INSERT INTO baselines"

_WITHOUT = """
SELECT e.hold_id, e.session, e.outcome, e.is_local, e.model_asked IN ('', e.model), e.flags, e.is_plan,
    e.task_class FROM entries e
WHERE e.id > (SELECT complete_to FROM baseline_state) AND e.hold_id IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM baselines WHERE entry_id = e.id)
ORDER BY e.id"""
_COMPLETE = "UPDATE baseline_state SET complete_to = ?"

_NO_TOKENS = (0, 0, 0, 0, 0, "")


@dataclass(slots=True)
class _Found:
    """An entry, and the latest version of its baseline if it has one; `tokens` are those of that one's figures."""

    entry: dict[str, Any]
    version: int = -1
    row: Row | None = None
    tokens: tuple[Any, ...] = _NO_TOKENS

    def next(self, row: Row, tokens: tuple[Any, ...]) -> None:
        """Let another version follow."""
        self.version, self.row, self.tokens = self.version + 1, row, tokens

    def values(self, at: str, note: str) -> tuple[Any, ...]:
        """Give the latest version as the table has it."""
        row = self.row
        assert row is not None, "there is a version"
        amounts = (row.low, row.likely, row.high)
        tail = (row.predicted, row.local_idle, row.is_plan, row.would, note)
        return (self.entry["id"], self.version, at, row.part, row.basis, *amounts, *self.tokens, *tail)


def corrected(book: Book, entry_id: int, likely: int) -> None:
    """Follow a correction of an entry, of which it became so much dearer: what Claude charged is also its baseline."""
    (found,) = _find(book, _OF_ENTRIES, [entry_id]).values()
    if found.row is None:
        return
    after, sums = found.row, Sums()
    sums.add(replace(after, cloud=after.cloud - likely), -1)
    if after.basis == Basis.actual:
        after = after.at(max(0, after.cloud))
        found.next(after, found.tokens)
        insert(book.connection, _INSERT, [found.values(book.now_text, "the entry was corrected")])
    sums.add(after)
    sums.write(book)


def record(book: Book, baselines: Iterable[Baseline]) -> int:
    """Keep the baselines of entries that have none which says more; gives how many rows that made."""
    given, sums, made = tuple(baselines), Sums(), list[tuple[Any, ...]]()
    found = _find(book, _OF_HOLDS, {baseline.hold_id for baseline in given})
    for baseline in given:
        one = found.get(baseline.hold_id)
        if one is None or not _says_more(baseline, one.row):
            continue
        if one.row is not None:
            sums.add(one.row, -1)
        one.next(_row(one.entry, baseline), _tokens(baseline.figures))
        made.append(one.values(book.now_text, baseline.note[:MOST_NOTE]))
        assert one.row is not None
        sums.add(one.row)
    insert(book.connection, _INSERT, made)
    sums.write(book)
    return len(made)


def _find(book: Book, source: str, given: Iterable[int]) -> dict[int, _Found]:
    """Look entries up, by their holds."""
    found = {}
    for hold_id, *columns in select(book.connection, _COLUMNS, source, given):
        entry = dict(zip((*Row.ENTRY, "cloud"), columns, strict=False))
        version, *known = columns[len(entry) :]
        row = None if version is None else Row(entry, *known[:9], entry["cloud"])  # type: ignore[call-arg]
        found[hold_id] = _Found(entry) if row is None else _Found(entry, version, row, tuple(known[9:]))
    return found


def _says_more(baseline: Baseline, before: Row | None) -> bool:
    return before is None or (before.basis == Basis.none and baseline.basis is not Basis.none)


def _row(entry: dict[str, Any], baseline: Baseline) -> Row:
    figures, predicted = baseline.figures, baseline.predicted
    actual = max(0, entry["cloud"]) if baseline.basis is Basis.actual else 0
    low, likely, high = (figures.low.picos, figures.likely.picos, figures.high.picos) if figures else (actual,) * 3
    return Row(
        entry,
        baseline.part.value,
        baseline.basis.value,
        low,
        likely,
        high,
        None if predicted is None else predicted.picos,
        baseline.local_idle.picos,
        int(baseline.is_plan),
        baseline.would,
        entry["cloud"],
    )


def _tokens(figures: Figures | None) -> tuple[Any, ...]:
    if figures is None:
        return _NO_TOKENS
    usage, rates = figures.usage, figures.rates
    each = (rates.input, rates.cache_write_5m, rates.cache_write_1h, rates.cache_read, rates.output)
    counts = (usage.input, usage.cache_write_5m, usage.cache_write_1h, usage.cache_read, usage.output)
    return (*counts, json.dumps(each))


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
