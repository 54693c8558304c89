"""The tray on macOS, on a Mac of our own: what is called, on which thread, and what a person sees of it."""

import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.kit.desktop import until
from tests.kit.fake_mac import loaded
from tests.kit.fake_mac_session import Mac, Place
from tests.tray.backends.conftest import FACE, MENU, Heard
from tray.backends.base import Note
from tray.backends.choose import choose, choose_notifier, look_of
from tray.backends.macos_session import has_window_server
from tray.menu import IconKey, Item

pytestmark = pytest.mark.skipif(sys.platform == "darwin", reason="a real AppKit is in the place of ours")

NOTE = Note("budget", '80 % "is" spent', "of \\$10.00 -- see `today`", "open:today")


@pytest.fixture(scope="module")
def module() -> Iterator[Any]:
    """Our module for macOS."""
    with loaded() as found:
        yield found


@dataclass
class Seat:
    """A person before a Mac with our tray."""

    mac: Mac
    tray: Any
    heard: Heard
    thread: threading.Thread

    def open(self) -> list[str]:
        """Open the menu and read it."""
        self.mac.open()
        until(lambda: self.mac.tracked, "a menu")
        return self.mac.shown()

    def first_is(self, line: str) -> None:
        """Wait until the first line of the open menu is this one."""
        until(lambda: self.mac.shown()[:1] == [line], line)


@pytest.fixture
def start(module: Any) -> Iterator[Callable[[], Seat]]:
    """Starts the tray; at the end it is stopped, and nothing may be wrong or left behind."""
    seats = []

    def run() -> Seat:
        Place.mac = Mac()
        heard = Heard()
        tray = module.MacTray(heard.wiring())
        tray.show(FACE)
        assert Place.mac.calls == []
        seat = Seat(Place.mac, tray, heard, threading.Thread(target=tray.run))
        seats.append(seat)
        seat.thread.start()
        until(lambda: tray.state == "host", "the icon")
        return seat

    yield run
    for seat in seats:
        seat.tray.stop()
        seat.thread.join(10)
        assert not seat.thread.is_alive()
        assert seat.mac.wrong == []
        assert seat.mac.main == seat.thread.ident
        assert (seat.mac.status_item, seat.mac.tracked, seat.tray.state) == (None, None, "no-bus")


Start = Callable[[], Seat]


def test_the_menu_is_as_it_was_described(start: Start):
    assert start().open() == [
        *("Auto: local first, Claude within budget (grey)", "-", "✓ Auto", "Local only", "Claude only (grey)", "-"),
        *("Daily budget: $10.00 >", "  $5", "  ✓ $10", "  Custom…", "Start at login", "Quit bursar_now"),
    ]


def test_a_click_does_what_the_line_says_in_the_submenu_too(start: Start):
    seat = start()
    for label in ("Local only", "$5", "Quit bursar_now"):
        seat.open()
        seat.mac.choose(label)
        until(lambda: seat.mac.tracked is None, "no menu")
    until(lambda: len(seat.heard.clicks) == 3, "three clicks")
    assert seat.heard.clicks == ["mode:local", "budget:5", "quit"]
    assert seat.thread.ident not in seat.heard.threads


def test_the_open_menu_changes_line_by_line_and_stays_the_same_menu(start: Start):
    seat = start()
    seat.open()
    menu = seat.mac.tracked
    assert menu
    lines = list(menu.items)
    for cents in range(1, 30):
        seat.tray.show(replace(FACE, items=(replace(MENU[0], label=f"Today: $0.{cents:02}"), *MENU[1:])))
    seat.first_is("Today: $0.29 (grey)")
    shown = replace(MENU[1], visible=True)
    seat.tray.show(replace(FACE, items=(MENU[0], shown, *MENU[2:])))
    until(lambda: "! Ollama is not running: using Claude" in seat.mac.shown(), "the trouble")
    assert seat.mac.tracked is menu
    assert all(now is before for now, before in zip(menu.items, lines, strict=True))
    seat.mac.choose("Local only")
    until(lambda: seat.heard.clicks == ["mode:local"], "the click")


def test_opening_the_menu_asks_for_fresh_figures(start: Start):
    seat = start()
    seat.open()
    until(lambda: seat.heard.openings == 1, "the question")


def test_other_lines_make_the_menu_anew(start: Start):
    seat = start()
    seat.tray.show(replace(FACE, items=(Item(1, "Only this", "action", action="only"),)))
    until(lambda: seat.mac.status_item and seat.mac.status_item.menu.read() == ["Only this"], "the line")
    seat.open()
    seat.mac.choose("Only this")
    until(lambda: seat.heard.clicks == ["only"], "the click")


def test_the_icon_is_a_template_for_plain_and_for_dense_screens(start: Start):
    seat = start()
    until(lambda: seat.mac.status_item and not seat.mac.status_item.hidden, "the icon")
    item = seat.mac.status_item
    assert item
    assert item.image
    assert seat.mac.app
    assert (item.image.is_template, item.image.points, item.tip) == (True, (18, 18), FACE.tooltip)
    assert [(kept.picture.size, kept.points) for kept in item.image.kept] == [
        ((18, 18), (18, 18)),
        ((36, 36), (18, 18)),
    ]
    before, policy = item.image, seat.mac.app.policy
    assert policy == 1  # No icon in the Dock.
    seat.tray.show(replace(FACE, icon=IconKey(9, "house"), tooltip="later"))
    until(lambda: item.tip == "later" and item.image is not before, "another picture")
    assert item.image.kept[1].picture.getpixel((0, 0))[0] == 9


def test_a_storm_of_faces_from_many_threads_is_shown_on_the_main_thread_and_the_last_counts(start: Start):
    seat = start()
    faces = [replace(FACE, tooltip=f"tip {number}") for number in range(200)]
    threads = [threading.Thread(target=partial(seat.tray.show, face)) for face in faces]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seat.tray.show(replace(FACE, tooltip="the last"))
    until(lambda: seat.mac.status_item and seat.mac.status_item.tip == "the last", "the last")


def test_an_end_while_the_menu_is_open_closes_it(start: Start):
    seat = start()
    seat.open()
    seat.tray.stop()
    seat.thread.join(10)
    assert not seat.thread.is_alive()


def test_stopping_before_there_is_a_face_ends_it_and_touches_nothing(module: Any):
    Place.mac = Mac()
    tray = module.MacTray(Heard().wiring())
    thread = threading.Thread(target=tray.run)
    thread.start()
    tray.stop()
    thread.join(10)
    assert not thread.is_alive()
    assert Place.mac.calls == []


@pytest.fixture
def script(tmp_path: Path) -> tuple[tuple[str, ...], Path]:
    """A stand-in for osascript that writes down its arguments."""
    written = tmp_path / "arguments"
    program = tmp_path / "osascript.py"
    program.write_text(
        f"import sys\nopen({str(written)!r}, 'w').write('\\n'.join([sys.stdin.read(), *sys.argv[1:]]))\n"
    )
    return (sys.executable, str(program)), written


def test_what_a_note_says_is_never_a_part_of_the_script(module: Any, script: tuple[tuple[str, ...], Path]):
    command, written = script
    notifier = module.MacNotifier(command)
    assert notifier.is_there()
    assert notifier.tell(NOTE) == ""
    *told, dash, title, text = written.read_text().split("\n")
    assert (told[0], dash, title, text) == ("on run argv", "-", NOTE.title, NOTE.text)
    assert NOTE.title not in "".join(told)
    notifier.close()


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (("/nowhere/osascript",), "AppleScript could not be run"),
        ((sys.executable, "-c", "import sys; sys.exit('no rights')"), "no rights"),
        ((sys.executable, "-c", "import sys; sys.exit(1)"), "AppleScript failed"),
        ((sys.executable, "-c", "import time; time.sleep(60)"), "timed out"),
    ],
)
def test_a_note_that_could_not_be_shown_says_why(module: Any, command: tuple[str, ...], why: str):
    assert why in module.MacNotifier(command, timeout_s=0.5 if why == "timed out" else 10).tell(NOTE)


def test_a_mac_is_given_its_notes_and_no_icon_where_there_is_no_screen(module: Any):
    assert choose("darwin", {}, Heard().wiring()) is None  # AppKit would end bursar.
    assert isinstance(choose_notifier("darwin", {}, print, None), module.MacNotifier)
    assert look_of("darwin", {}) == "template"


@pytest.mark.parametrize(("found", "is_on_a_screen"), [(0, False), (None, False), (0x600000, True)])
def test_a_screen_is_known_by_the_description_of_the_session(found: int | None, is_on_a_screen: bool):
    class Framework:
        """A part of macOS."""

        @staticmethod
        def CGSessionCopyCurrentDictionary() -> int | None:  # noqa: N802
            """Describe the session."""
            return found

    assert has_window_server(lambda path: Framework()) is is_on_a_screen
    assert not has_window_server(lambda path: object())
