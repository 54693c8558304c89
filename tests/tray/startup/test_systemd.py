"""The unit says exactly the command, its manager reads it without a complaint, and answers have time to end."""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tray.startup.conftest import ODD, Tools
from tray.app import DRAIN_S
from tray.startup import systemd
from tray.startup.program import through_shell
from tray.startup.system import System

Make = Callable[[str], System]


def exec_of(text: str) -> list[str]:
    """Read ExecStart back, as systemd.syntax(7) and systemd.service(5) have it."""
    (line,) = re.findall(r"^ExecStart=(.*)$", text, re.M)
    program, *arguments = words(line)
    assert not set(program) & set("\"'\\\n\t\r$")
    return [program, *(unvaried(word) for word in arguments)]


def words(line: str) -> Iterator[str]:
    """Undo quotes, C's escapes and specifiers."""
    for quoted, plain in re.findall(r'"((?:[^"\\]|\\.)*)"(?= |$)|(\S+)', line):
        word = re.sub(
            r"\\(.)", lambda found: {"n": "\n", "t": "\t", "r": "\r"}.get(found[1], found[1]), quoted or plain
        )
        assert "%" not in word.replace("%%", "")
        yield word.replace("%%", "%")


def unvaried(word: str) -> str:
    """Undo what keeps a dollar from being a variable."""
    assert "$" not in word.replace("$$", "")
    return word.replace("$$", "$")


@given(ODD, st.lists(ODD, max_size=3))
def test_a_unit_means_the_command_it_was_made_of(name: str, arguments: list[str]):
    command = [f"/opt/{name}", *arguments]
    assert exec_of(systemd.text(tuple(command))) in (command, list(through_shell(tuple(command))))


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
@pytest.mark.parametrize("name", ["bursar", "my venv", "50% off", "$HOME", 'quo"te', "back\\slash", "it's"])
def test_the_service_manager_reads_the_unit_and_finds_the_program(tmp_path: Path, name: str):
    program = tmp_path / name / "bursar"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    unit = tmp_path / systemd.NAME
    unit.write_text(systemd.text((str(program), "--home", str(tmp_path / name), "serve")))
    environ = {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        ["systemd-analyze", "--user", "--man=no", "--recursive-errors=no", "verify", unit],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "bursar" not in done.stderr
    assert done.returncode == 0, done.stderr


def test_answers_under_way_have_more_time_to_end_than_bursar_gives_them():
    assert systemd.STOP_S > DRAIN_S + 10
    assert f"TimeoutStopSec={systemd.STOP_S}\n" in systemd.text(("/usr/bin/bursar",))


def test_enabled_as_systemctl_does_it_and_read_again(system: Make, tools: Tools):
    environ = system("linux").environ
    systemd.turn_on(environ, ("/usr/bin/bursar", "serve"), tools)
    unit = systemd.file(environ)
    assert (unit.parent / "default.target.wants" / "bursar.service").resolve() == unit
    assert tools.asked == [("systemctl", "--user", "daemon-reload")]
    assert systemd.is_on(environ)


def test_a_unit_that_a_person_disabled_or_masked_is_off(system: Make, tools: Tools):
    environ = system("linux").environ
    systemd.turn_on(environ, ("/usr/bin/bursar",), tools)
    unit = systemd.file(environ)
    unit.unlink()
    unit.symlink_to("/dev/null")
    assert not systemd.is_on(environ)
    systemd.turn_on(environ, ("/usr/bin/bursar",), tools)
    assert systemd.is_on(environ)
    assert not unit.is_symlink()
    (unit.parent / "default.target.wants" / "bursar.service").unlink()
    assert not systemd.is_on(environ)


def test_a_unit_that_a_package_brought_and_a_person_enabled_is_on(system: Make, tools: Tools, tmp_path: Path):
    environ = system("linux").environ
    package = tmp_path / "usr" / "bursar.service"
    package.parent.mkdir()
    package.write_text(systemd.text(("/opt/bursar/bursar", "serve")))
    wanted = systemd.file(environ).parent / "default.target.wants" / "bursar.service"
    wanted.parent.mkdir(parents=True)
    wanted.symlink_to(package)
    assert systemd.is_on(environ)
    systemd.turn_off(environ, tools)
    assert not systemd.is_on(environ)
    assert package.is_file()
