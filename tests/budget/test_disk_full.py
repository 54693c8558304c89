"""A full disk, a locked and a read-only ledger: no cloud, local goes on, nothing is lost, and it heals by itself."""

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from budget.events import Event, LedgerTrouble
from budget.ledger import Held, Ledger, LedgerUnavailable, Mode
from pricing.money import Money
from tests.budget.desk import Desk, ask, complete, held, refused, settle_down, spend


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 10 MB of its own."""
    if shutil.which("mount") is None or not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("only root can mount a small disk; the test with a file size limit stands in")
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=10m", "bursar-test", place], check=False)
    if mounted.returncode:
        pytest.skip("this machine lets not even root mount a small disk; the test with a file size limit stands in")
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)


def fill(disk: Path) -> Path:
    """Leave not one byte."""
    filler = disk / "filler"
    with filler.open("ab", buffering=0) as file, contextlib.suppress(OSError):
        for size in (2**16, 2**9, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(b"x" * size)
    return filler


def test_on_a_full_disk_holds_are_refused_settlements_are_written_and_room_heals_it(small_disk: Path) -> None:
    desk = Desk(small_disk / "ledger")
    ledger = desk.open()
    events: list[Event] = []
    ledger.subscribe(events.append)
    running = [held(ledger, "0.1", f"running{number}") for number in range(40)]
    # Until the log has grown past what the disk has left.
    filler = fill(small_disk)
    answers = [ledger.reserve(ask("0.001", f"late{number}")) for number in range(1500)]
    assert ledger.today().trouble is not None
    assert "disk is full" in (ledger.today().trouble or "")
    assert isinstance(ledger.reserve(ask("1", local=True)), Held)
    assert refused(ledger, "0.001").why == "trouble"
    for hold in running:
        ledger.settle(hold.hold_id, complete("0.05")).result(5)
    given = sum(isinstance(answer, Held) for answer in answers)
    assert ledger.today().settled == Money.usd("2")
    assert ledger.today().held == Money.usd("0.001") * given
    filler.unlink()
    settle_down(desk, ledger)
    spend(ledger, "1", "after")
    assert ledger.check() == []
    assert [type(event) for event in events if isinstance(event, LedgerTrouble)] == [LedgerTrouble] * 2
    ledger.close()
    assert desk.files.ballast.stat().st_size == 4 * 2**20


def test_a_ledger_started_on_a_full_disk_serves_local_and_heals(small_disk: Path) -> None:
    desk = Desk(small_disk / "ledger")
    filler = fill(small_disk)
    ledger = desk.open()
    assert "disk is full" in (ledger.today().trouble or "")
    answer = ledger.reserve(ask("1", local=True))
    assert isinstance(answer, Held)
    ledger.settle(answer.hold_id, complete("0")).result(1)
    assert ledger.today().unrecorded == 1
    filler.unlink()
    settle_down(desk, ledger)
    spend(ledger, "1")
    ledger.close()


def test_a_backup_that_does_not_fit_leaves_the_older_one(small_disk: Path) -> None:
    desk = Desk(small_disk / "ledger")
    ledger = desk.open()
    spend(ledger, "1")
    backup = ledger.backup()
    before = backup.read_bytes()
    fill(small_disk)
    with pytest.raises((OSError, sqlite3.Error)):
        ledger.backup()
    assert backup.read_bytes() == before
    (small_disk / "filler").unlink()
    ledger.close()


LIMITED = """
import resource, signal, sys
from pathlib import Path
from tests.budget.desk import Desk, ask, complete, held, settle_down, spend
from budget.ledger import Held, Refused

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
desk = Desk(Path(sys.argv[1]))
ledger = desk.open()
running = [held(ledger, "0.01", f"r{number}") for number in range(20)]
log = desk.files.parts()[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size + 8192, resource.RLIM_INFINITY))
answers = [ledger.reserve(ask("0.001", f"late{number}")) for number in range(50)]
assert isinstance(answers[-1], Refused), answers[-1]
assert answers[-1].why == "trouble", answers[-1]
assert isinstance(ledger.reserve(ask("1", local=True)), Held)
pending = [ledger.settle(hold.hold_id, complete("0.005")) for hold in running]
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
settle_down(desk, ledger)
for future in pending:
    future.result(5)
given = sum(isinstance(answer, Held) for answer in answers)
assert ledger.today().open_holds == given, (ledger.today(), given)
assert ledger.check() == []
ledger.close()
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limit on the size of files")
def test_a_log_that_cannot_grow_refuses_holds_and_loses_no_settlement(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(LIMITED), str(tmp_path / "ledger")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@contextlib.contextmanager
def locked(database: Path) -> Iterator[None]:
    other = sqlite3.connect(database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


def test_a_ledger_locked_by_another_program_refuses_the_cloud_and_goes_on_after(desk: Desk, ledger: Ledger) -> None:
    hold = held(ledger, "1")
    with locked(desk.files.database):
        assert refused(ledger, "1").why == "trouble"
        assert "locked" in (ledger.today().trouble or "")
        pending = ledger.settle(hold.hold_id, complete("0.5"))
        assert isinstance(ledger.reserve(ask("1", local=True)), Held)
    settle_down(desk, ledger)
    pending.result(5)
    assert ledger.today().settled == Money.usd("0.5")


def test_the_emergency_stop_works_while_the_ledger_cannot_be_written(desk: Desk, ledger: Ledger) -> None:
    with locked(desk.files.database):
        refused(ledger, "1")
        ledger.stop("person")
        assert ledger.closed() is not None
        assert ledger.today().stop is not None
    settle_down(desk, ledger)
    assert refused(ledger, "1").why == "stopped"
    desk.kill(ledger)
    assert refused(desk.open(), "1").why == "stopped"


def test_a_read_only_folder_gives_no_cloud_and_says_why(desk: Desk) -> None:
    if os.name == "nt" or os.geteuid() == 0:
        pytest.skip("read-only folders do not stop root, nor anyone on Windows")
    desk.open().close()
    desk.folder.chmod(0o500)
    try:
        ledger = desk.open()
        assert refused(ledger, "1").why == "trouble"
        assert isinstance(ledger.reserve(ask("1", local=True)), Held)
    finally:
        desk.folder.chmod(0o700)
    settle_down(desk, ledger)
    spend(ledger, "1")


def test_a_disk_mounted_read_only_gives_no_cloud_and_heals_when_it_is_writable_again(small_disk: Path) -> None:
    desk = Desk(small_disk / "ledger")
    desk.open().close()
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    ledger = desk.open()
    assert refused(ledger, "1").why == "trouble"
    assert isinstance(ledger.reserve(ask("1", local=True)), Held)
    subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
    settle_down(desk, ledger)
    spend(ledger, "1")
    ledger.close()


def test_commands_in_trouble_say_so_and_change_nothing(desk: Desk, ledger: Ledger) -> None:
    with locked(desk.files.database):
        with pytest.raises(LedgerUnavailable, match="locked"):
            ledger.set_mode(Mode.auto)
        assert ledger.today().mode is Mode.observe
    settle_down(desk, ledger)
    ledger.set_mode(Mode.auto)
