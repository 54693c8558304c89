"""`bursar startup` shows what is so, turns it on and off, and says what happens next."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tray.startup.conftest import files_of

ROOT = Path(__file__).resolve().parents[3]
Bursar = Callable[..., "subprocess.CompletedProcess[str]"]

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="writes where Linux looks")


@pytest.fixture
def bursar(tmp_path: Path) -> Bursar:
    """Runs a command as a person whose home is this test's folder."""
    environ = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "BURSAR_HOME": str(tmp_path / "kept")}

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "tray", *arguments]
        return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)

    return run


def test_off_at_first_then_on_then_a_service_then_off_without_a_trace(bursar: Bursar, tmp_path: Path):
    off = json.loads(bursar("startup", "--json").stdout)
    assert (off["at_login"], off["how"], off["where"], off["this"]) == (False, None, None, None)
    on = json.loads(bursar("startup", "on", "--json").stdout)
    assert (on["at_login"], on["how"], on["this"]) == (True, "desktop", True)
    assert Path(on["where"]).is_file()
    assert on["command"][on["command"].index("--home") + 1] == str(tmp_path / "kept")
    service = bursar("startup", "on", "--service").stdout
    assert "systemctl --user start bursar" in service
    assert set(files_of(tmp_path)) == {
        ".config/systemd/user/bursar.service",
        ".config/systemd/user/default.target.wants/bursar.service",
    }
    assert "as a service; turn it off with: bursar startup off" in bursar("startup", "status").stdout
    assert bursar("startup", "off").stdout.startswith("bursar does not start at login")
    assert files_of(tmp_path) == {}


def test_a_service_is_only_turned_on_as_one(bursar: Bursar):
    wrong = bursar("startup", "off", "--service")
    assert wrong.returncode == 2
    assert "--service goes with on" in wrong.stderr


def test_an_entry_of_another_bursar_is_told_apart(bursar: Bursar, tmp_path: Path):
    entry = Path(json.loads(bursar("startup", "on", "--json").stdout)["where"])
    entry.write_text(entry.read_text().replace(str(tmp_path / "kept"), "/another/home"))
    assert "another bursar" in bursar("startup").stdout
    assert "To have this one: bursar startup on\n" in bursar("startup").stdout


def test_without_a_desktop_it_names_the_way_that_works_there(bursar: Bursar):
    assert "No desktop is running here." in bursar("startup", "on").stdout
