"""The display shows what is true, says when it is old, and outlives every fault behind it."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.kit.desktop import until
from tests.kit.statuses import status
from tray.actions import Hands, Status
from tray.control import ControlError
from tray.display import Display
from tray.menu import Face, Item
from tray.troubles import STALE_S


@dataclass
class Room:
    """A display with its surroundings: a bursar that may fail, a clock, and the faces that were shown."""

    stack: ExitStack
    now: float = 0.0
    looks: int = 0
    known: Status | Exception = field(default_factory=status)
    refuses: Exception | None = None
    broken: bool = False
    faces: list[Face] = field(default_factory=list)
    at_login: bool | Exception | None = None

    def display(self, **settings: Any) -> Display:
        """Hang up a display."""
        hands = Hands(self._post, "http://127.0.0.1:1", lambda url: True, lambda on: None, lambda: None)
        settings = {"gap_s": 0.01, "tick_s": 0.03, **settings}
        made = Display(self._status, hands, self._starts, elapsed=lambda: self.now, **settings)
        made.start(self._show)
        self.stack.callback(made.stop)
        until(lambda: self.looks)
        return made

    @property
    def lines(self) -> list[str]:
        """What a person reads now."""
        return [item.label for item in self.items if item.visible]

    @property
    def items(self) -> tuple[Item, ...]:
        """The lines of the last face."""
        return self.faces[-1].items if self.faces else ()

    def _status(self) -> Status:
        self.looks += 1
        if isinstance(self.known, Exception):
            raise self.known
        return self.known

    def _starts(self) -> bool | None:
        if isinstance(self.at_login, Exception):
            raise self.at_login
        return self.at_login

    def _post(self, path: str, body: dict[str, Any]) -> Status:
        if self.refuses:
            raise self.refuses
        return status(mode=body.get("mode", "auto"))

    def _show(self, face: Face) -> None:
        if self.broken:
            raise RuntimeError("no such colour")
        self.faces.append(face)


@pytest.fixture
def room() -> Iterator[Room]:
    """A room."""
    with ExitStack() as stack:
        yield Room(stack)


def test_figures_that_cannot_be_had_grow_old_and_come_back(room: Room, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.WARNING)
    room.display()
    until(lambda: "Today: $1.84 of $10.00 (18%)" in room.lines)
    room.known, room.now = TimeoutError("the disk is busy"), STALE_S + 1.0
    until(lambda: room.faces[-1].dimmed)
    assert "! bursar does not answer: figures are 16 s old" in room.lines
    assert "Today: $1.84 of $10.00 (18%)" in room.lines
    looks = room.looks
    until(lambda: room.looks > looks + 3)
    assert [record.getMessage() for record in caplog.records] == ["the tray has no new figures: the disk is busy"]
    room.known = status()
    until(lambda: not room.faces[-1].dimmed)


def test_what_could_not_be_done_is_shown_until_something_could(room: Room):
    display = room.display()
    room.refuses = ControlError("`cutoff` ($12.00) must not be below `budget` ($20.00)")
    display.clicked("budget:20")
    assert "! Not done: `cutoff` ($12.00) must not be below `budget` ($20.00)" in room.lines
    looks = room.looks
    until(lambda: room.looks > looks + 3)
    assert any(line.startswith("! Not done") for line in room.lines)
    room.refuses = None
    display.clicked("mode:local")
    assert not any(line.startswith("! Not done") for line in room.lines)


def test_a_click_is_shown_before_the_next_look(room: Room):
    display = room.display(gap_s=60.0, tick_s=120.0)
    display.clicked("mode:local")
    assert [item.label for item in room.items if item.checked] == ["Local only"]


@pytest.mark.parametrize("bug", [RuntimeError("a bug"), KeyError("status")])
def test_bugs_are_logged_and_the_next_click_works(room: Room, bug: Exception, caplog: pytest.LogCaptureFixture):
    display = room.display()
    room.refuses = bug
    display.clicked("mode:local")
    display.clicked("no such action")
    assert any("a fault of bursar" in line for line in room.lines)
    assert [record.exc_info is not None for record in caplog.records] == [True, True]
    room.known = bug
    looks = room.looks
    until(lambda: room.looks > looks + 3)
    assert len(caplog.records) == 3
    room.refuses, room.known, room.broken = None, status(settled_usd="5"), True
    until(lambda: len(caplog.records) > 4)
    room.broken = False
    until(lambda: any("$5.00" in line for line in room.lines))


def test_an_opened_menu_is_looked_at_at_once_and_much_that_happens_is_looked_at_once_a_second(room: Room):
    display = room.display(gap_s=60.0, tick_s=120.0)
    for _ in range(1000):
        display.note()
    assert room.looks == 1
    display.opening()
    until(lambda: room.looks == 2)


def test_whether_bursar_starts_at_login_is_asked_when_somebody_looks(room: Room):
    room.at_login = OSError("no such folder")
    display = room.display()
    assert "Start at login" not in room.lines
    room.at_login = True
    display.opening()
    until(lambda: any(item.label == "Start at login" and item.visible and item.checked for item in room.items))


def test_the_same_face_is_shown_once(room: Room):
    room.display()
    until(lambda: room.looks > 5)
    assert len(room.faces) == 1


def test_quit_says_that_a_second_one_does_not_wait(room: Room):
    room.known = status(open_holds=2)
    display = room.display()
    display.leaving()
    until(lambda: "Quit now (2 answers under way)" in room.lines)
