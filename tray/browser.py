"""The browser: opens a page in the one that a person uses."""

from __future__ import annotations

import shutil
import subprocess
import sys
import webbrowser
from collections.abc import Mapping


def open_page(url: str, environ: Mapping[str, str], platform: str = sys.platform) -> bool:
    """Open a page in the person's browser; False where there is no screen, or nothing that opens pages."""
    if platform.startswith("win"):
        return webbrowser.open(url)
    if platform == "darwin":
        return _started(["open", url], environ)
    # Without a screen, a browser of the terminal would take it over.
    return bool(has_screen(environ, platform) and shutil.which("xdg-open") and _started(["xdg-open", url], environ))


def has_screen(environ: Mapping[str, str], platform: str = sys.platform) -> bool:
    """Tell whether a person sits before a screen that windows can be shown on."""
    is_unix = not platform.startswith("win") and platform != "darwin"
    return not is_unix or bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))


def _started(command: list[str], environ: Mapping[str, str]) -> bool:
    quiet = subprocess.DEVNULL
    subprocess.Popen(command, env=dict(environ), stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)
    return True
