"""A ledger of every version that there was goes on under this one, with a copy of itself as it was kept beside it.

Each begins as version 1 in fact left it, and is brought on by the steps that were there then.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from budget.migrations import ledger as steps
from budget.schema import VERSION
from tests.budget.desk import Desk, spend

FIRST = Path(__file__).with_name("ledger_v1.sql")
NEXT = {
    1: "m004_local_cost",
    2: "m005_baselines",
    3: "m006_outbox",
    4: "m007_history",
    5: "m008_tallies",
    6: "m009_cache_misses",
    7: "m011_details",
    8: "m012_refusals",
}
"""The step that each version was still without."""


@pytest.mark.parametrize("version", NEXT)
def test_a_ledger_of_that_version_goes_on_and_is_kept_as_it_was(desk: Desk, version: int) -> None:
    desk.files.path.mkdir(parents=True)
    with closing(sqlite3.connect(desk.files.database)) as connection:
        connection.executescript(FIRST.read_text(encoding="utf-8"))
        database = Database(connection, execute_plugins=False, recursive_triggers=False)
        steps.apply(database, stop_before=NEXT[version])
        connection.execute(f"PRAGMA user_version = {version}")
        connection.commit()
        before = list(connection.iterdump())
    ledger = desk.open()
    assert (ledger.notices, ledger.today().trouble) == ((), None)
    spend(ledger, "0.25")
    assert ledger.check() == []
    ledger.close()
    with closing(sqlite3.connect(desk.files.database)) as now:
        assert now.execute("PRAGMA user_version").fetchone() == (VERSION,)
        amounts = [row[0] for row in now.execute("SELECT charged FROM entries ORDER BY id LIMIT 3")]
    with closing(sqlite3.connect(desk.files.backups / f"of-version-{version}.db")) as kept:
        assert list(kept.iterdump()) == before
        assert [row[0] for row in kept.execute("SELECT charged FROM entries ORDER BY id")] == amounts


def test_no_version_is_forgotten() -> None:
    assert list(NEXT) == list(range(1, VERSION))
