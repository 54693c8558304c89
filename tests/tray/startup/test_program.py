"""What is started at login is this very bursar, however it was installed."""

import subprocess
import sys
from pathlib import Path

import pytest

from tray.startup.program import SERVICE, TRAY, Program, command

ROOT = Path(__file__).resolve().parents[3]


def installed(folder: Path, *names: str) -> Path:
    """Make a folder of programs, and give the first of them."""
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).write_text("")
    return folder / names[0]


def test_installed_in_a_venv_it_is_the_venvs_own_command(tmp_path: Path):
    python = installed(tmp_path / "bin", "python", "bursar")
    started = command(Program(python, is_frozen=False, root=ROOT), {}, "linux", TRAY)
    assert started == (str(tmp_path / "bin" / "bursar"), *TRAY)


def test_from_a_folder_of_source_it_starts_in_any_folder_even_beside_files_named_as_modules_are(tmp_path: Path):
    (tmp_path / "click.py").write_text("raise SystemExit('the wrong click')")
    (tmp_path / "tray.py").write_text("raise SystemExit('the wrong tray')")
    # Looks like any Python without a bursar beside it.
    program = Program(Path(sys.executable).parent / "no" / ".." / "python", is_frozen=False, root=ROOT)
    started = command(program, {"BURSAR_HOME": str(tmp_path / "home")}, "linux", ("--version",))
    assert "tray" not in started
    words = [sys.executable, *started[1:]]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("bursar"), done.stderr


@pytest.mark.parametrize(("arguments", "started"), [(TRAY, "bursar-tray"), (SERVICE, "bursar")])
def test_packaged_a_desktop_starts_the_executable_without_a_console(tmp_path: Path, arguments: tuple, started: str):
    console = installed(tmp_path / "opt", "bursar", "bursar-tray")
    words = command(Program(console, is_frozen=True, root=ROOT), {}, "linux", arguments)
    assert words == (str(tmp_path / "opt" / started), *arguments)


def test_packaged_with_one_executable_it_is_that_one(tmp_path: Path):
    only = installed(tmp_path / "opt", "bursar.exe")
    assert command(Program(only, is_frozen=True, root=ROOT), {}, "win32", TRAY)[0] == str(only)


def test_on_windows_python_opens_no_console(tmp_path: Path):
    python = installed(tmp_path / "Scripts", "python.exe", "pythonw.exe", "bursar.exe")
    started = command(Program(python, is_frozen=False, root=ROOT), {}, "win32", TRAY)
    assert started == (str(tmp_path / "Scripts" / "pythonw.exe"), "-P", "-m", "tray", *TRAY)


def test_a_bursar_with_a_home_of_its_own_is_started_with_it(tmp_path: Path):
    python = installed(tmp_path / "bin", "python", "bursar")
    environ = {"BURSAR_HOME": str(tmp_path / "second budget")}
    started = command(Program(python, is_frozen=False, root=ROOT), environ, "linux", TRAY)
    assert started[1:] == ("--home", str(tmp_path / "second budget"), *TRAY)
