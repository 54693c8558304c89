"""What a person looks at in the books: right, bounded, and without reading all of them."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from budget import glance
from budget.bands import Limits
from budget.ledger import Ask, Held, Labels, Ledger, Offer, Outcome, Settlement
from pricing.money import Money
from pricing.usage import Usage

NOON = datetime(2026, 11, 20, 12, 3, tzinfo=UTC)
DAY = NOON.date()


class Books:
    """A ledger, and the moment that its clocks show."""

    def __init__(self, folder: Path) -> None:
        self.at = NOON
        self.ledger = Ledger.open(
            folder,
            clock=lambda: self.at,
            limits=Limits.of(Money.usd(1000)),
            zone=ZoneInfo("UTC"),
            monotonic=lambda: (self.at - NOON).total_seconds() + 10**6,
        )

    def spend(self, usd: str, *, is_local: bool = False, outcome: Outcome = Outcome.complete, **labels: str) -> int:
        """Enter one request; gives the entry's id."""
        known = {"session": "s", "agent": "", "model_asked": "m", "task_class": "test", "tier": "L1", "mode": "auto",
                 "band": "normal", "reason": ""}  # fmt: skip
        offer = Offer("box" if is_local else "anthropic", "m", Money.usd(usd), is_local=is_local)
        held = self.ledger.reserve(Ask("r", (offer,), Labels(**{**known, **labels})))
        assert isinstance(held, Held)
        amount = Money(0) if outcome is Outcome.voided else Money.usd(usd)
        usage = Usage(input=10, cache_read=5, output=2)
        return self.ledger.settle(held.hold_id, Settlement(outcome, amount, amount, usage)).result(5).entry_id


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    """Books with nothing in them."""
    books = Books(tmp_path)
    yield books
    books.ledger.close()


def test_the_course_of_a_day_is_told_in_steps_of_ten_minutes(books: Books):
    books.spend("1")
    books.spend("2")
    books.at += timedelta(minutes=7)
    last = books.spend("4")
    steps, seen = glance.course(books.ledger.file, DAY)
    assert steps == {NOON.replace(minute=0): Money.usd(3), NOON.replace(minute=10): Money.usd(4)}
    assert seen == last


def test_the_course_can_be_read_on_from_where_it_was(books: Books):
    books.spend("1")
    first, seen = glance.course(books.ledger.file, DAY)
    books.spend("2")
    more, _ = glance.course(books.ledger.file, DAY, seen)
    assert Money.total([*first.values(), *more.values()]) == books.ledger.today().settled == Money.usd(3)
    assert glance.course(books.ledger.file, DAY, seen + 1)[0] == {}


def test_a_correction_changes_the_course_too(books: Books):
    entry = books.spend("1")
    books.ledger.correct(entry, Money.usd("0.25"), Money.usd("0.25"), "checked")
    steps, _ = glance.course(books.ledger.file, DAY)
    assert Money.total(steps.values()) == Money.usd("0.25")


def test_no_other_day_is_in_the_course(books: Books):
    books.spend("1")
    books.at += timedelta(days=1)
    books.spend("2")
    assert Money.total(glance.course(books.ledger.file, DAY)[0].values()) == Money.usd(1)
    assert glance.neighbours(books.ledger.file, DAY) == (None, DAY + timedelta(days=1))
    assert glance.neighbours(books.ledger.file, DAY + timedelta(days=1)) == (DAY, None)


def test_attempts_come_newest_first_and_go_on_where_they_ended(books: Books):
    ids = [books.spend("1", tier=f"L{number % 2}") for number in range(7)]
    first = glance.attempts(books.ledger.file, most=2, tier="L0")
    assert [entry.id for entry in first.entries] == [ids[6], ids[4]]
    rest = glance.attempts(books.ledger.file, before=first.older, most=9, tier="L0")
    assert [entry.id for entry in rest.entries] == [ids[2], ids[0]]
    assert rest.older is None


def test_attempts_are_picked_by_route_and_by_any_label(books: Books):
    books.spend("1", session="a")
    books.spend("0", is_local=True, session="b")
    assert [entry.is_local for entry in glance.attempts(books.ledger.file, is_local=True).entries] == [True]
    assert [entry.is_local for entry in glance.attempts(books.ledger.file, is_local=False).entries] == [False]
    assert len(glance.attempts(books.ledger.file, session="b", tier="").entries) == 1
    assert glance.attempts(books.ledger.file, session="' OR 1=1 --").entries == ()


def test_sessions_are_summed_up_to_the_picodollar(books: Books):
    books.spend("0.000000000001", session="a", tier="L1")
    books.spend("2", session="a", tier="L3")
    books.spend("0", session="a", is_local=True)
    books.spend("5", session="b", outcome=Outcome.voided)
    sums = {one.session: one for one in glance.sessions(books.ledger.file, DAY)}
    assert (sums["a"].charged, sums["a"].tier) == (Money.usd("2.000000000001"), "L3")
    assert (sums["a"].requests, sums["a"].local, sums["a"].failed) == (3, 1, 0)
    assert (sums["a"].tokens_in, sums["a"].tokens_out) == (45, 6)  # 3 x (10 + 5), 3 x 2
    assert (sums["b"].charged, sums["b"].requests, sums["b"].failed) == (Money(0), 0, 1)


def test_empty_books_have_nothing_to_tell(books: Books):
    file = books.ledger.file
    assert not glance.has_entries(file)
    assert glance.course(file, DAY) == ({}, 0)
    assert glance.attempts(file) == glance.Attempts((), None)
    assert glance.sessions(file, DAY) == []


@pytest.mark.parametrize("query", [glance._COURSE, glance._SESSIONS])
def test_no_query_walks_through_all_entries(books: Books, query: str):
    books.spend("1")
    given = {"day": DAY.isoformat(), "after": 0, "most": 10}
    with sqlite3.connect(f"file:{books.ledger.file}?mode=ro", uri=True) as db:
        plan = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {query}", given)]
    db.close()
    assert any(step.startswith("SEARCH entries USING INTEGER PRIMARY KEY (rowid>") for step in plan), plan
    assert not any(step.startswith("SCAN entries") for step in plan), plan
