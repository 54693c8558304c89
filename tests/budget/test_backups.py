"""Backups, upkeep and the week's report."""

import sqlite3
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest

from budget.backups import KEPT, Backups
from budget.database import open_reader, open_writer
from budget.ledger import Held, Ledger, Settlement
from budget.ledger import Outcome as Ended
from budget.recovery import newest_backups
from budget.report import week, week_of
from budget.upkeep import Upkeep
from pricing.money import ZERO, Money
from pricing.usage import Usage
from tests.budget.desk import Desk, ask, spend


def test_a_backup_a_day_is_kept_and_the_oldest_go(desk: Desk) -> None:
    ledger = desk.open()
    for _ in range(KEPT + 3):
        spend(ledger, "1")
        ledger.backup()
        ledger.backup()
        desk.pass_time(days=1)
    names = [path.name for path in newest_backups(desk.files)]
    assert len(names) == KEPT
    assert names[0] == "ledger-2026-11-28.db"


def test_a_backup_is_whole_and_stands_alone(desk: Desk) -> None:
    ledger = desk.open()
    spend(ledger, "1")
    backup = ledger.backup()
    assert sorted(path.name for path in backup.parent.iterdir()) == [backup.name]
    with closing(sqlite3.connect(backup)) as copy:
        assert copy.execute("SELECT charged FROM entries").fetchall() == [(10**12,)]


def test_upkeep_backs_up_once_a_day(desk: Desk) -> None:
    ledger = desk.open()
    spend(ledger, "1")
    day = ledger.today().day
    upkeep = Upkeep(desk.files, Backups(desk.files), lambda: day, lambda _: None)
    upkeep.once()
    (first,) = newest_backups(desk.files)
    before = first.stat().st_mtime_ns
    upkeep.once()
    assert first.stat().st_mtime_ns == before


def test_a_reader_cannot_write(desk: Desk) -> None:
    desk.open()
    with open_reader(desk.files.database) as reader, pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.execute("DELETE FROM holds")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entries SET charged = 0",
        "DELETE FROM entries",
        "UPDATE holds SET amount = 0",
        "DELETE FROM holds",
        "INSERT INTO holds SELECT * FROM holds",
        "INSERT INTO entries SELECT * FROM entries",
        "UPDATE days SET held = -1",
        "UPDATE state SET mode = 'fast'",
        "INSERT INTO state SELECT 2, day, zone, mode, stopped_by, stopped_since, synced FROM state",
        "INSERT INTO alerts (kind, day, subject, at, facts) SELECT kind, day, subject, at, facts FROM alerts",
        "UPDATE days SET settled = 0.5",
    ],
)
def test_the_database_itself_refuses_what_must_never_happen(desk: Desk, statement: str) -> None:
    ledger = desk.open()
    spend(ledger, "6")
    ledger.reserve(ask("1", "open"))
    ledger.close()
    with closing(sqlite3.connect(desk.files.database)) as other, pytest.raises(sqlite3.IntegrityError):
        other.execute(statement)


def test_a_week_sums_by_day_model_and_tier(desk: Desk) -> None:
    ledger = desk.open()
    for _ in range(3):
        spend(ledger, "1.5")
    local = ledger.reserve(ask("99", "local", local=True))
    assert isinstance(local, Held)
    ledger.settle(local.hold_id, Settlement(Ended.complete, ZERO, ZERO, Usage(input=7))).result(5)
    _void(ledger)
    desk.pass_time(days=1)
    spend(ledger, "2")
    ledger.correct(1, Money.usd(1), Money.usd("0.5"), "refund")
    found = week(ledger, week_of("2026-W47"))
    assert (found.since, found.until) == (date(2026, 11, 16), date(2026, 11, 22))
    assert [day.settled for day in found.days] == [Money.usd(4), Money.usd(2)]
    assert (found.charged, found.likely) == (Money.usd(6), Money.usd("5.5"))
    cloud, here = found.models
    assert (cloud.name, cloud.requests, cloud.voided, cloud.charged) == ("claude", 5, 1, Money.usd(6))
    assert cloud.usage == Usage(input=40, output=20)
    assert (here.name, here.is_local, here.requests, here.usage.input) == ("qwen", True, 1, 7)
    assert {share.name for share in found.tiers} == {"L2"}
    assert week(ledger, found.since + timedelta(days=7)).days == ()


def _void(ledger: Ledger) -> None:
    hold = ledger.reserve(ask("1", "voided"))
    assert isinstance(hold, Held)
    ledger.void(hold.hold_id, "refused", 429).result(5)


@pytest.mark.parametrize("text", ["2026", "2026-W60", "W47", "2026-Wxx", ""])
def test_a_week_that_is_none_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"week|Week"):
        week_of(text)


@pytest.mark.parametrize("version", [1, 2])
def test_a_migration_that_fails_half_way_leaves_the_ledger_and_its_copy_as_they_were(desk: Desk, version: int) -> None:
    desk.files.path.mkdir(parents=True)
    with closing(sqlite3.connect(desk.files.database)) as connection:
        connection.executescript(Path(__file__).with_name(f"ledger_v{version}.sql").read_text())
        connection.execute("CREATE TABLE tallies (in_the_way)")
        connection.commit()
        before = list(connection.iterdump())
    for _ in range(2):
        with pytest.raises(sqlite3.OperationalError, match="tallies already exists"):
            open_writer(desk.files.database)
    for database in (desk.files.database, desk.files.backups / f"of-version-{version}.db"):
        with closing(sqlite3.connect(database)) as connection:
            assert list(connection.iterdump()) == before
