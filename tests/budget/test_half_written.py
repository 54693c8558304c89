"""A ledger whose writer was killed in the middle of a write can be read before the next start mends it."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from budget import reading
from budget.database import copy_to, create, put_copy_in_place
from budget.folder import Folder
from budget.peek import peek, version_of
from budget.schema import VERSION
from pricing.money import Money
from tests.budget.desk import BERLIN, NOON, TEN, Desk, spend


@pytest.fixture
def half_written(desk: Desk) -> Path:
    """Kill a ledger that is written with a journal beside it, as a backup put back is at its first start."""
    ledger = desk.open()
    spend(ledger, "2")
    ledger.close()
    with closing(sqlite3.connect(desk.files.database, isolation_level=None)) as writer:
        # As much as that is written to the file before the transaction ends, so that the journal is needed.
        for pragma in ("journal_mode = DELETE", "cache_size = 1", "cache_spill = 1"):
            writer.execute(f"PRAGMA {pragma}")
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("CREATE TABLE filling (text)")
        for _ in range(50):
            writer.execute("INSERT INTO filling VALUES (hex(randomblob(2000)))")
        writer.execute("UPDATE days SET settled = 0")
        left = shutil.copytree(desk.folder, desk.folder.with_name("left"))
        writer.execute("ROLLBACK")
    assert (left / "ledger.db-journal").exists()
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        _read_as_ever(left / "ledger.db")
    return left


def _read_as_ever(database: Path) -> None:
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as reader:
        reader.execute("SELECT * FROM days").fetchall()


def test_it_is_read_as_the_next_start_will_find_it_and_not_a_byte_of_it_is_changed(half_written: Path) -> None:
    before = {path.name: path.read_bytes() for path in half_written.glob("*") if path.is_file()}
    today = peek(half_written, clock=lambda: NOON, limits=TEN, zone=BERLIN)
    assert (today.trouble, today.settled) == (None, Money.usd(2))
    assert version_of(half_written) == VERSION
    entries = reading.newest(Folder(half_written).database, "1", {}, 10)
    assert [entry.charged for entry in entries] == [Money.usd(2)]
    assert {path.name: path.read_bytes() for path in half_written.glob("*") if path.is_file()} == before


def test_the_next_start_mends_it(half_written: Path) -> None:
    desk = Desk(half_written)
    ledger = desk.open()
    assert (ledger.today().trouble, ledger.today().settled) == (None, Money.usd(2))
    assert ledger.check() == []
    desk.close_all()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="only who has less than all rights is kept out")
def test_a_ledger_in_a_folder_that_cannot_be_written_is_read_too(desk: Desk) -> None:
    ledger = desk.open()
    spend(ledger, "2")
    desk.kill(ledger)
    for part in desk.files.parts()[2:]:
        part.unlink()
    desk.folder.chmod(0o500)
    try:
        assert peek(desk.folder, clock=lambda: NOON, limits=TEN, zone=BERLIN).settled == Money.usd(2)
    finally:
        desk.folder.chmod(0o700)


def _restored(database: Path) -> None:
    create(database.with_name("other.db"))
    with closing(sqlite3.connect(database.with_name("other.db"))) as other:
        copy_to(other, database.with_name("backup.db"))
    put_copy_in_place(database.with_name("backup.db"), database)


@pytest.mark.parametrize("made", [create, _restored], ids=["new", "restored"])
def test_a_ledger_gets_its_name_when_it_already_writes_a_log(tmp_path: Path, made: Callable[[Path], None]) -> None:
    """A kill while it is switched to a log leaves a journal that only a writer can roll back."""
    made(tmp_path / "ledger.db")
    assert [path.name for path in tmp_path.glob("ledger*")] == ["ledger.db"]
    assert (tmp_path / "ledger.db").read_bytes()[18:20] == b"\2\2"
