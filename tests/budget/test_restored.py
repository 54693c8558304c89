"""Ledgers put back from yesterday, from another machine, or by a tool that keeps folders alike.

Whatever is put where, the day stands no lower than anything here remembers, what was closed stays closed, the books
are sound, and a person is told what happened and what to do.
"""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlite_utils import Database

from budget.ledger import Ledger, Mode, Outcome
from budget.migrations import ledger as steps
from budget.peek import peek
from pricing.money import Money
from tests.budget.desk import Desk, complete, held, refused, spend
from tests.budget.test_upgrades import FIRST, NEXT

STEP = Money.usd("0.24")
"""The mark's step: what a day may stand too high."""


def copied(desk: Desk, name: str) -> Path:
    """Keep the folder as it is now, for a later day to put back from."""
    return shutil.copytree(desk.folder, desk.folder.with_name(name))


def put_back(desk: Desk, kept: Path, *names: str) -> None:
    """Put files back from a copy; those of a name that the copy has not go away."""
    for name in names:
        (desk.folder / name).unlink(missing_ok=True)
        if (kept / name).exists():
            shutil.copy2(kept / name, desk.folder / name)


DATABASE = ("ledger.db", "ledger.db-wal", "ledger.db-shm")


def a_day(desk: Desk, before: str = "2", after: str = "7") -> Path:
    """Spend, keep a copy, spend more, and be killed; gives the copy."""
    ledger = desk.open()
    spend(ledger, before, "before")
    ledger.close()
    kept = copied(desk, "kept")
    ledger = desk.open()
    for number in range(7):
        spend(ledger, str(Money.usd(after).picos / 7 / 10**12)[:8], f"after{number}")
    desk.kill(ledger)
    return kept


def stands_at(desk: Desk, least: str, *, at_rest: bool = True) -> Ledger:
    """Open it, and find it sound and the day no lower than that; `at_rest`: a look before that has seen it, too."""
    shown = peek(desk.folder, clock=lambda: desk.now, limits=desk.limits, zone=desk.zone)
    assert shown.gone >= Money.usd(least) or not at_rest
    ledger = desk.open()
    today = ledger.today()
    assert today.trouble is None
    assert ledger.check() == []
    assert Money.usd(least) <= today.gone <= Money.usd(least) + STEP
    assert today.gone <= today.limits.cutoff
    return ledger


def told(ledger: Ledger, *words: str) -> bool:
    """Say whether a notice has all these words."""
    return any(all(word in notice for word in words) for notice in ledger.notices)


@pytest.mark.parametrize("machine_restarted", [False, True])
def test_an_hour_old_copy_is_told_and_the_day_stands_where_it_stood(desk: Desk, machine_restarted: bool) -> None:
    kept = a_day(desk)
    put_back(desk, kept, *DATABASE)
    if machine_restarted:
        desk.restart_machine()
    ledger = stands_at(desk, "8.999")
    assert told(ledger, "older copy", "$7.", "quit bursar", "bursar reconcile")
    assert refused(ledger, "3.1").why == "full"


def test_a_copy_from_yesterday_leaves_today_where_it_stood(desk: Desk) -> None:
    ledger = desk.open()
    spend(ledger, "11", "yesterday")
    ledger.close()
    kept = copied(desk, "kept")
    desk.pass_time(days=1)
    ledger = desk.open()
    spend(ledger, "8", "today")
    desk.kill(ledger)
    put_back(desk, kept, *DATABASE)
    ledger = stands_at(desk, "8")
    assert told(ledger, "older copy", "2026-11-22")
    days = ledger.days(desk.now.date() - timedelta(days=1), desk.now.date())
    assert next(day.settled for day in days) == Money.usd(11)


@pytest.mark.parametrize("version", [1, 4])
def test_a_copy_from_before_an_update_is_brought_on_and_leaves_today_where_it_stood(desk: Desk, version: int) -> None:
    a_day(desk)
    put_back(desk, desk.folder.with_name("nowhere"), *DATABASE)
    with closing(sqlite3.connect(desk.files.database)) as connection:
        connection.executescript(FIRST.read_text(encoding="utf-8"))
        database = Database(connection, execute_plugins=False, recursive_triggers=False)
        steps.apply(database, stop_before=NEXT[version])
        connection.execute(f"PRAGMA user_version = {version}")
        connection.commit()
    ledger = stands_at(desk, "8.999")
    assert told(ledger, "older copy, or one from another machine")


def another_machines(desk: Desk, spent: str, requests: int) -> Path:
    other = Desk(desk.folder.with_name("other"))
    other.boot = "another machine's"
    ledger = other.open()
    for number in range(requests):
        spend(ledger, spent, f"theirs{number}")
    ledger.close()
    other.close_all()
    return other.folder


@pytest.mark.parametrize("requests", [1, 40])
def test_another_machines_ledger_does_not_bring_fresh_money(desk: Desk, requests: int) -> None:
    a_day(desk)
    put_back(desk, another_machines(desk, "0.01", requests), *DATABASE)
    ledger = stands_at(desk, "8.999")
    assert told(ledger, "another machine")


def test_another_machines_ledger_and_tip_under_our_mark_do_not_bring_fresh_money(desk: Desk) -> None:
    a_day(desk)
    put_back(desk, another_machines(desk, "0.01", 40), *DATABASE, "ledger.tip")
    stands_at(desk, "8.999", at_rest=False)


def test_a_copy_that_went_its_own_way_elsewhere_is_told_from_ours(desk: Desk) -> None:
    kept = a_day(desk)
    elsewhere = Desk(kept)
    ledger = elsewhere.open()
    for number in range(40):
        spend(ledger, "0.01", f"elsewhere{number}")
    ledger.close()
    put_back(desk, kept, *DATABASE)
    ledger = stands_at(desk, "8.999")
    assert told(ledger, "another machine")


def test_an_old_mark_under_a_newer_ledger_changes_nothing(desk: Desk) -> None:
    kept = a_day(desk)
    put_back(desk, kept, "ledger.mark")
    ledger = stands_at(desk, "8.999")
    assert ledger.notices == ()
    desk.kill(ledger)
    desk.restart_machine()
    stands_at(desk, "8.999")


@pytest.mark.parametrize("names", [("ledger.mark", "ledger.tip"), ("ledger.tip",)])
def test_an_old_mark_and_tip_under_a_newer_ledger_change_nothing(desk: Desk, names: tuple[str, ...]) -> None:
    kept = a_day(desk)
    put_back(desk, kept, *names)
    stands_at(desk, "8.999")


def test_an_old_ledger_with_its_mark_stands_where_the_tip_says(desk: Desk) -> None:
    kept = a_day(desk)
    put_back(desk, kept, *DATABASE, "ledger.mark")
    ledger = stands_at(desk, "8.999")
    assert told(ledger, "older copy")


def test_a_whole_folder_from_an_hour_ago_opens_and_is_sound(desk: Desk) -> None:
    """Nothing here remembers more: `bursar reconcile` is what finds it, as the provider does."""
    kept = a_day(desk)
    put_back(desk, kept, *DATABASE, "ledger.mark", "ledger.tip")
    stands_at(desk, "2")


@pytest.mark.parametrize("with_mark", [True, False])
@pytest.mark.parametrize("with_backup", [True, False])
def test_a_deleted_ledger_stands_where_mark_or_tip_say(desk: Desk, with_mark: bool, with_backup: bool) -> None:
    ledger = desk.open()
    spend(ledger, "2")
    if with_backup:
        ledger.backup()
    spend(ledger, "7")
    desk.kill(ledger)
    put_back(desk, desk.folder, *DATABASE, *(() if with_mark else ("ledger.mark",)))
    ledger = stands_at(desk, "9")
    assert told(ledger, "was missing", "restored from" if with_backup else "no backup", "bursar reconcile")


@pytest.mark.parametrize("machine_restarted", [False, True])
def test_a_ledger_whose_log_is_gone_stands_where_it_stood(desk: Desk, machine_restarted: bool) -> None:
    a_day(desk)
    for name in DATABASE[1:]:
        (desk.folder / name).unlink()
    if machine_restarted:
        desk.restart_machine()
    stands_at(desk, "8.999")


@pytest.mark.parametrize("whose", ["ours of an hour ago", "another machine's"])
def test_a_log_that_belongs_to_another_copy_lets_nothing_be_spent_twice(desk: Desk, whose: str) -> None:
    ledger = desk.open()
    spend(ledger, "2", "before")
    running = copied(desk, "running")
    for number in range(7):
        spend(ledger, "1", f"after{number}")
    ledger.backup()
    ledger.close()
    if whose == "another machine's":
        other = Desk(desk.folder.with_name("other"))
        theirs = other.open()
        for number in range(30):
            spend(theirs, "0.1", f"theirs{number}")
        running = copied(other, "running2")
        other.close_all()
    put_back(desk, running, "ledger.db-wal")
    stands_at(desk, "9")


def test_two_copies_put_together_page_by_page_are_set_aside(desk: Desk) -> None:
    """A tool that keeps folders alike took some blocks from one machine, some from another: SQLite finds no fault."""
    ledger = desk.open()
    for number in range(5):
        spend(ledger, "1", f"r{number}")
    ledger.backup()
    ledger.close()
    with closing(sqlite3.connect(desk.files.database)) as mixed:
        mixed.execute("UPDATE days SET settled = 0")
        mixed.commit()
    ledger = stands_at(desk, "5")
    assert told(ledger, "put together from two copies", "restored from")
    assert list(desk.folder.glob("ledger.mixed-*.db"))


def closes(ledger: Ledger) -> None:
    ledger.stop("person")


def keeps_local(ledger: Ledger) -> None:
    ledger.set_mode(Mode.local)


@pytest.mark.parametrize("close", [closes, keeps_local])
@pytest.mark.parametrize("put", [DATABASE, ("ledger.mark",), ("ledger.mark", "ledger.tip")])
@pytest.mark.parametrize("machine_restarted", [False, True])
def test_what_a_person_closed_stays_closed_whichever_file_is_old(
    desk: Desk, close: Callable[[Ledger], None], put: tuple[str, ...], machine_restarted: bool
) -> None:
    kept = a_day(desk)
    ledger = desk.open()
    close(ledger)
    desk.kill(ledger)
    put_back(desk, kept, *put)
    if machine_restarted:
        desk.restart_machine()
    ledger = desk.open()
    assert ledger.closed() in ("stopped", "mode")
    assert refused(ledger, "0.01").why in ("stopped", "mode")


def test_a_kill_is_no_restoration_and_costs_nothing(desk: Desk) -> None:
    a_day(desk)
    ledger = desk.open()
    assert ledger.notices == ()
    assert [entry for entry in ledger.entries() if entry.outcome is Outcome.lost] == []


def test_a_kill_after_an_orphan_or_a_write_that_failed_is_no_restoration(desk: Desk) -> None:
    ledger = desk.open()
    held(ledger, "1", "orphan")
    desk.kill(ledger)
    ledger = desk.open()
    waiting = held(ledger, "1", "waiting")
    ledger.settle(999, complete("1")).exception(5)
    with closing(sqlite3.connect(desk.files.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        refused(ledger, "1")
        ledger.settle(waiting.hold_id, complete("1"))
        desk.pass_time(seconds=1)
    desk.kill(ledger)
    assert desk.open().notices == ()


def test_a_power_cut_that_costs_something_says_so(desk: Desk) -> None:
    ledger = desk.open()
    spend(ledger, "1")
    desk.kill(ledger)
    desk.restart_machine()
    ledger = stands_at(desk, "1")
    assert told(ledger, "the machine stopped", "may have been spent")


def test_a_machine_restarted_in_order_says_nothing(desk: Desk) -> None:
    ledger = desk.open()
    spend(ledger, "1")
    ledger.close()
    desk.restart_machine()
    assert desk.open().notices == ()
