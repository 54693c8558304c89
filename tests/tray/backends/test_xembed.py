"""The icon by XEmbed: what the helper is told, what it says, how it ends, and when it is wanted at all."""

import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.kit.desktop import until
from tests.tray.backends.conftest import FACE, MENU, Heard
from tray.backends.base import State, Wiring
from tray.backends.fallback import FallbackTray
from tray.backends.xembed import XEmbed
from tray.menu import Face, IconKey

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="for X servers")

# Keeps what it is told beside itself, and says what a tooltip that begins with "say" asks for.
CHILD = """
import json, os, pathlib, sys
told = pathlib.Path(__file__).with_suffix(".told")
assert "PYTHONPATH" not in os.environ and "LD_LIBRARY_PATH" not in os.environ
print(json.dumps({"shown": True}), flush=True)
for line in sys.stdin:
    with told.open("a") as file:
        file.write(line)
    word, _, rest = json.loads(line)["tooltip"].partition(" ")
    if word == "say":
        print(rest, flush=True)
    if word == "exit":
        sys.exit(int(rest))
"""
ENVIRON = {"PYTHONPATH": "/nowhere", "LD_LIBRARY_PATH": "/nowhere"}


@pytest.fixture
def child(tmp_path: Path) -> Path:
    """A helper that needs no screen."""
    path = tmp_path / "child.py"
    path.write_text(CHILD)
    return path


def told(child: Path) -> list[dict[str, Any]]:
    """Read what the helper was told, as far as its lines are whole: it may be writing one."""
    kept = child.with_suffix(".told")
    return [json.loads(line) for line in kept.read_text().split("\n")[:-1]] if kept.exists() else []


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Closes what a test opened."""
    with ExitStack() as opened:
        yield opened


@pytest.fixture
def shown(child: Path, stack: ExitStack) -> Callable[..., tuple[XEmbed, Heard, list[str]]]:
    """Shows the icon by the helper; gives, at its end, how it ended."""

    def run(pythons: tuple[str, ...] = (sys.executable,)) -> tuple[XEmbed, Heard, list[str]]:
        heard, endings = Heard(), list[str]()
        icon = XEmbed(pythons, ENVIRON, heard.wiring(), child=child)
        icon.show(FACE)
        thread = threading.Thread(target=lambda: endings.append(icon.attend(lambda: True)))
        thread.start()
        stack.callback(icon.close)
        stack.callback(thread.join, 10)
        stack.callback(icon.stop)
        return icon, heard, endings

    return run


Shown = Callable[..., tuple[XEmbed, Heard, list[str]]]


def test_the_helper_is_told_each_face_and_pictures_only_when_they_are_others(shown: Shown, child: Path):
    icon, _, _ = shown()
    until(lambda: icon.is_shown and len(told(child)) == 1, "the first face")
    icon.show(replace(FACE, tooltip="later"))
    until(lambda: len(told(child)) == 2, "the second")
    icon.show(replace(FACE, icon=IconKey(9, "house")))
    until(lambda: len(told(child)) == 3, "the third")
    first, second, third = told(child)
    assert first["tooltip"] == FACE.tooltip
    assert [item["label"] for item in first["items"]] == [item.label for item in MENU]
    assert [item["enabled"] for item in first["items"]] == [False, True, False, True, True, False, False, *[True] * 3]
    assert ["pictures" in face for face in (first, second, third)] == [True, False, True]
    assert first["pictures"].keys() == {"16", "22", "24", "32", "48"}
    assert first["pictures"] != third["pictures"]


def test_a_click_does_what_the_line_says_and_the_marks_are_set_right(shown: Shown, child: Path):
    icon, heard, _ = shown()
    for said in ({"clicked": 9}, {"activated": True}, {"opening": True}, {"clicked": 77}, {"shown": False}):
        icon.show(replace(FACE, tooltip=f"say {json.dumps(said)}"))
        until(lambda said=said: told(child) and said == json.loads(told(child)[-1]["tooltip"][4:]), "the word")
        until(lambda said=said: said != {"clicked": 9} or len(told(child)) == 2 or heard.clicks, "the click")
    until(lambda: not icon.is_shown, "no icon")
    until(lambda: heard.openings, "the opening")
    assert heard.clicks[0] == "budget:5"
    assert set(heard.clicks) == {"budget:5", "dashboard"}
    tooltips = [face["tooltip"] for face in told(child)]
    assert len(tooltips) > len(set(tooltips))


@pytest.mark.parametrize(("code", "ending"), [(3, "no-gtk"), (4, "no-tray"), (0, "failed"), (1, "failed")])
def test_it_is_known_why_the_helper_ended(shown: Shown, code: int, ending: str):
    icon, _, endings = shown()
    until(lambda: icon.is_shown, "the icon")
    icon.show(replace(FACE, tooltip=f"exit {code}"))
    until(lambda: endings == [ending], ending)
    assert not icon.is_shown


def test_another_python_is_tried_where_one_is_not_there(shown: Shown):
    icon, _, _ = shown(("/nowhere/python", sys.executable))
    until(lambda: icon.is_shown, "the icon")


def test_without_any_python_that_has_gtk_it_is_left_alone(shown: Shown):
    _, _, endings = shown(("/nowhere/python",))
    until(lambda: endings == ["no-gtk"], "the end")


class Better:
    """A tray whose state a test sets."""

    def __init__(self, wiring: Wiring) -> None:
        self.wiring = wiring
        self.state: State = "no-host"
        self.failures = 0
        self.faces: list[Face] = []
        self._ended = threading.Event()

    def show(self, face: Face) -> None:
        """Keep the face."""
        self.faces.append(face)

    def run(self) -> None:
        """Fail as often as a test wants, then wait for the end."""
        if self.failures:
            self.failures -= 1
            raise OSError("no tray")
        self._ended.wait()

    def stop(self) -> None:
        """End `run`."""
        self._ended.set()


@pytest.fixture
def fallback(child: Path, stack: ExitStack) -> Callable[..., tuple[FallbackTray, Better, Heard]]:
    """Runs both trays."""

    def run(*pythons: str) -> tuple[FallbackTray, Better, Heard]:
        heard, made = Heard(), list[Better]()

        def make(wiring: Wiring) -> Better:
            made.append(Better(wiring))
            return made[0]

        icon = XEmbed(pythons, ENVIRON, heard.wiring(), child=child)
        tray = FallbackTray(make, icon, heard.wiring(), patience_s=0.02, look_s=0.01, soon_s=0.3)
        tray.show(FACE)
        thread = threading.Thread(target=tray.run)
        thread.start()
        stack.callback(thread.join, 10)
        stack.callback(tray.stop)
        return tray, made[0], heard

    return run


Fallback = Callable[..., tuple[FallbackTray, Better, Heard]]


def test_the_old_kind_is_shown_while_no_panel_of_the_new_kind_is_there(fallback: Fallback, child: Path):
    tray, better, _ = fallback(sys.executable)
    until(lambda: tray.state == "host", "the icon")
    until(lambda: [face["tooltip"] for face in told(child)] == [FACE.tooltip], "the face")
    better.state = "host"
    tray.show(replace(FACE, tooltip="both"))
    until(lambda: not tray._xembed.is_shown, "the end of the helper")
    assert tray.state == "host"
    assert [face.tooltip for face in better.faces] == [FACE.tooltip, "both"]
    better.state = "no-bus"
    until(lambda: tray._xembed.is_shown, "the icon again")


def test_nobody_is_told_that_there_is_no_icon_when_there_is_one(fallback: Fallback):
    _, better, heard = fallback(sys.executable)
    better.wiring.unseen()
    assert heard.unseen == 0


def test_it_is_said_where_neither_is_seen(fallback: Fallback):
    tray, better, heard = fallback("/nowhere/python")
    better.wiring.unseen()
    assert (heard.unseen, tray.state) == (1, "no-host")


def test_after_a_failure_of_the_better_one_both_run_on(child: Path, stack: ExitStack):
    made = list[Better]()

    def make(wiring: Wiring) -> Better:
        made.append(Better(wiring))
        made[0].failures = 2
        return made[0]

    wiring = Heard().wiring()
    icon = XEmbed([sys.executable], ENVIRON, wiring, child=child)
    tray = FallbackTray(make, icon, wiring, patience_s=0.02, look_s=0.01)
    tray.show(FACE)
    for _ in range(2):
        with pytest.raises(OSError, match="no tray"):
            tray.run()
    thread = threading.Thread(target=tray.run)
    thread.start()
    stack.callback(thread.join, 10)
    stack.callback(tray.stop)
    until(lambda: icon.is_shown, "the icon")
