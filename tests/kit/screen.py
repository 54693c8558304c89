"""A screen that nobody sees, with a bus of its own, a mouse, and eyes.

Nothing here asks a program what it shows: the icon, the menu and its lines are found in the picture of the screen, as a
person finds them.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops, ImageGrab

from tests.kit.desktop import PrivateBus

Box = tuple[int, int, int, int]
"""Left, top, right and bottom, in pixels of the screen; the last two are outside."""

WIDTH, HEIGHT = 1024, 768
LEFT, RIGHT = 1, 3  # Buttons of the mouse: the left one activates an icon, the right one opens its menu.
ROUND = 14  # Pixels of a menu's round corners.
PATIENCE_S = 30.0
STILL_S = 0.4  # A picture that stays so long is one that a person would take in.


class NotSeen(AssertionError):
    """What should be on the screen is not there."""


class Screen:
    """A screen with a bus, both private; use as a context manager."""

    def __init__(self) -> None:
        self._end = ExitStack()
        self.display = ""
        self.folder = Path()

    def __enter__(self) -> Screen:
        with ExitStack() as end:
            self.folder = Path(end.enter_context(tempfile.TemporaryDirectory(prefix="screen")))
            self.folder.chmod(0o700)
            self.bus = PrivateBus()
            end.callback(self.bus.close)
            self.bus.start()
            self._start_screen(end)
            self._end = end.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.close()

    @property
    def environ(self) -> dict[str, str]:
        """The environment of a program on this desktop: its own home for settings, and the colours of a plain theme."""
        own = {
            "DISPLAY": self.display,
            "DBUS_SESSION_BUS_ADDRESS": self.bus.address,
            "XDG_CONFIG_HOME": str(self.folder),
            "XDG_CACHE_HOME": str(self.folder),
            "XDG_RUNTIME_DIR": str(self.folder),
            "GTK_THEME": "Adwaita",
            "NO_AT_BRIDGE": "1",
        }
        rest = {name: value for name, value in os.environ.items() if name not in ("WAYLAND_DISPLAY", "SESSION_MANAGER")}
        return rest | own

    def start(self, *command: str, environ: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        """Start a program on the desktop; it ends with it."""
        with (self.folder / "output.txt").open("ab") as output:
            process = subprocess.Popen(
                command, env=environ or self.environ, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        self._end.callback(end, process)
        return process

    def picture(self, box: Box | None = None) -> Image.Image:
        """Take a picture of the screen, or of a part of it."""
        return ImageGrab.grab(bbox=box, xdisplay=self.display).convert("RGB")

    def point(self, x: int, y: int) -> None:
        """Move the mouse."""
        self._mouse("mousemove", str(x), str(y))

    def click(self, x: int, y: int, button: int = LEFT) -> None:
        """Move the mouse and press a button."""
        self._mouse("mousemove", str(x), str(y), "click", str(button))

    def press(self, key: str) -> None:
        """Press a key."""
        self._mouse("key", key)

    def still(self, box: Box | None = None) -> Image.Image:
        """Wait until a part of the screen stays as it is for a moment, and give its picture."""
        last, since = self.picture(box), time.monotonic()
        until = since + PATIENCE_S
        while time.monotonic() - since < STILL_S:
            time.sleep(0.05)
            now = self.picture(box)
            if different(last, now):
                last, since = now, time.monotonic()
            if time.monotonic() > until:
                raise NotSeen("the screen never comes to rest")
        return last

    def change(self, before: Image.Image, box: Box | None = None, patience_s: float = PATIENCE_S) -> Box:
        """Wait until something differs from an earlier picture of the same part, and rests; give where."""
        until = time.monotonic() + patience_s
        while not (found := different(before, self.still(box))):
            if time.monotonic() > until:
                raise NotSeen(f"nothing changes; {self.output()[-2000:]}")
        left, top = box[:2] if box else (0, 0)
        return found[0] + left, found[1] + top, found[2] + left, found[3] + top

    def gone(self, before: Image.Image, box: Box | None = None) -> None:
        """Wait until a part of the screen looks as it did."""
        wait(lambda: different(before, self.still(box)) is None, "what was before")

    def output(self) -> str:
        """Return what the programs printed."""
        return (self.folder / "output.txt").read_text(encoding="utf-8", errors="replace")

    def _start_screen(self, stack: ExitStack) -> None:
        reads, writes = os.pipe()
        size = f"{WIDTH}x{HEIGHT}x24"
        command = ["Xvfb", "-displayfd", str(writes), "-screen", "0", size, "-nolisten", "tcp", "-noreset", "-wr"]
        process = subprocess.Popen(
            command, pass_fds=[writes], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        stack.callback(end, process)
        os.close(writes)
        with os.fdopen(reads) as told:
            self.display = f":{told.readline().strip()}"

    def _mouse(self, *what: str) -> None:
        subprocess.run(["xdotool", *what], env=self.environ, check=True, capture_output=True)


def different(one: Image.Image, other: Image.Image) -> Box | None:
    """Give the smallest box that holds all pixels in which two pictures differ; None when they do not."""
    return ImageChops.difference(one, other).getbbox()


def rows(menu: Image.Image) -> list[Box]:
    """Find the lines of an open menu: the bands of ink, from the top; a separator is a band of a pixel or two.

    The ground is the colour that most of the menu has; what lies around it are borders, shadows and round corners.
    """
    ground = max(menu.getcolors(menu.width * menu.height))[1]
    inked = ImageChops.difference(menu, Image.new("RGB", menu.size, ground)).convert("L")
    blank = inked.point(lambda level: 255 * (level == 0)).getbbox()
    assert blank
    left, top, right, bottom = blank
    ink = inked.point(lambda level: 255 * (level > 6)).crop((left + ROUND, top, right - ROUND, bottom))
    found, since = [], None
    for y in range(ink.height + 1):
        is_marked = y < ink.height and ink.crop((0, y, ink.width, y + 1)).getbbox() is not None
        if is_marked and since is None:
            since = y
        elif not is_marked and since is not None:
            found.append((0, top + since, menu.width, top + y))
            since = None
    return [band for band in found if top < band[1] and band[3] < bottom]  # What touches the ground's end is a border.


def wait(true: Callable[[], Any], what: str) -> None:
    """Wait until something is so. Raises NotSeen when it never is."""
    until = time.monotonic() + PATIENCE_S
    while not true():
        if time.monotonic() > until:
            raise NotSeen(f"{what} was never seen")
        time.sleep(0.05)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a program that may have ended."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)
