"""Fixtures: a desktop without a screen, and a bursar in a process of its own on it."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.kit.bursar import Bursar
from tests.kit.desktop import Panel, PrivateBus
from tests.kit.fake_claude import FakeClaude
from tests.kit.notes import NoteService

OPENS = """#!/bin/sh
echo "$1" >> "$(dirname "$0")/opened"
"""


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Closes what a test opened, the last first."""
    with ExitStack() as opened:
        yield opened


@pytest.fixture
def no_bus_yet(stack: ExitStack) -> PrivateBus:
    """The address of a bus that has not been started."""
    if shutil.which("dbus-daemon") is None:
        pytest.skip("dbus-daemon is not there: `python tests/run.py` installs it")
    bus = PrivateBus()
    stack.callback(bus.close)
    return bus


@pytest.fixture
def bus(no_bus_yet: PrivateBus) -> PrivateBus:
    """A bus."""
    no_bus_yet.start()
    return no_bus_yet


@pytest.fixture
def shown(no_bus_yet: PrivateBus, stack: ExitStack) -> Callable[..., Panel]:
    """Puts a panel on the bus."""

    def add(**settings: Any) -> Panel:
        panel = Panel(no_bus_yet.address, **settings)
        stack.callback(panel.close)
        return panel

    return add


@pytest.fixture
def panel(bus: PrivateBus, shown: Callable[..., Panel]) -> Panel:
    """A panel that shows icons."""
    return shown()


@pytest.fixture
def notes(bus: PrivateBus, stack: ExitStack) -> NoteService:
    """A service that shows notes."""
    service = NoteService(bus.address)
    stack.callback(service.close)
    return service


@pytest.fixture
def browser(tmp_path: Path) -> Path:
    """A folder with an `xdg-open` in it, which writes down what it is to open."""
    folder = tmp_path / "browser"
    folder.mkdir()
    (folder / "xdg-open").write_text(OPENS)
    (folder / "xdg-open").chmod(0o755)
    return folder


@pytest.fixture
def start(
    no_bus_yet: PrivateBus, browser: Path, fake: FakeClaude, tmp_path: Path, stack: ExitStack
) -> Callable[..., Bursar]:
    """Starts a bursar on this desktop, before the fake Claude."""

    def run(desktop: dict[str, str] | None = None, **settings: Any) -> Bursar:
        here = {"DBUS_SESSION_BUS_ADDRESS": no_bus_yet.address, "DISPLAY": ":no", "HOME": str(tmp_path)}
        here["PATH"] = f"{browser}:/usr/bin:/bin"
        made = Bursar(tmp_path / "home", fake.url, desktop=desktop or here, **{"mode": None, **settings})
        return stack.enter_context(made)

    return run


def opened(browser: Path) -> list[str]:
    """List what the browser was asked to open."""
    return (browser / "opened").read_text().split() if (browser / "opened").exists() else []
