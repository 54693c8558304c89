"""The desktop entry says exactly the command, whatever is in it, and a desktop's own switch is believed."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tray.startup.conftest import ODD
from tray.startup import xdg
from tray.startup.program import through_shell
from tray.startup.system import System

Make = Callable[[str], System]


def exec_of(text: str) -> list[str]:
    """Read the Exec line back, step by step as the specification has it."""
    line = next(line for line in text.split("\n") if line.startswith("Exec="))
    return list(words(unescaped(line.removeprefix("Exec="))))


def unescaped(value: str) -> str:
    """Undo the escapes that every value of type string has."""
    said, rest = "", iter(value)
    for char in rest:
        said += {"s": " ", "n": "\n", "t": "\t", "r": "\r", "\\": "\\"}[next(rest)] if char == "\\" else char
    return said


def words(line: str) -> Iterator[str]:
    """Undo the quotes of an Exec line, then its field codes."""
    rest = iter(line)
    for char in rest:
        if char == " ":
            continue
        assert char == '"'
        word = ""
        while (char := next(rest)) != '"':
            if char == "\\":
                char = next(rest)
                assert char in '"`$\\'
            word += char
        assert "%" not in word.replace("%%", "")
        yield word.replace("%%", "%")


@given(st.lists(ODD, min_size=1, max_size=4))
def test_an_entry_means_the_command_it_was_made_of(command: list[str]):
    text = xdg.entry(tuple(command))
    assert exec_of(text) in (command, list(through_shell(tuple(command))))
    assert all("=" in line for line in text.split("\n")[1:] if line)


@pytest.mark.skipif(not shutil.which("desktop-file-validate"), reason="desktop-file-utils is not installed")
@pytest.mark.parametrize("name", ["bursar", "my venv", "50% of $HOME", 'quo"te', "back\\slash", "tick`s", "a=b;c"])
def test_the_validator_of_desktop_entries_finds_nothing_wrong(tmp_path: Path, name: str):
    path = tmp_path / "bursar.desktop"
    path.write_text(xdg.entry((f"/opt/{name}/bursar", "--home", f"/home/me/{name}")))
    done = subprocess.run(["desktop-file-validate", path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize(
    "line", ["Hidden=true", "X-GNOME-Autostart-enabled=false", "X-MATE-Autostart-enabled=false", "Hidden = true"]
)
def test_turned_off_in_the_desktops_own_settings_it_is_off_and_can_be_turned_on_again(system: Make, line: str):
    environ = system("linux").environ
    xdg.turn_on(environ, ("/usr/bin/bursar",))
    path = xdg.file(environ)
    kept = path.read_text().replace("X-GNOME-Autostart-enabled=true\n", "")
    path.write_text(f"{kept}{line}\n")
    assert not xdg.is_on(environ)
    xdg.turn_on(environ, ("/usr/bin/bursar",))
    assert xdg.is_on(environ)


def test_what_stands_under_another_heading_does_not_count(system: Make):
    environ = system("linux").environ
    xdg.turn_on(environ, ("/usr/bin/bursar",))
    path = xdg.file(environ)
    path.write_text(f"{path.read_text()}\n[Desktop Action Stop]\nHidden=true\n")
    assert xdg.is_on(environ)


def test_it_lies_where_the_environment_says(tmp_path: Path):
    assert xdg.file({"HOME": "/h"}) == Path("/h/.config/autostart/bursar.desktop")
    assert xdg.file({"HOME": "/h", "XDG_CONFIG_HOME": "/c"}) == Path("/c/autostart/bursar.desktop")
    # The standard has a relative path ignored.
    assert xdg.file({"HOME": "/h", "XDG_CONFIG_HOME": "c"}) == Path("/h/.config/autostart/bursar.desktop")
    (tmp_path / ".config").write_text("a file where the folder should be")
    assert not xdg.is_on({"HOME": str(tmp_path)})
    xdg.turn_off({"HOME": str(tmp_path)})
