"""The README's pictures, made of `bursar demo` in a real browser: `python -m tests.kit.pictures [FOLDER]`.

They are cut off below, and have few colours, so that each has some fifty kilobytes.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image

from tests.kit.browser import PATIENCE_S, Browser
from tests.kit.fake_claude import ROOT

FOLDER = ROOT / ".github" / "pictures"
DAY = ("--sessions", "8", "--past", "6", "--seconds", "0")
"""A day that is not over, with a week before it."""
WIDTH, COLOURS = 1100, 48
PICTURES = {
    "today-light": ("/", False, 960),
    "today-dark": ("/", True, 960),
    "report": ("the week", False, 1240),
}
"""What each shows: its page, whether the system is dark, and how far down."""


@contextmanager
def demo() -> Iterator[dict[str, Any]]:
    """Play a made-up day to its end, and serve it as long as it is looked at."""
    with tempfile.TemporaryDirectory() as home:
        command = [sys.executable, "-m", "tray", "--home", home, "demo", *DAY, "--no-open", "--json"]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            lines = []
            for line in process.stdout:
                lines.append(line)
                if line == "}\n":
                    break
            yield json.loads("".join(lines))
            process.terminate()
            process.wait(PATIENCE_S)


def take(folder: Path) -> None:
    """Take each picture."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as profile, demo() as told, Browser(Path(profile) / "profile") as browser:
        server = told["dashboard_url"].partition("/open/")[0]
        browser.look(width=WIDTH)
        browser.open(told["dashboard_url"])
        browser.open(f"{server}/reports")
        week = browser.run("document.querySelector('tbody a').pathname")
        for name, (page, dark, height) in PICTURES.items():
            browser.look(width=WIDTH, dark=dark)
            browser.open(server + (week if page == "the week" else page))
            file = folder / f"{name}.png"
            browser.picture(file)
            shrink(file, height)
            assert browser.complaints == []


def shrink(file: Path, height: int) -> None:
    """Cut a picture off below, and leave it few colours."""
    with Image.open(file) as whole:
        part = whole.convert("RGB").crop((0, 0, whole.width, min(height, whole.height)))
    part.quantize(COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)


if __name__ == "__main__":
    take(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
