"""What the statements of holds and settlements refuse by themselves, whatever is remembered of the day."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from budget.book import Book
from budget.holds import Held, Refused
from budget.jobs import Commanding, Reserving, Settling
from budget.ledger import Ledger, Mode
from budget.manyrows import MOST
from pricing.money import ZERO, Money
from tests.budget.desk import ask, complete, held, refused, spend


def _behind_its_back(ledger: Ledger, statement: str) -> None:
    ledger._command(lambda book: book.connection.execute(statement) and None)


def _rows(ledger: Ledger, query: str) -> list[Any]:
    return ledger._command(lambda book: book.connection.execute(query).fetchall())


def _in_one_group(ledger: Ledger, *jobs: Any) -> None:
    """Put jobs while another is at work, so that all of them are committed together."""

    def put_all(_: Book) -> None:
        for job in jobs:
            ledger._writer.put(job)

    ledger._command(put_all)
    ledger._command(lambda _: None)


def test_a_hold_that_only_memory_has_room_for_is_not_written(ledger: Ledger) -> None:
    held(ledger, "1")
    _behind_its_back(ledger, f"UPDATE days SET settled = {Money.usd('10.5').picos}")
    assert isinstance(ledger.reserve(ask("1")), Refused)
    assert _rows(ledger, "SELECT count(*) FROM holds") == [(1,)]
    # From then on what is remembered is what is there.
    assert refused(ledger, "1").why == "full"
    assert isinstance(ledger.reserve(ask("0.5")), Held)


@pytest.mark.parametrize(
    "closed", ["mode = 'local'", "stopped_by = 'person', stopped_since = '2026-11-21T12:00:00+00:00'"]
)
def test_no_hold_for_a_cloud_is_written_while_the_table_says_closed(ledger: Ledger, closed: str) -> None:
    _behind_its_back(ledger, f"UPDATE state SET {closed}")
    assert isinstance(ledger.reserve(ask("1")), Refused)
    assert isinstance(ledger.reserve(ask("1", local=True)), Refused | Held)
    assert _rows(ledger, "SELECT count(*) FROM holds WHERE NOT is_local") == [(0,)]


def test_a_hold_that_is_not_open_in_the_table_is_not_settled_from_memory(ledger: Ledger) -> None:
    hold = held(ledger, "1")

    def forget(book: Book) -> None:
        book.connection.execute("DROP TRIGGER holds_end")
        book.connection.execute("DELETE FROM holds")

    ledger._command(forget)
    with pytest.raises(Exception, match="not open"):
        ledger.settle(hold.hold_id, complete("0.5")).result(5)
    assert ledger.entries() == []
    assert _rows(ledger, "SELECT sum(requests) FROM totals") == [(None,)]


def test_a_hold_taken_and_settled_in_one_group_is_one_entry(ledger: Ledger) -> None:
    before = held(ledger, "1").hold_id
    reserving = Reserving(ask("2"), lambda _: None)
    settling = Settling(before + 1, complete("0.5"))
    _in_one_group(ledger, reserving, settling, Settling(before, complete("0.25")))
    assert settling.future.result(5).entry_id == 1
    assert [(entry.hold_id, entry.charged) for entry in ledger.entries()] == [
        (before + 1, Money.usd("0.5")),
        (before, Money.usd("0.25")),
    ]
    assert (ledger.today().open_holds, ledger.today().held) == (0, ZERO)
    assert ledger.check() == []


def test_a_group_that_fails_leaves_every_hold_as_it_was(ledger: Ledger) -> None:
    before = held(ledger, "1").hold_id
    wrong: Callable[[Book], None] = lambda book: book.connection.execute("UPDATE holds SET amount = 0") and None
    settling, spoiling = Settling(before, complete("0.5")), Commanding(wrong)
    _in_one_group(ledger, Reserving(ask("2"), lambda _: None), settling, spoiling)
    with pytest.raises(Exception, match="never changed"):
        spoiling.future.result(5)
    assert settling.future.result(5).entry_id == 1
    assert [hold.amount for hold in ledger.holds()] == [Money.usd(2)]
    assert ledger.today().held == Money.usd(2)
    assert ledger.check() == []


def test_of_a_group_of_more_than_one_statement_all_or_nothing_is_written(ledger: Ledger) -> None:
    ids = [held(ledger, "0.01").hold_id for _ in range(MOST + 6)]

    def forget_last(book: Book) -> None:
        book.connection.execute("DROP TRIGGER holds_end")
        book.connection.execute("DELETE FROM holds WHERE id = ?", (ids[-1],))

    ledger._command(forget_last)
    settling = [Settling(hold_id, complete("0.01")) for hold_id in ids]
    _in_one_group(ledger, *settling)
    # The last was wrong, so the group was not written; then each was by itself.
    assert [settled.future.result(5).entry_id for settled in settling[:-1]] == list(range(1, MOST + 6))
    with pytest.raises(Exception, match="not open"):
        settling[-1].future.result(5)
    assert len(ledger.entries()) == MOST + 5


def test_what_was_posted_is_there_for_whoever_reads_in_the_same_group(ledger: Ledger) -> None:
    before = held(ledger, "1").hold_id
    reading = Commanding(lambda book: book.connection.execute("SELECT hold_id FROM entries").fetchall())
    _in_one_group(ledger, Settling(before, complete("0.5")), reading)
    assert reading.future.result(5) == [(before,)]


def test_entries_go_on_from_a_correction(ledger: Ledger) -> None:
    spend(ledger, "1")
    assert ledger.correct(1, Money.usd("0.5"), Money.usd("0.5"), "as billed") == 2
    assert spend(ledger, "1").entry_id == 3
    ledger.set_mode(Mode.observe)
    assert ledger.check() == []
