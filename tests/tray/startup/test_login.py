"""Start at login is off until a person asks for it, goes one way at a time, and leaves nothing when it is undone."""

import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.tray.startup.conftest import Tools, files_of
from tray.startup import start_at_login, starts_at_login
from tray.startup.login import CannotStart, How, how, starts_this, turn, where
from tray.startup.system import System, tool

Make = Callable[[str], System]
PLATFORMS = ("linux", "freebsd14", "darwin", "win32")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_it_is_off_on_when_asked_for_and_undone_without_a_trace(system: Make, platform: str, tmp_path: Path):
    here = system(platform)
    before = files_of(tmp_path)
    assert how(here) is None
    for _ in range(2):
        turn(here, "desktop")
        assert how(here) == "desktop"
        assert starts_this(here, "desktop")
    assert not starts_this(replace(here, environ={**here.environ, "BURSAR_HOME": "/other"}), "desktop")
    assert where(here, "desktop")
    for _ in range(2):
        turn(here, None)
        assert how(here) is None
    assert files_of(tmp_path) == before
    assert not any(here.winreg.keys.values())


def test_the_menus_switch_works_on_this_system(tmp_path: Path):
    environ = {"HOME": str(tmp_path), "PATH": str(tmp_path)}
    assert not starts_at_login(environ, "linux")
    start_at_login(True, environ, "linux")
    assert starts_at_login(environ, "linux")
    assert (tmp_path / ".config" / "autostart" / "bursar.desktop").stat().st_mode & 0o077 == 0
    start_at_login(False, environ, "linux")
    assert not starts_at_login(environ, "linux")
    assert files_of(tmp_path) == {}


def test_a_service_and_a_desktop_never_start_it_both(system: Make, tmp_path: Path):
    here = system("linux")
    for wanted in ("service", "desktop", "service"):
        turn(here, wanted)  # type: ignore[arg-type]
        assert how(here) == wanted
        assert starts_this(here, wanted)  # type: ignore[arg-type]
    assert not any(name.endswith(".desktop") for name in files_of(tmp_path))
    turn(here, None)
    assert set(files_of(tmp_path)) == {"my venv/bin/bursar"}


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_only_linux_has_the_service(system: Make, platform: str):
    here = system(platform)
    with pytest.raises(CannotStart, match="only Linux"):
        turn(here, "service")
    assert how(here) is None


def test_a_folder_that_cannot_be_written_is_said_in_the_systems_words(tmp_path: Path):
    (tmp_path / ".config").write_text("a file where a folder should be")
    with pytest.raises(OSError, match=r"\.config"):
        start_at_login(True, {"HOME": str(tmp_path), "PATH": ""}, "linux")


def test_a_tool_that_is_missing_fails_or_hangs_up_says_nothing(tmp_path: Path, tools: Tools):
    run = tool({"PATH": str(tmp_path), "WHO": "ada"})
    assert run(("no-such-tool-of-ours",)) is None
    assert run((sys.executable, "-c", "raise SystemExit(3)")) is None
    assert run((sys.executable, "-c", "import os; print(os.environ['WHO'])")) == "ada\n"
    assert shutil.which("no-such-tool-of-ours") is None


@pytest.mark.parametrize("way", ["desktop", "service"])
def test_folders_that_were_made_for_it_go_with_it_and_no_others(system: Make, tmp_path: Path, way: How):
    here = system("linux")
    config = tmp_path / "home" / ".config"
    config.mkdir(parents=True)
    for _ in range(2):
        turn(here, way)
    turn(here, None)
    assert list(config.iterdir()) == []

    folder = Path(where(here, way)).parent
    folder.mkdir(parents=True)  # A person's own, if empty.
    turn(here, way)
    turn(here, None)
    assert folder.is_dir()
    shutil.rmtree(folder)

    turn(here, way)
    (folder / "another").write_text("a person's own")
    turn(here, None)
    assert [path.name for path in folder.iterdir()] == ["another"]
