"""Ledgers that were damaged, emptied, swapped, deleted, or put back from yesterday."""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from budget.events import Event, LedgerTrouble
from budget.ledger import Held, Ledger, Limits, Mode, Outcome
from budget.settlement import UnknownHold
from pricing.money import Money
from tests.budget.desk import Desk, ask, complete, held, refused, settle_down, spend


def aside(desk: Desk, why: str) -> list[str]:
    return sorted(path.name for path in desk.folder.glob(f"ledger.{why}-*"))


def spoil(path: Path) -> None:
    size = path.stat().st_size
    with path.open("r+b") as file:
        for at in range(4096, size, 512):
            file.seek(at)
            file.write(b"\xde\xad" * 32)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def not_a_database(path: Path) -> None:
    path.write_text("hello " * 1000)


def foreign(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE notes (text)")


@pytest.mark.parametrize(
    ("harm", "why"), [(spoil, "damaged"), (empty, "empty"), (not_a_database, "damaged"), (foreign, "foreign")]
)
def test_an_unusable_ledger_is_kept_aside_and_the_newest_backup_takes_its_place(
    desk: Desk, harm: object, why: str
) -> None:
    ledger = desk.open()
    spend(ledger, "2", "before")
    ledger.backup()
    spend(ledger, "3", "after")
    ledger.close()
    harm(desk.files.database)  # type: ignore[operator]
    again = desk.open()
    assert aside(desk, why)
    assert any("restored from ledger-2026-11-21.db" in notice for notice in again.notices)
    assert [entry.request_id for entry in again.entries() if entry.outcome is Outcome.complete] == ["before"]
    assert again.today().settled >= Money.usd(5)
    assert again.check() == []
    assert again.today().trouble is None


def test_with_no_backup_a_new_ledger_begins_at_the_mark(desk: Desk) -> None:
    ledger = desk.open()
    spend(ledger, "9")
    ledger.close()
    spoil(desk.files.database)
    again = desk.open()
    assert any("there was no backup" in notice for notice in again.notices)
    assert again.today().settled == Money.usd(9)
    assert isinstance(again.reserve(ask("3")), Held)


def test_a_ledger_deleted_while_nobody_ran_comes_back_from_its_backup_no_lower_than_the_mark(desk: Desk) -> None:
    ledger = desk.open()
    spend(ledger, "2")
    ledger.backup()
    spend(ledger, "9")
    ledger.close()
    desk.files.database.unlink()
    again = desk.open()
    assert any("was missing" in notice for notice in again.notices)
    assert again.today().settled == Money.usd(11)
    assert refused(again, "2").why == "full"


def test_an_old_copy_put_back_cannot_show_less_than_was_spent(desk: Desk) -> None:
    ledger = desk.open()
    spend(ledger, "2")
    ledger.close()
    shutil.copy(desk.files.database, desk.folder / "copy")
    ledger = desk.open()
    for _ in range(9):
        spend(ledger, "1")
    desk.kill(ledger)
    for part in desk.files.parts():
        part.unlink(missing_ok=True)
    (desk.folder / "copy").rename(desk.files.database)
    again = desk.open()
    assert Money.usd(11) <= again.today().settled <= Money.usd("11.24")
    assert [entry.outcome for entry in again.entries()] == [Outcome.complete, Outcome.lost]
    assert again.check() == []


def test_a_bad_backup_is_passed_over_for_an_older_good_one(desk: Desk) -> None:
    ledger = desk.open()
    spend(ledger, "1", "old")
    good = ledger.backup()
    ledger.close()
    shutil.copy(good, good.with_name("ledger-2026-11-20.db"))
    spoil(good)
    spoil(desk.files.database)
    again = desk.open()
    assert any("restored from ledger-2026-11-20.db" in notice for notice in again.notices)


def test_a_link_in_the_ledgers_place_is_not_followed(desk: Desk, tmp_path: Path) -> None:
    desk.open().close()
    elsewhere = tmp_path / "elsewhere.db"
    desk.files.database.rename(elsewhere)
    before = elsewhere.read_bytes()
    desk.files.database.symlink_to(elsewhere)
    ledger = desk.open()
    spend(ledger, "1")
    assert not desk.files.database.is_symlink()
    assert elsewhere.read_bytes() == before
    assert aside(desk, "link")


@pytest.mark.skipif(os.name == "nt", reason="Windows does not let go of a file that is open")
@pytest.mark.parametrize("parts", [("ledger.db",), ("ledger.db-wal",), ("ledger.db", "ledger.db-wal", "ledger.db-shm")])
def test_a_ledger_deleted_under_us_is_written_anew_and_nothing_is_lost(desk: Desk, parts: tuple[str, ...]) -> None:
    ledger = desk.open()
    spend(ledger, "2", "first")
    running = held(ledger, "1", "running")
    for part in parts:
        (desk.folder / part).unlink()
    desk.pass_time(seconds=1)
    assert refused(ledger, "1").why == "trouble"
    assert isinstance(ledger.reserve(ask("1", local=True)), Held)
    pending = ledger.settle(running.hold_id, complete("0.5"))
    settle_down(desk, ledger)
    pending.result(5)
    assert ledger.today().trouble is None
    assert any("written anew" in notice for notice in ledger.notices)
    spend(ledger, "1", "second")
    desk.kill(ledger)
    again = desk.open()
    assert {"first", "running", "second"} <= {entry.request_id for entry in again.entries()}
    assert Money.usd("3.5") <= again.today().gone < Money.usd("3.6")
    assert again.check() == []


@pytest.mark.skipif(os.name == "nt", reason="Windows does not let go of a file that is open")
def test_a_ledger_swapped_under_us_is_set_aside_and_ours_goes_on(desk: Desk, tmp_path: Path) -> None:
    ledger = desk.open()
    spend(ledger, "2", "ours")
    other = Desk(tmp_path / "other")
    theirs = other.open()
    theirs.close()
    os.replace(other.files.database, desk.files.database)
    desk.pass_time(seconds=1)
    assert refused(ledger, "1").why == "trouble"
    settle_down(desk, ledger)
    assert ledger.today().settled == Money.usd(2)
    assert aside(desk, "swapped")
    assert ledger.check() == []


def test_damage_found_later_is_repaired_without_a_restart_and_running_requests_are_kept(desk: Desk) -> None:
    ledger = desk.open()
    spend(ledger, "2", "saved")
    ledger.backup()
    spend(ledger, "1", "after")
    running = held(ledger, "3", "running")
    events: list[Event] = []
    ledger.subscribe(events.append)
    with ledger_stopped_writing(ledger):
        spoil(desk.files.database)
    settle_down(desk, ledger)
    settle_down(desk, ledger)
    ledger.settle(running.hold_id, complete("2.5")).result(5)
    assert ledger.today().trouble is None
    assert aside(desk, "damaged")
    assert Money.usd("5.5") <= ledger.today().settled
    assert "running" in {entry.request_id for entry in ledger.entries()}
    assert ledger.check() == []
    assert isinstance(events[0], LedgerTrouble)
    assert LedgerTrouble(None) in events


class ledger_stopped_writing:  # noqa: N801 - it reads as a phrase
    """Fold the log into the database first, so that damage to the database is seen at once."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def __enter__(self) -> None:
        book = self._ledger._writer.book
        assert book is not None
        book.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        book.connection.execute("PRAGMA shrink_memory")

    def __exit__(self, *_: object) -> None:
        book = self._ledger._writer.book
        assert book is not None
        book.connection.execute("PRAGMA cache_size = 0")


def test_a_ledger_of_a_newer_bursar_is_left_alone(desk: Desk) -> None:
    desk.open().close()
    with closing(sqlite3.connect(desk.files.database)) as newer:
        newer.execute("PRAGMA user_version = 99")
    ledger = desk.open()
    assert "newer bursar" in (ledger.today().trouble or "")
    assert refused(ledger, "1").why == "trouble"
    assert isinstance(ledger.reserve(ask("1", local=True)), Held)
    ledger.close()
    with closing(sqlite3.connect(desk.files.database)) as untouched:
        assert untouched.execute("PRAGMA user_version").fetchone()[0] == 99


def test_a_second_ledger_on_the_same_folder_gives_no_cloud_holds_until_the_first_ends(desk: Desk) -> None:
    first = desk.open()
    spend(first, "1")
    second = desk.open()
    assert "another bursar" in (second.today().trouble or "")
    assert refused(second, "1").why == "trouble"
    first.close()
    settle_down(desk, second)
    assert second.today().trouble is None
    assert second.today().settled >= Money.usd(1)


def test_the_files_are_private(desk: Desk, ledger: Ledger) -> None:
    if os.name == "nt":
        pytest.skip("Windows keeps a person's folders private by itself")
    spend(ledger, "1")
    ledger.backup()
    assert desk.folder.stat().st_mode & 0o777 == 0o700
    loose = [path for path in desk.folder.rglob("*") if path.is_file() and path.stat().st_mode & 0o077]
    assert loose == []


def test_a_lost_ledger_does_not_open_what_a_person_has_closed(desk: Desk) -> None:
    ledger = desk.open()
    ledger.backup()
    ledger.set_mode(Mode.local)
    ledger.stop("person")
    ledger.close()
    desk.files.database.unlink()
    again = desk.open()
    assert again.today().mode is Mode.local
    assert again.today().stop is not None


def test_limits_and_mode_set_while_running_survive_a_repair_while_running(desk: Desk) -> None:
    ledger = desk.open()
    ledger.backup()
    ledger.set_limits(Limits(Money.usd(30), Money.usd(40)))
    ledger.set_mode(Mode.auto)
    with ledger_stopped_writing(ledger):
        spoil(desk.files.database)
    settle_down(desk, ledger)
    assert ledger.today().trouble is None
    assert ledger.today().limits.cutoff == Money.usd(40)
    assert ledger.today().mode is Mode.auto
    held(ledger, "35")


def test_a_wrong_settlement_during_trouble_keeps_no_right_one_out(desk: Desk, ledger: Ledger) -> None:
    first, second = held(ledger, "1", "a"), held(ledger, "1", "b")
    with closing(sqlite3.connect(desk.files.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        refused(ledger, "1")
        futures = [ledger.settle(hold_id, complete("0.5")) for hold_id in (first.hold_id, 999, second.hold_id)]
    settle_down(desk, ledger)
    assert futures[0].result(5).entry_id == 1
    with pytest.raises(UnknownHold):
        futures[1].result(5)
    assert futures[2].result(5).entry_id == 2


def test_a_ledger_that_cannot_be_opened_says_why_from_the_first_try(desk: Desk) -> None:
    desk.limits = Limits(Money.usd(10), Money(2**60 + 1))
    ledger = desk.open()
    assert "not open yet" not in (ledger.today().trouble or "not open yet")
