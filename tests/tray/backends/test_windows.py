"""The tray on Windows, on a Windows of our own: what is called, on which thread, and what a person sees of it."""

import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pytest

from tests.kit.desktop import until
from tests.kit.fake_windows import Machine, Windows, loaded
from tests.tray.backends.conftest import FACE, MENU, Heard
from tests.tray.startup.conftest import Registry
from tray.backends.base import Note
from tray.backends.choose import choose, choose_notifier
from tray.backends.windows_look import PERSONALIZE, look_of_taskbar
from tray.menu import Face, IconKey, Item

WM_RBUTTONDOWN, WM_RBUTTONUP, WM_LBUTTONUP, CLICKED_NOTE = 0x204, 0x205, 0x202, 0x405
WM_ICON, WM_DISPLAYCHANGE, WM_SETTINGCHANGE, WM_TIMER, TASKBAR_CREATED = 0x40B, 0x7E, 0x1A, 0x113, 0xC0DE

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a real Windows is in the place of ours")


@pytest.fixture(scope="module")
def machine() -> Iterator[tuple[Machine, Any]]:
    """Where our module for Windows can be loaded."""
    with loaded() as both:
        yield both


@dataclass
class Seat:
    """A person before a Windows with our tray."""

    windows: Windows
    tray: Any
    heard: Heard
    thread: threading.Thread

    def open(self) -> list[str]:
        """Open the menu and read it."""
        self.windows.send(WM_ICON, WM_RBUTTONUP)
        until(lambda: self.windows.open_menu, "a menu")
        return self.windows.shown()

    def closed(self) -> None:
        """Wait until the menu is closed."""
        until(lambda: self.windows.open_menu is None, "no menu")

    def show(self, face: Face) -> None:
        """Show a face and wait until the taskbar has it."""
        self.tray.show(face)
        until(lambda: self.windows.taskbar.tip == face.tooltip, "the tooltip")


@pytest.fixture
def start(machine: tuple[Machine, Any]) -> Iterator[Callable[..., Seat]]:
    """Starts the tray; at the end it is stopped, and nothing may be wrong or left behind."""
    there, module = machine
    seats = []

    def run(windows: Windows | None = None, *, waits: bool = True, **settings: Any) -> Seat:
        there.windows = windows or Windows()
        heard = Heard()
        tray = module.WindowsTray(heard.wiring(), **settings)
        tray.show(FACE)
        thread = threading.Thread(target=tray.run)
        seat = Seat(there.windows, tray, heard, thread)
        thread.start()
        seats.append(seat)
        if waits:
            until(lambda: tray.state == "host", "the icon")
        return seat

    yield run
    for seat in seats:
        seat.tray.stop()
        seat.thread.join(10)
        assert not seat.thread.is_alive()
        assert seat.windows.wrong == []
        assert not seat.windows.taskbar.has_icon
        assert (seat.windows.menus, seat.windows.icons) == ({}, {})
        assert seat.windows.threads() == {seat.thread.ident}


Start = Callable[..., Seat]


def test_the_menu_is_as_it_was_described(start: Start):
    assert start().open() == [
        *("Auto: local first, Claude within budget (grey)", "-", "(o) Auto", "Local only", "Claude only (grey)", "-"),
        *("Daily budget: $10.00 >", "  $5", "  (o) $10", "  Custom…", "Start at login", "Quit bursar_now"),
    ]


def test_a_click_does_what_the_line_says_in_the_submenu_too(start: Start):
    seat = start()
    for label in ("Local only", "$5", "Quit bursar_now"):
        seat.open()
        seat.windows.choose(label)
        seat.closed()
    until(lambda: len(seat.heard.clicks) == 3, "three clicks")
    assert seat.heard.clicks == ["mode:local", "budget:5", "quit"]
    assert seat.thread.ident not in seat.heard.threads


def test_an_open_menu_stays_as_it_is_until_it_is_closed_and_is_then_the_newest(start: Start):
    seat = start()
    before = seat.open()
    for cents in range(1, 30):
        seat.show(
            Face((replace(MENU[0], label=f"Today: $0.{cents}"), *MENU[1:]), f"tip {cents}", IconKey(cents % 24, "dot"))
        )
    assert seat.windows.shown() == before
    seat.windows.escape()
    seat.closed()
    assert seat.open()[0] == "Today: $0.29 (grey)"


def test_a_click_means_the_line_that_was_read_though_the_menu_changed_meanwhile(start: Start):
    seat = start()
    seat.open()
    seat.show(Face((Item(99, "Another first line", "action", action="other"), *MENU), "changed", FACE.icon))
    seat.windows.choose("Local only")
    seat.closed()
    until(lambda: seat.heard.clicks, "a click")
    assert seat.heard.clicks == ["mode:local"]


def test_texts_are_cut_to_what_windows_takes_and_whole_characters_are_kept(start: Start):
    seat = start()
    seat.tray.show(replace(FACE, tooltip="😀" * 100))
    until(lambda: seat.windows.taskbar.tip.startswith("😀"), "the tooltip")
    assert seat.windows.taskbar.tip == "😀" * 63 + "…"
    assert seat.tray.tell(Note("t", "T" * 100, "x" * 254 + "😀", "open:today")) == ""
    until(lambda: seat.windows.taskbar.said, "a note")
    assert seat.windows.taskbar.said == [("T" * 62 + "…", "x" * 254 + "…")]


def test_a_click_on_a_note_does_what_the_note_says(start: Start):
    seat = start()
    for action in ("open:today", "open:reports"):
        seat.tray.tell(Note("budget", "80% is spent", "of $10.00", action))
    until(lambda: len(seat.windows.taskbar.said) == 2, "two notes")
    seat.windows.send(WM_ICON, CLICKED_NOTE)
    until(lambda: seat.heard.clicks == ["open:reports"], "the click")


def test_the_notifier_says_why_nothing_was_shown(start: Start, machine: tuple[Machine, Any]):
    windows = Windows()
    windows.taskbar.is_there = False
    seat = start(windows, waits=False)
    notifier = machine[1].WindowsNotifier(seat.tray)
    note = Note("budget", "80% is spent", "", "open:today")
    assert not notifier.is_there()
    assert notifier.tell(note) == "the taskbar shows no icon of bursar"
    windows.taskbar.is_there = True
    until(lambda: windows.timer_ms, "a timer")
    windows.send(WM_TIMER)
    until(notifier.is_there, "the icon")
    assert notifier.tell(note) == ""
    until(lambda: windows.taskbar.said == [("80% is spent", "80% is spent")], "the note")
    notifier.close()
    assert notifier.tell(note) == "bursar is ending"


@pytest.mark.parametrize(("dpi", "size"), [(96, 16), (120, 20), (144, 24), (192, 32), (288, 48)])
def test_the_icon_has_exactly_the_pixels_of_the_screen(start: Start, dpi: int, size: int):
    seat = start(Windows(dpi))
    assert seat.windows.icons[seat.windows.taskbar.icon] == (size, size)


@pytest.mark.parametrize("message", [WM_DISPLAYCHANGE, WM_SETTINGCHANGE])
def test_the_icon_is_drawn_anew_when_the_screen_or_the_colours_change(start: Start, message: int):
    seat = start()
    seat.windows.dpi = 192
    seat.windows.send(message)
    until(lambda: seat.windows.icons.get(seat.windows.taskbar.icon) == (32, 32), "the larger icon")


def test_a_click_on_the_icon_opens_the_dashboard_and_the_right_button_asks_for_fresh_figures(start: Start):
    seat = start()
    seat.windows.send(WM_ICON, WM_LBUTTONUP)
    until(lambda: seat.heard.clicks == ["dashboard"], "the click")
    seat.windows.send(WM_ICON, WM_RBUTTONDOWN)
    until(lambda: seat.heard.openings == 1, "the question")


def test_a_taskbar_that_comes_late_or_comes_back_gets_the_icon(start: Start):
    windows = Windows()
    windows.taskbar.is_there = False
    seat = start(windows, waits=False, unseen_after_s=0.0)
    until(lambda: windows.timer_ms, "a timer")
    assert seat.tray.state == "no-host"
    windows.send(WM_TIMER)
    until(lambda: seat.heard.unseen == 1, "being told")
    windows.taskbar.is_there = True
    windows.send(WM_TIMER)
    until(lambda: seat.tray.state == "host" and windows.timer_ms == 0, "the icon")
    windows.taskbar.has_icon = False  # Explorer crashed.
    windows.send(TASKBAR_CREATED)
    until(lambda: windows.taskbar.has_icon and windows.taskbar.icon in windows.icons, "the icon again")
    assert seat.heard.unseen == 1


def test_an_end_while_the_menu_is_open_closes_it(start: Start):
    seat = start()
    seat.open()
    seat.tray.stop()
    seat.thread.join(10)
    assert seat.windows.open_menu is None
    assert seat.tray.state == "no-bus"


def test_stopping_before_there_is_a_face_or_a_window_ends_it(machine: tuple[Machine, Any]):
    there, module = machine
    there.windows = Windows()
    tray = module.WindowsTray(Heard().wiring())
    thread = threading.Thread(target=tray.run)
    thread.start()
    tray.stop()
    thread.join(10)
    assert not thread.is_alive()
    tray.show(FACE)
    assert (tray.tell(Note("", "", "", "")), there.windows.calls) == ("the taskbar shows no icon of bursar", [])


def test_many_threads_may_show_faces_at_once(start: Start):
    seat = start()
    faces = [replace(FACE, tooltip=f"tip {number}") for number in range(100)]
    threads = [threading.Thread(target=partial(seat.tray.show, face)) for face in faces]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seat.show(replace(FACE, tooltip="the last"))


def test_windows_is_given_this_tray_and_its_notes(machine: tuple[Machine, Any]):
    tray = choose("win32", {}, Heard().wiring())
    assert isinstance(tray, machine[1].WindowsTray)
    assert isinstance(choose_notifier("win32", {}, print, tray), machine[1].WindowsNotifier)
    assert choose_notifier("win32", {}, print, None) is None


def test_the_look_is_the_taskbars():
    registry = Registry()
    assert look_of_taskbar(registry) == "dark"
    for value, look in ((1, "light"), (0, "dark")):
        registry.keys[PERSONALIZE] = {"SystemUsesLightTheme": (value, 4)}
        assert look_of_taskbar(registry) == look
