"""Fixtures: a private bus, our Linux tray on it, and the menu that it shows."""

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
from PIL import Image

from tests.kit.desktop import Panel, PrivateBus
from tray.backends.base import Wiring
from tray.backends.linux import LinuxTray
from tray.menu import Face, IconKey, Item

MENU = (
    Item(1, "Auto: local first, Claude within budget", "info"),
    Item(2, "! Ollama is not running: using Claude", "action", action="trouble", visible=False),
    Item(3, "", "separator"),
    Item(4, "Auto", "radio", checked=True, action="mode:auto"),
    Item(5, "Local only", "radio", action="mode:local"),
    Item(6, "Claude only", "radio", action="mode:cloud", enabled=False),
    Item(7, "", "separator"),
    Item(
        *(8, "Daily budget: $10.00", "submenu"),
        items=(
            Item(9, "$5", "radio", action="budget:5"),
            Item(10, "$10", "radio", checked=True, action="budget:10"),
            Item(11, "Custom…", "action", action="settings"),
        ),
    ),
    Item(12, "Start at login", "check", action="startup"),
    Item(13, "Quit bursar_now", "action", action="quit"),
)
FACE = Face(MENU, "bursar: $1.84 of $10.00 today, Auto", IconKey(4, "dot"))


def draw(key: IconKey, size: int) -> Image.Image:
    """Draw a square whose red says how full the ring is."""
    return Image.new("RGBA", (size, size), (key.step, 2, 3, 4))


@dataclass
class Heard:
    """What the tray called, and on which threads; `busy` holds up whoever clicks, `then` comes after each click."""

    clicks: list[str] = field(default_factory=list)
    openings: int = 0
    unseen: int = 0
    threads: set[int] = field(default_factory=set)
    busy: threading.Lock = field(default_factory=threading.Lock)
    then: Callable[[], Any] = bool

    def wiring(self) -> Wiring:
        """Hang all of it on a tray."""
        return Wiring(draw=draw, clicked=self.click, opening=self.opening, unseen=self.missed)

    def click(self, action: str) -> None:
        """Remember a click."""
        self.threads.add(threading.get_ident())
        with self.busy:
            self.clicks.append(action)
        self.then()

    def opening(self) -> None:
        """Count an opening."""
        self.openings += 1

    def missed(self) -> None:
        """Count being told that nobody sees the icon."""
        self.unseen += 1


@dataclass
class Running:
    """A tray that runs in a thread."""

    tray: LinuxTray
    heard: Heard
    thread: threading.Thread


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


Start = Callable[..., Running]


@pytest.fixture
def start(no_bus_yet: PrivateBus, stack: ExitStack) -> Start:
    """Starts a tray, on the private bus unless told otherwise."""

    def run(addresses: Callable[[], list[str]] | None = None, **settings: Any) -> Running:
        heard = Heard()
        settings = {"unseen_after_s": 600.0, "retry_s": 0.02, **settings}
        tray = LinuxTray(addresses or (lambda: [no_bus_yet.address]), heard.wiring(), **settings)
        tray.show(FACE)
        thread = threading.Thread(target=tray.run)
        thread.start()
        stack.callback(thread.join, 10.0)
        stack.callback(tray.stop)
        return Running(tray, heard, thread)

    return run


@pytest.fixture
def shown(no_bus_yet: PrivateBus, stack: ExitStack) -> Callable[..., Panel]:
    """Puts a panel on the private bus."""

    def add(**settings: Any) -> Panel:
        panel = Panel(no_bus_yet.address, **settings)
        stack.callback(panel.close)
        return panel

    return add


@pytest.fixture
def panel(bus: PrivateBus, shown: Callable[..., Panel]) -> Panel:
    """A panel that shows icons."""
    return shown()
