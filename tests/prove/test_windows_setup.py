"""The Windows setup, compiled with warnings as errors and run under wine around a stand-in for the program.

What only Windows can show – the program itself, its tray, SmartScreen – is not tried here.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "installer" / "windows" / "bursar.nsi"
UNINSTALL = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Uninstall\bursar"
RUN = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Run"
# A program that writes down how it was called: what the setup asks of the real one is seen there.
STAND_IN = r"""
Target amd64-unicode
SilentInstall silent
RequestExecutionLevel user
OutFile "{out}"
!include FileFunc.nsh
Section
  ${{GetParameters}} $1
  FileOpen $0 "$LOCALAPPDATA\calls.txt" a
  FileSeek $0 0 END
  FileWrite $0 "$1$\n"
  FileClose $0
SectionEnd
"""

pytestmark = [
    pytest.mark.prove,
    pytest.mark.skipif(not shutil.which("makensis"), reason="needs makensis (Debian: nsis)"),
]


def compile_setup(payload: Path, version: str, out: Path) -> None:
    """Compile as a release does."""
    defines = [f"-DVERSION={version}", f"-DPAYLOAD={payload}", f"-DOUT={out}"]
    subprocess.run(["makensis", "-V2", "-WX", *defines, str(SCRIPT)], check=True, capture_output=True)


@pytest.fixture
def payload(tmp_path: Path) -> Path:
    """Give a folder of the shape of the built one."""
    folder = tmp_path / "payload"
    for name in ("_internal", "licenses"):
        (folder / name).mkdir(parents=True)
    (folder / "_internal" / "base_library.zip").write_text("of 1.0.0")
    (folder / "licenses" / "bursar.txt").write_text("MIT")
    source = tmp_path / "stand_in.nsi"
    for name in ("bursar.exe", "bursar-tray.exe"):
        source.write_text(STAND_IN.format(out=folder / name))
        subprocess.run(["makensis", "-V1", "-WX", str(source)], check=True, capture_output=True)
    return folder


class Windows:
    """A fresh wine, and the person's folders in it."""

    def __init__(self, home: Path) -> None:
        self._environ = {
            **os.environ,
            "WINEPREFIX": str(home),
            "WINEDEBUG": "-all",
            "WINEDLLOVERRIDES": "mscoree,mshtml=",
        }
        self._environ.pop("DISPLAY", None)
        subprocess.run(["wineboot", "-i"], env=self._environ, check=True, capture_output=True, timeout=300)
        users = home / "drive_c" / "users"
        self.local = next(path for path in users.iterdir() if path.name != "Public") / "AppData" / "Local"
        self.installed = self.local / "Programs" / "bursar"

    def run(self, program: Path, *arguments: str) -> int:
        """Run a program to its end."""
        done = subprocess.run(["wine", str(program), *arguments], env=self._environ, timeout=300, check=False)
        subprocess.run(["wineserver", "-w"], env=self._environ, timeout=300, check=False)
        return done.returncode

    def value(self, key: str, name: str) -> str | None:
        """Read a value of the registry."""
        command = ["wine", "reg", "query", key, "/v", name]
        done = subprocess.run(command, env=self._environ, capture_output=True, text=True, timeout=300, check=False)
        lines = [line.split(None, 2) for line in done.stdout.splitlines() if line.strip().startswith(name)]
        return lines[0][2].strip() if lines else None

    def calls(self) -> list[str]:
        """Give what the program was asked so far."""
        path = self.local / "calls.txt"
        return path.read_text().split("\n")[:-1] if path.exists() else []

    def end(self) -> None:
        """Stop what of wine still runs."""
        subprocess.run(["wineserver", "-k"], env=self._environ, check=False)


@pytest.fixture
def windows(tmp_path: Path) -> Iterator[Windows]:
    """Give a fresh wine."""
    if not shutil.which("wine"):
        pytest.skip("needs wine (Debian: wine64)")
    found = Windows(tmp_path / "wine")
    yield found
    found.end()


def test_the_setup_compiles_without_a_warning(payload: Path, tmp_path: Path) -> None:
    compile_setup(payload, "1.0.0", tmp_path / "bursar-1.exe")
    assert (tmp_path / "bursar-1.exe").stat().st_size > 50_000


def test_it_installs_upgrades_and_leaves_the_ledger_unless_asked(
    payload: Path, windows: Windows, tmp_path: Path
) -> None:
    setup = tmp_path / "bursar-1.exe"
    compile_setup(payload, "1.0.0", setup)
    assert windows.run(setup, "/S") == 0
    assert (windows.installed / "_internal" / "base_library.zip").read_text() == "of 1.0.0"
    assert windows.value(UNINSTALL, "DisplayVersion") == "1.0.0"
    assert windows.value(RUN, "bursar") is None
    shim = windows.local / "Microsoft" / "WindowsApps" / "bursar.cmd"
    assert shim.read_text().strip().endswith(r'\Programs\bursar\bursar.exe" %*')

    ledger = windows.local / "bursar" / "ledger.db"
    ledger.parent.mkdir()
    ledger.write_text("what was spent")
    (payload / "_internal" / "base_library.zip").write_text("of 1.1.0")
    (windows.installed / "_internal" / "gone.dll").write_text("of 1.0.0 only")
    compile_setup(payload, "1.1.0", setup)
    assert windows.run(setup, "/S", "/LOGIN=1") == 0
    assert windows.calls() == ["quit"]
    assert (windows.installed / "_internal" / "base_library.zip").read_text() == "of 1.1.0"
    assert not (windows.installed / "_internal" / "gone.dll").exists()
    assert windows.value(UNINSTALL, "DisplayVersion") == "1.1.0"
    started = windows.value(RUN, "bursar")
    assert started is not None
    assert started.endswith(r'\Programs\bursar\bursar-tray.exe" serve --background')

    assert windows.run(windows.installed / "uninstall.exe", "/S") == 0
    assert windows.calls() == ["quit", "disconnect --yes", "quit"]
    assert not windows.installed.exists()
    assert not shim.exists()
    assert windows.value(RUN, "bursar") is None
    assert windows.value(UNINSTALL, "DisplayVersion") is None
    assert ledger.read_text() == "what was spent"


def test_an_uninstall_takes_the_ledger_along_where_a_person_says_so(
    payload: Path, windows: Windows, tmp_path: Path
) -> None:
    setup = tmp_path / "bursar-1.exe"
    compile_setup(payload, "1.0.0", setup)
    assert windows.run(setup, "/S") == 0
    ledger = windows.local / "bursar" / "ledger.db"
    ledger.parent.mkdir()
    ledger.write_text("what was spent")
    assert windows.run(windows.installed / "uninstall.exe", "/S", "/DATA=1") == 0
    assert not ledger.parent.exists()
