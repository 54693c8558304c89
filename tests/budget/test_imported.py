"""A report has a past: what was imported stands beside the ledger's days, and is in none of their sums."""

import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from budget.imported import NOTHING, imported_weeks
from budget.weekbooks import first_day
from budget.weekly import report
from pricing.money import Money
from tests.budget.desk import BERLIN, Desk
from tests.kit.pasts import USAGE, days_before, past
from tests.kit.weeks import WeekMaker

MONDAY = date(2026, 11, 16)
AT = datetime(2026, 11, 16, 8, tzinfo=UTC)


@pytest.fixture
def desk(tmp_path: Path):
    desk = Desk(tmp_path / "ledger")
    desk.now = AT
    yield desk
    desk.close_all()


def made(desk: Desk, since: date = MONDAY):
    return report(desk.files.database, since, now=AT + timedelta(days=7), zone=BERLIN)


def test_what_was_imported_changes_no_other_figure(desk: Desk):
    ledger = desk.open()
    WeekMaker(ledger, lambda at: None).at_claude(AT, "1.25")
    before = made(desk)
    days_before(ledger, AT - timedelta(days=7))
    days_before(ledger, AT)
    after = made(desk)
    assert before.imported == NOTHING
    for name in ("sums", "before", "days", "spend", "savings", "models", "advice", "rows", "baselines", "is_empty"):
        assert getattr(after, name) == getattr(before, name), name


def test_it_is_summed_by_day_as_plain_sql_sums_it_and_the_week_before_too(desk: Desk):
    ledger = desk.open()
    days_before(ledger, AT)
    days_before(ledger, AT - timedelta(days=7), days=2)
    found = made(desk)
    with closing(sqlite3.connect(desk.files.database)) as connection:
        query = "SELECT day, count(*), sum(picos), sum(output) FROM history WHERE day >= '2026-11-16' GROUP BY day"
        said = connection.execute(query).fetchall()
    assert [(str(day.day), day.requests, day.cost.picos, day.usage.output) for day in found.imported.days] == said
    assert found.imported.cost == Money(sum(picos for _, _, picos, _ in said))
    assert (found.imported.requests, found.imported_before.requests) == (20, 8)
    assert sum(row["picos"] for row in found.imported.rows) == found.imported.cost.picos


def test_what_came_through_bursar_is_left_out_and_what_has_no_price_is_counted_apart(desk: Desk):
    ledger = desk.open()
    rows = (
        past(AT, "1", number=1),
        past(AT, "2", number=2, through=True),
        past(AT, "40", number=3, model="mystery", provisional=True),
    )
    ledger.history.add([row.values() for row in rows])
    [day] = made(desk).imported.days
    assert (day.requests, day.unpriced, day.cost, day.usage) == (2, 1, Money.usd(1), USAGE + USAGE)


def test_the_weeks_begin_with_the_first_that_was_imported(desk: Desk):
    ledger = desk.open()
    assert first_day(desk.files.database) is None
    days_before(ledger, AT - timedelta(days=21))
    assert first_day(desk.files.database) == date(2026, 10, 26)
    weeks = imported_weeks(desk.files.database, date(2026, 10, 19), MONDAY)
    assert weeks == {date(2026, 10, 26): Money.usd("24.40")}


def test_a_ledger_of_before_there_was_a_history_has_none(desk: Desk):
    desk.open()
    desk.close_all()
    with closing(sqlite3.connect(desk.files.database)) as connection:
        connection.execute("DROP TABLE history")
    assert made(desk).imported == NOTHING
    assert first_day(desk.files.database) is None
    assert imported_weeks(desk.files.database, MONDAY, MONDAY) == {}
