"""The property list says exactly the command, and what a person disabled is off. No Mac ever ran this."""

import plistlib
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from tests.tray.startup.conftest import Tools
from tray.startup import launchagent
from tray.startup.system import System

Make = Callable[[str], System]
# XML has no control characters, and macOS allows none of them in the names of programs that it starts.
WORD = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1)
COMMAND = ("/Applications/bursar & co.app/Contents/MacOS/bursar-tray", "serve")


@given(st.lists(WORD, min_size=1, max_size=4))
def test_a_list_means_the_command_it_was_made_of(command: list[str]):
    assert plistlib.loads(launchagent.plist(tuple(command)))["ProgramArguments"] == command


def test_it_runs_at_login_once_and_is_not_kept_alive(system: Make, tools: Tools):
    environ = system("darwin").environ
    launchagent.turn_on(environ, COMMAND, tools)
    found = plistlib.loads(launchagent.file(environ).read_bytes())
    assert found["RunAtLoad"] is True
    assert "KeepAlive" not in found
    assert launchagent.file(environ).name == f"{found['Label']}.plist"


def test_turning_it_on_or_off_neither_starts_nor_ends_a_bursar(system: Make, tools: Tools):
    environ = system("darwin").environ
    launchagent.turn_on(environ, COMMAND, tools)
    launchagent.turn_off(environ)
    assert {command[1] for command in tools.asked} == {"print-disabled"}


def test_what_a_person_disabled_is_off_and_enabled_again_when_they_turn_it_on(system: Make, tools: Tools):
    environ = system("darwin").environ
    launchagent.turn_on(environ, COMMAND, tools)
    for disabled in ('"bursar.login" => disabled', '"bursar.login" => true'):
        tools.says["print-disabled"] = f'disabled services = {{\n\t"com.apple.x" => enabled\n\t{disabled}\n}}\n'
        assert not launchagent.is_on(environ, tools)
    launchagent.turn_on(environ, COMMAND, tools)
    assert tools.asked[-1][1] == "enable"
    assert tools.asked[-1][2].endswith("/bursar.login")
    tools.says["print-disabled"] = '{\n\t"bursar.login" => enabled\n}\n'
    assert launchagent.is_on(environ, tools)


def test_a_list_that_says_disabled_or_says_nothing_is_off(system: Make, tools: Tools):
    environ = system("darwin").environ
    path = launchagent.file(environ)
    path.parent.mkdir(parents=True)
    for content in (b"", b"no list", plistlib.dumps({"Disabled": True, "Label": "bursar.login"}), plistlib.dumps([])):
        path.write_bytes(content)
        assert not launchagent.is_on(environ, tools)
