"""Entries stay for ever in small rows; what they rest on stays for a set time, and no sum changes when it goes."""

import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from budget.details import AT_ONCE
from budget.ledger import Ask, Held, Labels, Ledger, Offer, Outcome, Settlement
from pricing.money import Money
from pricing.usage import Usage
from tests.budget.desk import NOON, Desk
from tests.budget.test_baselines import OLD

USAGE = '{"input_tokens": 10, "output_tokens": 5}'


def spend(ledger: Ledger, name: str, *, is_plan: bool = False) -> None:
    """Make an entry of half a dollar, with all its details."""
    offer = Offer("anthropic", "claude", Money.usd(1), is_local=False, terms='{"r": 1}')
    held = ledger.reserve(Ask(name, (offer,), Labels(session="s1", tier="L2", is_plan=is_plan)))
    assert isinstance(held, Held)
    half = Money.usd("0.5")
    settlement = Settlement(Outcome.complete, half, half, Usage(input=10, output=5), USAGE, '{"lines": []}')
    ledger.settle(held.hold_id, settlement).result(5)


def details(ledger: Ledger) -> list[tuple[str, str, str]]:
    """Give those of every entry, oldest first."""
    return [(entry.raw_usage, entry.terms, entry.rates) for entry in ledger.entries(limit=100)]


WHOLE, GONE = (USAGE, '{"r": 1}', '{"lines": []}'), ("", "", "")


def test_after_their_time_the_details_go_and_the_entry_stays_with_all_its_figures(desk: Desk, ledger: Ledger) -> None:
    spend(ledger, "old")
    desk.pass_time(days=2)
    spend(ledger, "new")
    assert details(ledger) == [WHOLE, WHOLE]
    before = [(entry.charged, entry.usage, entry.labels) for entry in ledger.entries(limit=100)]
    assert ledger.details.prune(NOON.date() + timedelta(days=1)) == 1
    assert details(ledger) == [GONE, WHOLE]
    assert [(entry.charged, entry.usage, entry.labels) for entry in ledger.entries(limit=100)] == before
    assert ledger.details.prune(NOON.date() + timedelta(days=1)) == 0
    assert ledger.check() == []


def test_where_nothing_was_spent_since_all_go_and_more_than_fit_into_one_transaction(ledger: Ledger) -> None:
    spend(ledger, "one")

    def many(book):  # type: ignore[no-untyped-def]
        book.connection.execute("PRAGMA defer_foreign_keys = ON")
        rows = [(number, USAGE, "", "") for number in range(-AT_ONCE, 0)]
        book.connection.executemany("INSERT INTO details VALUES (?, ?, ?, ?)", rows)

    with closing(sqlite3.connect(ledger.file)) as connection:
        assert connection.execute("SELECT count(*) FROM details").fetchone() == (1,)
    ledger._command(many)
    assert ledger.details.prune(NOON.date() + timedelta(days=30)) == AT_ONCE + 1
    assert details(ledger) == [GONE]


def test_a_correction_repeats_no_details_and_outlives_them(desk: Desk, ledger: Ledger) -> None:
    spend(ledger, "one")
    ledger.correct(1, Money.usd("0.4"), Money.usd("0.4"), "as billed")
    assert details(ledger) == [WHOLE, GONE]
    desk.pass_time(days=2)
    ledger.details.prune(NOON.date() + timedelta(days=1))
    ledger.correct(1, Money.usd("0.3"), Money.usd("0.3"), "as billed")
    assert ledger.days(NOON.date(), NOON.date())[0].settled == Money.usd("0.3")
    assert ledger.check() == []


def test_details_are_not_edited(ledger: Ledger) -> None:
    spend(ledger, "one")
    with (
        closing(sqlite3.connect(ledger.file)) as connection,
        pytest.raises(sqlite3.IntegrityError, match="details are never edited"),
    ):
        connection.execute("UPDATE details SET raw_usage = ''")


def test_an_older_ledgers_entries_keep_theirs_where_they_are(desk: Desk) -> None:
    desk.folder.mkdir()
    with closing(sqlite3.connect(desk.files.database)) as connection:
        connection.executescript(OLD[-1].read_text())
        then = connection.execute("SELECT raw_usage, terms, rates FROM entries ORDER BY id").fetchall()
    ledger = desk.open()
    assert details(ledger)[: len(then)] == then
    ledger.details.prune(NOON.date() + timedelta(days=1000))
    assert details(ledger)[: len(then)] == then


def test_who_pays_stands_in_the_entry(ledger: Ledger) -> None:
    spend(ledger, "key")
    spend(ledger, "plan", is_plan=True)
    assert [entry.labels.is_plan for entry in ledger.entries(limit=2)] == [False, True]
