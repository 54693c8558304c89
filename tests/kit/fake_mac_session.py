"""A person's session at the fake Mac: what they click on, what they see, and every call that was made meanwhile."""

from __future__ import annotations

import functools
import queue
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.kit.fake_mac import NSApplication, NSMenu, StatusItem


class Mac:
    """One session of a person at a Mac."""

    def __init__(self) -> None:
        self.main = 0  # The thread that the application was first asked for on.
        self.calls: list[tuple[str, int]] = []
        self.wrong: list[str] = []
        self.status_item: StatusItem | None = None
        self.tracked: NSMenu | None = None
        self.app: NSApplication | None = None
        self.jobs: queue.Queue[tuple[bool, Callable[[], Any]]] = queue.Queue()  # Whether an event; what to do.

    def note(self, name: str) -> None:
        """Write down a call."""
        here = threading.get_ident()
        self.main = self.main or here
        self.calls.append((name, here))
        if here != self.main:
            self.wrong.append(f"{name} on another thread than the main one")

    # What a person does.

    def open(self) -> None:
        """Click on the icon, which opens its menu."""
        self.jobs.put((True, self._open))

    def choose(self, title: str) -> None:
        """Click on a line of the open menu, wherever in it."""
        self.jobs.put((True, lambda: self._choose(title)))

    def shown(self) -> list[str]:
        """Read the open menu."""
        return self.tracked.read() if self.tracked else []

    def _open(self) -> None:
        assert self.status_item
        menu = self.status_item.menu
        assert menu
        if menu.delegate:
            menu.delegate.menuWillOpen_(menu)
        self.tracked = menu

    def _choose(self, title: str) -> None:
        assert self.tracked
        item, self.tracked = self.tracked.find(title), None
        assert (item.enabled, item.hidden) == (True, False), "a line that nobody can click on"
        item.target.perform(item.action, item)


class Place:
    """Where the objects find the session of the test that runs."""

    mac = Mac()


class Watched:
    """An object of AppKit; its public methods are written down."""

    def __init_subclass__(cls) -> None:
        for name, method in list(vars(cls).items()):
            if callable(method) and not name.startswith("_") and name[0].islower() and name not in PLAIN:
                setattr(cls, name, _watched(cls.__name__, name, method))

    @classmethod
    def alloc(cls) -> Any:
        """Make an object, as Objective-C does in two steps."""
        Place.mac.note(f"{cls.__name__}.alloc")
        return cls()

    def init(self) -> Any:
        """Do the second step."""
        return self


PLAIN = {"read", "find", "perform", "alloc"}


def _watched(owner: str, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def call(*arguments: Any) -> Any:
        Place.mac.note(f"{owner}.{name}")
        return method(*arguments)

    return call
