"""A person at a real panel with a real bursar:
`python -m tests.prove.panels [xfce|lxqt|gnome|tint2 …] [--runs N] [--keep FOLDER]`.

The icon, the open menu and its lines are found in the picture of the screen; what a click did is asked of the control
server. Each run has a screen, a bus, a home and a fake Claude of its own.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from tests.kit.bursar import Bursar
from tests.kit.fake_claude import FakeClaude
from tests.kit.panel import PANELS, STRIP, missing
from tests.kit.raw import ask, message
from tests.kit.screen import HEIGHT, PATIENCE_S, RIGHT, WIDTH, Box, NotSeen, Screen, different, rows, wait
from tray.menu import Here, Item, face

AGAIN_S = 5.0
ASIDE = (4, HEIGHT - 4)
DOLLAR = "[[out:100000]]"  # 0.1 MTok at $10.


@dataclass
class Menu:
    """An open menu: where it lies, its picture, what it hides, and its lines with where they are in the picture."""

    box: Box
    picture: Image.Image
    hidden: Image.Image
    lines: list[tuple[Item, Box]]

    def at(self, label: str) -> tuple[int, int]:
        """Give the middle of a line on the screen."""
        _, top, _, bottom = next(box for item, box in self.lines if item.label == label)
        return (self.box[0] + self.box[2]) // 2, self.box[1] + (top + bottom) // 2

    def changed(self, later: Image.Image) -> list[str]:
        """Name the lines that look different in a later picture of the same menu."""
        return [
            item.label.partition(":")[0]
            for item, box in self.lines
            if different(self.picture.crop(box), later.crop(box))
        ]


@dataclass
class Sitting:
    """What one run came to, and the pictures that it leaves."""

    panel: str
    in_place: list[str] = field(default_factory=list)  # The lines that changed in the open menu.
    seconds_to_change: float = 0.0
    modes: list[str] = field(default_factory=list)
    pictures: dict[str, Image.Image] = field(default_factory=dict)


class Person:
    """Somebody before a screen with a panel and a bursar."""

    def __init__(self, name: str, screen: Screen, bursar: Bursar) -> None:
        self._screen, self._bursar = screen, bursar
        self._panel = PANELS[name](screen)
        self._empty = self._panel.start()
        self._icon: Box = (0, 0, 0, 0)

    def find_icon(self) -> None:
        """Look for the icon in the panel."""
        self._icon = self._screen.change(self._empty, STRIP)

    def open(self) -> Menu:
        """Open the menu with the mouse, and read it."""
        below = (0, self._panel.height, WIDTH, HEIGHT)
        before = self._screen.still(below)
        self._click_until_it_opens(before, below)
        self._screen.point(*ASIDE)  # Else the tooltip comes over the menu when its text changes.
        until = time.monotonic() + PATIENCE_S
        while True:
            box = self._screen.change(before, below)
            picture = self._screen.still(box)
            shown = [item for item in face(self._bursar.status(), Here(at_login=False)).items if item.visible]
            found = rows(picture)
            if len(found) == len(shown):
                hidden = before.crop((box[0], box[1] - below[1], box[2], box[3] - below[1]))
                return Menu(box, picture, hidden, list(zip(shown, found, strict=True)))
            if time.monotonic() > until:  # A tooltip may come before the menu, and is one line.
                raise NotSeen(f"{len(found)} lines instead of {len(shown)}")

    def _click_until_it_opens(self, before: Image.Image, below: Box) -> None:
        """Click, and once more if nothing happens: GNOME opens no menu that it has not read yet."""
        for _ in range(3):
            self._screen.click((self._icon[0] + self._icon[2]) // 2, (self._icon[1] + self._icon[3]) // 2, RIGHT)
            with suppress(NotSeen):
                self._screen.change(before, below, AGAIN_S)
                return

    def choose(self, menu: Menu, label: str) -> None:
        """Click on a line, and wait until the menu is closed."""
        self._screen.click(*menu.at(label))
        self._screen.gone(menu.hidden, menu.box)

    def restart_panel(self) -> None:
        """Kill the panel, see the icon go, start it again and see the icon come."""
        with_icon = self._screen.picture(STRIP)
        self._panel.kill()
        self._screen.change(with_icon, STRIP)
        self._panel.start()
        wait(lambda: different(self._empty, self._screen.still(STRIP)), "the icon on the new panel")
        self.find_icon()


def sit(name: str, folder: Path) -> Sitting:
    """Do it all once. Raises NotSeen, with the log of the desktop, for what is not on the screen."""
    sitting = Sitting(name)
    with FakeClaude() as fake, Screen() as screen:
        environ = screen.environ | {"XDG_CURRENT_DESKTOP": PANELS[name].desktop}
        bursar = Bursar(folder, fake.url, mode="observe", desktop=environ, cutoff="20.00")
        person = Person(name, screen, bursar)
        with bursar:
            try:
                _spend(bursar)
                person.find_icon()
                _watch_a_number_change(person, screen, bursar, sitting)
                _switch(person, bursar, sitting, "Local only")
                person.restart_panel()
                _switch(person, bursar, sitting, "Claude only")
            except NotSeen as what:
                screen.picture().save(folder / "unseen.png")
                raise NotSeen(
                    f"{what}; {folder / 'unseen.png'}\n{screen.output()[-2000:]}\n{bursar.output()}"
                ) from what
    return sitting


def _spend(bursar: Bursar) -> None:
    assert ask(bursar.url, message(DOLLAR, max_tokens=100_000)).status == 200
    bursar.settled()


def _watch_a_number_change(person: Person, screen: Screen, bursar: Bursar, sitting: Sitting) -> None:
    """Open the menu, have a request billed, and see which lines change while it stays open."""
    menu = person.open()
    sitting.pictures["before"] = screen.picture()
    began = time.monotonic()
    _spend(bursar)
    wait(lambda: "Today" in menu.changed(screen.picture(menu.box)), "another number in the open menu")
    sitting.seconds_to_change = time.monotonic() - began
    later = screen.still(menu.box)
    sitting.in_place = menu.changed(later)
    sitting.pictures["after"] = screen.picture()
    if len(rows(later)) != len(menu.lines):
        raise NotSeen("the menu did not stay as it was")
    person.choose(menu, "Auto")
    _is_mode(bursar, sitting, "auto")


def _switch(person: Person, bursar: Bursar, sitting: Sitting, label: str) -> None:
    person.choose(person.open(), label)
    _is_mode(bursar, sitting, {"Local only": "local", "Claude only": "cloud"}[label])


def _is_mode(bursar: Bursar, sitting: Sitting, mode: str) -> None:
    wait(lambda: bursar.status()["mode"] == mode, f"the mode {mode}")
    sitting.modes.append(mode)


def main() -> None:
    """Sit down so many times at each panel and tell what was seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("panels", nargs="*", default=list(PANELS), choices=[[], *PANELS])
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="a folder for the pictures; unseen.png says where a run stopped")
    given = parser.parse_args()
    for name in given.panels:
        if lacking := missing(name):
            print(f"{name}: not here: {', '.join(lacking)}")
            continue
        for run in range(1, given.runs + 1):
            with tempfile.TemporaryDirectory() as folder:
                try:
                    sitting = sit(name, Path(folder) / "home")
                except NotSeen:
                    if given.keep:
                        shutil.copy(Path(folder) / "home" / "unseen.png", given.keep)
                    raise
            seconds = f"{sitting.seconds_to_change:.1f} s"
            print(
                f"{name} {run}: {sitting.in_place} changed in place after {seconds}; modes {sitting.modes}", flush=True
            )
            if given.keep:
                for what, picture in sitting.pictures.items():
                    picture.save(given.keep / f"{name}-{what}.png")


if __name__ == "__main__":
    main()
