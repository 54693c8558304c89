"""bursar dashboard: a link that opens the dashboard once, and the browser that it is opened in."""

from __future__ import annotations

import shutil
import subprocess
import sys
import webbrowser
from collections.abc import Mapping
from typing import Any

import click

from tray.cli.place import Place
from tray.cli.show import as_json, put


@click.command(short_help="Open the dashboard in the browser.")
@click.option("--print", "is_print", is_flag=True, help="Print the link, and open nothing.")
@as_json
@click.pass_obj
def dashboard(place: Place, is_print: bool, is_json: bool) -> None:
    """Open the dashboard in the browser, by a link that works once and within two minutes."""
    control = place.control()
    made = control.post("/api/link")
    url = f"http://127.0.0.1:{control.owner.ports['control']}{made['path']}"
    opened = not (is_print or is_json) and open_page(url, place.environ)
    put({"url": url, "lasts_s": made["lasts_s"], "opened": opened}, is_json=is_json, words=_words)


def open_page(url: str, environ: Mapping[str, str], platform: str = sys.platform) -> bool:
    """Open a page in the person's browser; False where there is no screen, or nothing that opens pages."""
    if platform.startswith("win"):
        return webbrowser.open(url)
    if platform == "darwin":
        return _started(["open", url], environ)
    has_screen = environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")
    # Without a screen, a browser of the terminal would take it over.
    return bool(has_screen and shutil.which("xdg-open") and _started(["xdg-open", url], environ))


def _started(command: list[str], environ: Mapping[str, str]) -> bool:
    """Start what opens pages, without the libraries of a packaged bursar, which are not the browser's."""
    kept = {name: value for name, value in environ.items() if name != "LD_LIBRARY_PATH"}
    quiet = subprocess.DEVNULL
    subprocess.Popen(command, env=kept, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)
    return True


def _words(found: dict[str, Any]) -> str:
    if found["opened"]:
        return "the dashboard opens in your browser"
    return f"{found['url']}\nopens the dashboard, once, within two minutes"
