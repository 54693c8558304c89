"""A program that was replaced: noticed when it lies still, begun when nothing is under way, or after ten minutes."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.tray.conftest import Command
from tray.packed import hold_on_to_modules
from tray.renewal import PATIENCE_S, Renewal, identity, renewal_jobs, works
from tray.signals import Signals


class Stage:
    """A renewal, and what it asks."""

    def __init__(self, *, works: bool = True) -> None:
        self.now, self.file, self.is_busy, self.begun = 0.0, (1,), False, 0
        self.tried = 0
        self._works = works
        self.renewal = Renewal(lambda: self.file, lambda: self.is_busy, self._tried, self._begin, lambda: self.now)

    def look(self, *, after_s: float = 10.0) -> int:
        """Look some time later; gives how often it was begun anew."""
        self.now += after_s
        self.renewal.look()
        return self.begun

    def _tried(self) -> bool:
        self.tried += 1
        return self._works

    def _begin(self) -> None:
        self.begun += 1


def test_nothing_happens_as_long_as_the_program_is_the_same():
    stage = Stage()
    assert [stage.look() for _ in range(3)] == [0, 0, 0]


def test_another_program_is_begun_once_when_it_was_seen_twice():
    stage = Stage()
    stage.file = (2,)
    assert [stage.look() for _ in range(4)] == [0, 1, 1, 1]


def test_an_upgrade_that_is_half_done_is_waited_for():
    stage = Stage()
    begun = []
    for found in ((2,), (3,), None, (4,), (4,)):
        stage.file = found  # type: ignore[assignment]
        begun.append(stage.look())
    assert begun == [0, 0, 0, 0, 1]


def test_a_program_that_came_back_is_no_other():
    stage = Stage()
    for found in ((2,), (1,), (2,)):
        stage.file = found
        assert stage.look() == 0


def test_an_idle_moment_is_waited_for():
    stage = Stage()
    stage.file, stage.is_busy = (2,), True
    assert [stage.look() for _ in range(5)] == [0] * 5
    stage.is_busy = False
    assert stage.look() == 1


def test_after_ten_minutes_without_one_it_begins_anew_all_the_same():
    stage = Stage()
    stage.file, stage.is_busy = (2,), True
    stage.look()
    assert stage.look(after_s=PATIENCE_S - 1) == 0
    assert stage.look(after_s=1) == 1


def test_a_program_that_does_not_start_is_tried_once_and_the_old_one_goes_on():
    stage = Stage(works=False)
    stage.file = (2,)
    assert [stage.look() for _ in range(4)] == [0, 0, 0, 0]
    assert stage.tried == 1
    stage._works, stage.file = True, (3,)
    assert [stage.look() for _ in range(2)] == [0, 1]


def test_a_file_written_anew_is_another_and_a_missing_one_is_none(tmp_path: Path):
    program = tmp_path / "bursar"
    assert identity(program) is None
    program.write_text("one")
    before = identity(program)
    assert identity(program) == before
    (tmp_path / "next").write_text("one")
    (tmp_path / "next").replace(program)
    assert identity(program) != before


@pytest.mark.skipif(os.name == "nt", reason="a shell script is no program there")
def test_a_program_works_if_it_says_that_it_could_start_as_this_one_did(tmp_path: Path):
    program = tmp_path / "bursar"
    assert not works(program, ["serve"], threading.Event())
    for said in (0, 1):
        program.write_text(f'#!/bin/sh\n[ "$*" = "--home /x serve --trial" ] && exit {said}\nexit 9\n')
        program.chmod(0o755)
        for arguments in (["--home", "/x", "serve"], ["--home", "/x"]):
            assert works(program, arguments, threading.Event()) == (said == 0)


@pytest.mark.skipif(os.name == "nt", reason="a shell script is no program there")
def test_a_trial_under_way_ends_when_bursar_is_asked_to_quit(tmp_path: Path):
    program, leaving, said = tmp_path / "bursar", threading.Event(), []
    program.write_text("#!/bin/sh\nexec sleep 50\n")
    program.chmod(0o755)
    trial = threading.Thread(target=lambda: said.append(works(program, ["serve"], leaving)))
    trial.start()
    leaving.set()
    trial.join(20)
    assert said == [False]


def test_a_trial_starts_nothing_and_fails_where_a_start_would(bursar: Command, home: Path):
    assert bursar("serve", "--trial").code == 0
    assert not (home / "ledger").exists()
    (home / "config.toml").write_text("budgit = 1\n")
    assert bursar("serve", "--trial").code == 1


def test_from_source_nobody_watches():
    assert renewal_jobs(lambda: False, lambda: None, lambda: 0.0, threading.Event()) == ()


def test_who_is_asked_to_leave_comes_back_only_if_nobody_asked_before():
    with a_signals() as signals:
        signals.begin_anew()
        assert (signals.wait(1), signals.is_coming_back) == (True, True)
    with a_signals() as signals:
        signals.leave()
        assert signals.wait(1)
        signals.begin_anew()
        assert (signals.wait(0.01), signals.is_coming_back) == (False, False)


@contextmanager
def a_signals() -> Iterator[Signals]:
    """Give what takes requests to leave, and close it."""
    signals = Signals()
    yield signals
    signals._read.close()
    signals._write.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux names the file that runs")
def test_modules_are_read_from_the_file_that_runs_where_they_lie_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    class Importer:
        class pyz_archive:  # noqa: N801 – PyInstaller's names
            _filename = sys.executable

    assert not hold_on_to_modules()
    monkeypatch.setitem(sys.modules, "pyimod02_importers", Importer)  # type: ignore[arg-type]
    assert hold_on_to_modules()
    assert Importer.pyz_archive._filename == "/proc/self/exe"
    for name in ("missing.pkg", "elsewhere.pkg"):
        Importer.pyz_archive._filename = str(tmp_path / name)
        assert not hold_on_to_modules()
        assert Importer.pyz_archive._filename == str(tmp_path / name)
        (tmp_path / "elsewhere.pkg").touch()
