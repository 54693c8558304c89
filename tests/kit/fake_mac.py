"""A macOS that pystray and our tray can be run on anywhere: the parts of AppKit that they use, as documented.

Every call of every object is written down with its thread, and one on another thread than the application's is an
error: newer systems end the program for it.
"""

# ruff: noqa: N802  The methods have the names that AppKit gives them, through PyObjC.

from __future__ import annotations

import importlib
import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import pytest
from PIL import Image

from tests.kit.fake_mac_session import Place, Watched

SECONDS = 10.0


class NSObject(Watched):
    """What Python classes for AppKit are made of."""

    def perform(self, selector: bytes, sender: Any) -> None:
        """Call the method of that selector."""
        for name in dir(type(self)):
            if getattr(getattr(type(self), name), "selector", None) == selector:
                return getattr(self, name)(sender)
        raise AssertionError(f"no method for {selector!r}")


class NSApplication(Watched):
    """The application and its loop."""

    def __init__(self) -> None:
        self.policy = 0
        self.is_ending = False

    @staticmethod
    def sharedApplication() -> NSApplication:
        """Give the one there is."""
        Place.mac.note("NSApplication.sharedApplication")
        Place.mac.app = Place.mac.app or NSApplication()
        return Place.mac.app

    def setActivationPolicy_(self, policy: int) -> None:
        self.policy = policy

    def run(self) -> None:
        """Do jobs and events; `stop_` counts after the next event only."""
        self.is_ending = False
        while True:
            is_event, job = Place.mac.jobs.get(timeout=SECONDS)
            job()
            if is_event and self.is_ending:
                return

    def stop_(self, sender: Any) -> None:
        self.is_ending = True

    def postEvent_atStart_(self, event: Any, at_start: bool) -> None:
        Place.mac.jobs.put((True, bool))


class NSStatusBar(Watched):
    """The menu bar."""

    @staticmethod
    def systemStatusBar() -> NSStatusBar:
        return NSStatusBar()

    def statusItemWithLength_(self, length: float) -> StatusItem:
        Place.mac.status_item = StatusItem()
        return Place.mac.status_item

    def removeStatusItem_(self, item: StatusItem) -> None:
        Place.mac.status_item = None

    def thickness(self) -> float:
        return 22.0


class StatusItem(Watched):
    """Our place in it, which is its own button."""

    def __init__(self) -> None:
        self.hidden, self.tip = True, ""
        self.image: NSImage | None = None
        self.menu: NSMenu | None = None

    def button(self) -> StatusItem:
        return self

    def setTarget_(self, target: Any) -> None: ...

    def setAction_(self, action: bytes) -> None: ...

    def setHidden_(self, hidden: bool) -> None:
        self.hidden = hidden

    def setToolTip_(self, tip: str) -> None:
        self.tip = tip

    def setImage_(self, image: NSImage) -> None:
        self.image = image

    def setMenu_(self, menu: NSMenu) -> None:
        self.menu = menu


class NSMenu(Watched):
    """A menu; an open one shows each change of its lines."""

    def __init__(self) -> None:
        self.items: list[NSMenuItem] = []
        self.delegate: Any = None
        self.enables_itself = True

    def initWithTitle_(self, title: str) -> NSMenu:
        return self

    def setAutoenablesItems_(self, on: bool) -> None:
        self.enables_itself = on

    def setDelegate_(self, delegate: Any) -> None:
        self.delegate = delegate

    def addItem_(self, item: NSMenuItem) -> None:
        self.items.append(item)

    def removeAllItems(self) -> None:
        self.items.clear()

    def cancelTracking(self) -> None:
        if Place.mac.tracked is self:
            Place.mac.tracked = None

    def read(self) -> list[str]:
        """Give what a person sees."""
        assert not self.enables_itself, "AppKit would grey the lines by its own rules"
        shown = [item for item in self.items if not item.hidden]
        return [
            text
            for item in shown
            for text in (str(item), *(f"  {under}" for under in (item.submenu.read() if item.submenu else ())))
        ]

    def find(self, title: str) -> NSMenuItem:
        """Find a line."""
        found = [item for item in self.items if item.title == title]
        return found[0] if found else next(item.submenu.find(title) for item in self.items if item.submenu)


class NSMenuItem(Watched):
    """A line of a menu."""

    def __init__(self) -> None:
        self.title, self.action, self.state, self.number = "", b"", 0, 0
        self.hidden, self.enabled, self.is_separator = False, True, False
        self.target: Any = None
        self.submenu: NSMenu | None = None

    def __str__(self) -> str:
        if self.is_separator:
            return "-"
        more = " >" if self.submenu else ""
        return ("✓ " if self.state else "") + self.title + more + ("" if self.enabled else " (grey)")

    @staticmethod
    def separatorItem() -> NSMenuItem:
        made = NSMenuItem()
        made.is_separator = True
        return made

    def initWithTitle_action_keyEquivalent_(self, title: str, action: bytes, key: str) -> NSMenuItem:
        self.title, self.action = title, action
        return self

    def setTarget_(self, target: Any) -> None:
        self.target = target

    def setTag_(self, number: int) -> None:
        self.number = number

    def tag(self) -> int:
        return self.number

    def setSubmenu_(self, menu: NSMenu) -> None:
        self.submenu = menu

    def setTitle_(self, title: str) -> None:
        self.title = title

    def setState_(self, state: int) -> None:
        self.state = state

    def setHidden_(self, hidden: bool) -> None:
        self.hidden = hidden

    def setEnabled_(self, enabled: bool) -> None:
        self.enabled = enabled


class NSData(Watched):
    """Bytes."""

    def __init__(self, data: bytes = b"") -> None:
        self.data = data

    @staticmethod
    def dataWithBytes_length_(data: bytes, length: int) -> NSData:
        return NSData(data[:length])


class NSBitmapImageRep(Watched):
    """A picture in pixels, and how large it is in points."""

    def __init__(self, picture: Image.Image) -> None:
        self.picture = picture
        self.points = picture.size

    @staticmethod
    def imageRepWithData_(data: NSData) -> NSBitmapImageRep:
        return NSBitmapImageRep(Image.open(io.BytesIO(data.data)))

    def setSize_(self, points: tuple[int, int]) -> None:
        self.points = points


class NSImage(Watched):
    """A picture, of which the screen takes what fits it best."""

    def __init__(self) -> None:
        self.points = (0, 0)
        self.kept: list[NSBitmapImageRep] = []
        self.is_template = False

    def initWithSize_(self, points: tuple[int, int]) -> NSImage:
        self.points = points
        return self

    def addRepresentation_(self, kept: NSBitmapImageRep) -> None:
        self.kept.append(kept)

    def setTemplate_(self, on: bool) -> None:
        self.is_template = on


class NSEvent(Watched):
    """Something to put in the queue."""

    @staticmethod
    def otherEventWithType_location_modifierFlags_timestamp_windowNumber_context_subtype_data1_data2_(
        *given: Any,
    ) -> NSEvent:
        return NSEvent()


def named_selector(selector: bytes) -> Callable[[Any], Any]:
    """Give a method a selector of its own, as `objc.namedSelector` does."""

    def name(method: Any) -> Any:
        method.selector = selector
        return method

    return name


def call_after(job: Callable[..., Any], *arguments: Any) -> None:
    """Have the main thread do something soon, whatever mode its loop is in; from any thread."""
    Place.mac.jobs.put((False, lambda: job(*arguments)))


def refuse(*_: Any) -> None:
    """Say that a second handler of a signal takes the program's own away."""
    raise AssertionError("a handler of SIGINT beside bursar's own")


def modules() -> dict[str, ModuleType]:
    """Make the modules of PyObjC."""
    content: dict[str, dict[str, Any]] = {
        "AppKit": {
            **{kind.__name__: kind for kind in (NSApplication, NSStatusBar, NSMenu, NSMenuItem, NSImage, NSEvent)},
            "NSBitmapImageRep": NSBitmapImageRep,
            "NSVariableStatusItemLength": -1.0,
            "NSApplicationDefined": 15,
            "NSPoint": lambda x, y: (x, y),
        },
        "Foundation": {"NSObject": NSObject, "NSData": NSData},
        "objc": {"namedSelector": named_selector},
        "PyObjCTools": {},
        "PyObjCTools.MachSignals": {"signal": refuse, "getsignal": refuse},
        "PyObjCTools.AppHelper": {"callAfter": call_after},
    }
    made = {name: ModuleType(name) for name in content}
    for name, values in content.items():
        vars(made[name]).update(values)
    made["PyObjCTools"].__path__ = []
    for child in ("MachSignals", "AppHelper"):
        setattr(made["PyObjCTools"], child, made[f"PyObjCTools.{child}"])
    return made


@contextmanager
def loaded() -> Iterator[Any]:
    """Give our module for macOS, loaded on the fakes: once in a process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSTRAY_BACKEND", "dummy")
        for name, module in modules().items():
            patch.setitem(sys.modules, name, module)
        yield importlib.import_module("tray.backends.macos")
