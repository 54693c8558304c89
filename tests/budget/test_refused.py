"""A request that bursar refused is kept, with why, until its details' time is over or there are too many."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from budget import refused
from budget.ledger import Ledger
from budget.refused import RefusedRequest
from budget.tallies import DayTally
from tests.budget.desk import Desk

SATURDAY = date(2026, 11, 21)
AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
ONE = RefusedRequest(
    AT, "req_a", session="s", model_asked="claude-opus-5-5", tier="L2", why="cutoff", said="bursar: no"
)


def written(ledger: Ledger) -> None:
    """Wait until all that was put is written."""
    ledger._command(lambda _: None)


def test_a_refused_request_is_found_again_after_a_kill_and_is_counted(desk: Desk, ledger: Ledger):
    ledger.refused.keep(ONE)
    ledger.tallies.degraded("L2")
    desk.kill(ledger)
    again = desk.open()
    assert again.refused.find("req_a") == replace(ONE, id=1)
    assert again.refused.find("req_b") is None
    assert again.tallies.of_day(SATURDAY) == DayTally(refused=1, degraded=1)
    assert again.tallies.of_day(SATURDAY - timedelta(days=1)) == DayTally()


def test_the_newest_come_first_and_can_be_asked_for_by_number_and_by_moment(desk: Desk, ledger: Ledger):
    for number in range(4):
        ledger.refused.keep(replace(ONE, request_id=f"req_{number}", at=AT + timedelta(minutes=number)))
    written(ledger)
    assert [each.request_id for each in ledger.refused.newest(3)] == ["req_3", "req_2", "req_1"]
    assert [each.request_id for each in ledger.refused.newest(9, before=3)] == ["req_1", "req_0"]
    between = ledger.refused.newest(9, since=AT + timedelta(minutes=1), until=AT + timedelta(minutes=3))
    assert [each.request_id for each in between] == ["req_2", "req_1"]


def test_an_agent_that_tries_for_ever_fills_no_disk(desk: Desk, ledger: Ledger):
    long = replace(ONE, said="x" * 10_000)
    ledger._command(lambda book: [refused._keep(book, long) for _ in range(refused.MOST_KEPT + 5)])
    with closing(sqlite3.connect(desk.files.database)) as database:
        said = "SELECT count(*), min(id), max(length(said)) FROM refusals"
        assert database.execute(said).fetchone() == (refused.MOST_KEPT, 6, refused.LONGEST)
    assert ledger.tallies.of_day(SATURDAY).refused == refused.MOST_KEPT + 5


def test_they_go_when_details_go(desk: Desk, ledger: Ledger):
    ledger.refused.keep(ONE)
    written(ledger)
    ledger.refused.prune(SATURDAY)
    assert ledger.refused.find("req_a")
    ledger.refused.prune(SATURDAY + timedelta(days=1))
    assert ledger.refused.find("req_a") is None


def test_a_ledger_of_before_has_none(desk: Desk, ledger: Ledger):
    ledger._command(lambda book: book.connection.execute("DROP TABLE refusals"))
    assert (ledger.refused.newest(5), ledger.refused.find("req_a")) == ([], None)
