"""A newer bursar was here: an older one does not begin, names it, and says what to do; settings and ledger stay."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from budget.schema import VERSION as TABLES
from tests.kit.bursar import Bursar
from tests.tray.conftest import NOWHERE, Command
from tray import VERSION
from tray.downgrade import is_newer


def newer_ledger(folder: Path) -> None:
    """Leave a ledger as a bursar of next year would."""
    (folder / "ledger").mkdir(mode=0o700)
    with closing(sqlite3.connect(folder / "ledger" / "ledger.db")) as database:
        database.execute("CREATE TABLE t (x)")
        database.execute(f"PRAGMA user_version = {TABLES + 1}")


def ran_last(home: Path, version: str) -> None:
    """Leave word of who ran here last."""
    (home / "version.txt").write_text(f"{version}\n")
    (home / "version.txt").chmod(0o600)


@pytest.mark.parametrize("arguments", [("serve", "--no-tray"), ("serve", "--trial")])
def test_an_older_bursar_does_not_begin_on_a_newer_ledger(bursar: Command, home: Path, arguments: tuple[str, ...]):
    newer_ledger(home)
    ran_last(home, "99.1.0")
    database = home / "ledger" / "ledger.db"
    before = database.read_bytes()
    said = bursar(*arguments)
    assert said.code == 1
    assert said.err == (
        f"bursar: the ledger in {home / 'ledger'} was made by bursar 99.1.0, and this older one ({VERSION}) "
        "cannot go on with it: install bursar 99.1.0 again\n"
    )
    assert database.read_bytes() == before
    assert not (home / "run.json").exists()


def test_where_nobody_knows_which_one_it_was_that_is_no_obstacle(bursar: Command, home: Path):
    newer_ledger(home)
    (home / "ledger" / "backups").mkdir()
    kept = home / "ledger" / "backups" / f"of-version-{TABLES}.db"
    kept.touch()
    said = bursar("serve", "--no-tray").err
    assert "was made by a newer bursar" in said
    assert f"as this one left it is kept as {kept}" in said


def test_a_newer_bursars_settings_are_refused_with_a_word_on_who_knows_them(bursar: Command, home: Path):
    (home / "config.toml").write_text('zone = "UTC"\nteleport = true\n')
    assert "ran here last" not in bursar("serve", "--trial").err
    ran_last(home, "99.0")
    said = bursar("serve", "--trial")
    assert said.code == 1
    assert "teleport" in said.err
    assert f"bursar 99.0 ran here last, and this is {VERSION}" in said.err


@pytest.mark.skipif(os.name == "nt", reason="Windows ends a process without asking it")
def test_each_start_leaves_word_of_itself(tmp_path: Path):
    with Bursar(tmp_path / "home", NOWHERE, mode=None) as served:
        assert (served.home / "version.txt").read_text() == f"{VERSION}\n"


@pytest.mark.parametrize(
    ("one", "other", "is_so"),
    [("0.2", "0.1.9", True), ("0.10.0", "0.9.0", True), ("1.0", "1.0.0", False), ("v2", "1", True), ("x", "1", False)],
)
def test_versions_are_compared_as_numbers(one: str, other: str, is_so: bool):
    assert is_newer(one, other) == is_so
