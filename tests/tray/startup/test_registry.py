"""The registry's value is the command, and what the Task Manager turned off is off. No Windows ever ran this."""

import subprocess

import pytest

from tests.tray.startup.conftest import Registry
from tray.startup import registry
from tray.startup.registry import APPROVED, NAME, RUN

COMMAND = (r"C:\Program Files\bursar\bursar-tray.exe", "--home", r"D:\my budget")


def test_the_value_is_the_command_with_the_quotes_that_windows_needs():
    found = Registry()
    registry.turn_on(found, COMMAND)
    assert found.keys[RUN][NAME] == (subprocess.list2cmdline(COMMAND), Registry.REG_SZ)
    assert found.keys[RUN][NAME][0] == r'"C:\Program Files\bursar\bursar-tray.exe" --home "D:\my budget"'


@pytest.mark.parametrize(("first", "is_on"), [(2, True), (6, True), (3, False), (7, False)])
def test_the_task_managers_switch_is_believed_and_goes_back_when_a_person_turns_it_on_here(first: int, is_on: bool):
    found = Registry()
    registry.turn_on(found, COMMAND)
    found.keys[APPROVED] = {NAME: (bytes([first, *[0] * 11]), Registry.REG_BINARY)}
    assert registry.is_on(found) is is_on
    registry.turn_on(found, COMMAND)
    assert registry.is_on(found)


def test_turning_it_off_leaves_no_value_of_ours_and_every_other():
    found = Registry()
    found.keys = {RUN: {"other": ("x", 1)}, APPROVED: {"other": (b"\3", 3), NAME: (b"\2", 3)}}
    registry.turn_on(found, COMMAND)
    for _ in range(2):
        registry.turn_off(found)
    assert found.keys == {RUN: {"other": ("x", 1)}, APPROVED: {"other": (b"\3", 3)}}


def test_a_command_that_windows_would_not_start_is_refused_in_words():
    found = Registry()
    with pytest.raises(OSError, match="no command longer than 260 characters; this one has"):
        registry.turn_on(found, ("C:\\" + "a" * 300,))
    assert not registry.is_on(found)


def test_a_registry_without_the_keys_is_off():
    assert not registry.is_on(Registry())
    registry.turn_off(Registry())
