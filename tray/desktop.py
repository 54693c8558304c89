"""Desktop: what a person sees of a running bursar without asking: the icon with its menu, and notes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

from tray.actions import Hands
from tray.backends.base import Note, State, Tray, Wiring
from tray.backends.choose import choose, choose_notifier, look_of
from tray.backends.words import ADVICE
from tray.browser import has_screen, open_page
from tray.display import Display
from tray.menu import IconKey
from tray.startup import start_at_login, starts_at_login

if TYPE_CHECKING:
    from PIL import Image

    from tray.app import App
    from tray.icon import Look

PAUSES_S = (1.0, 10.0, 60.0)
"""Before a tray that failed is tried again; after the last of them bursar goes on without one."""
NO_ICONS = f"{ADVICE['no-host'][0].upper()}{ADVICE['no-host'][1:]}."
UNSEEN = Note("tray", "bursar runs without an icon", f"{NO_ICONS} The dashboard does all that it would.", "open:today")

Made = TypeVar("Made")

log = logging.getLogger(__name__)


class Desktop:
    """The desktop's side of a bursar that was built and does not run yet.

    The file `told` is there once a person knows that their desktop shows no icons.
    """

    def __init__(self, app: App, environ: Mapping[str, str], platform: str, *, has_tray: bool, told: Path) -> None:
        self._told = told
        self._app, self._environ, self._platform = app, environ, platform
        self._has_tray, self._is_unseen = has_tray, False
        self._ended = threading.Event()
        hands = Hands(
            post=app.control.post,
            address=app.control_url,
            open_page=lambda url: open_page(url, environ, platform),
            start_at_login=lambda on: start_at_login(on, environ, platform),
            leave=app.signals.leave,
        )
        self._display = Display(app.status, hands, lambda: starts_at_login(environ, platform))
        wiring = Wiring(self._picture, self._display.clicked, self._display.opening, self._unseen)
        self._tray = _made(lambda: choose(platform, environ, wiring)) if has_tray else None
        self._notifier = _made(lambda: choose_notifier(platform, environ, self._display.clicked, self._tray))
        app.everywhere.notifier = self._notifier
        app.desk.tray = lambda: self.state
        app.services.also_noticed = self._notices
        app.services.ledger.subscribe(lambda event: self._display.note())

    @property
    def state(self) -> State | Literal["off"]:
        """Say whether a person can see the icon; "off" is what they wanted."""
        if not self._has_tray:
            return "off"
        return self._tray.state if self._tray else "no-bus"

    def run(self) -> None:
        """Have the main thread until `stop`: the tray's, where there is one."""
        if self._tray:
            self._display.start(self._tray.show)
            self._keep(self._tray)
            self._display.stop()
        self._ended.wait()
        if self._notifier:
            self._notifier.close()

    def leaving(self) -> None:
        """Say that this bursar is about to end."""
        self._display.leaving()

    def stop(self) -> None:
        """End `run`."""
        self._ended.set()
        if self._tray:
            self._tray.stop()

    def _keep(self, tray: Tray) -> None:
        """Run the tray, anew when it failed; a tray that fails does not take the proxy with it."""
        for pause_s in PAUSES_S:
            if _has_run(tray) or self._ended.wait(pause_s):
                return
        log.error("the tray failed too often; bursar goes on without it")

    def _picture(self, key: IconKey, size: int) -> Image.Image:
        """Draw the icon; a fault in that leaves it blank, and the menu as it is."""
        from PIL import Image

        from tray.icon import picture

        try:
            return picture(key, size, self._look())
        except Exception:  # The same top.
            log.exception("the icon could not be drawn")
            return Image.new("RGBA", (size, size))

    def _look(self) -> Look:
        """Say which panel the icon lies on: as a person set it, else as the system tells."""
        wished = self._app.settings.tray.panel
        return look_of(self._platform, self._environ) if wished == "auto" else wished

    def _unseen(self) -> None:
        """Tell a person who sits before a screen, once, that it shows no icon."""
        self._is_unseen = has_screen(self._environ, self._platform)
        if not self._is_unseen:
            log.info(NO_ICONS)
            return
        log.warning(NO_ICONS)
        if self._notifier and not self._told.exists() and not self._notifier.tell(UNSEEN):
            self._told.touch(mode=0o600)

    def _notices(self) -> tuple[str, ...]:
        """Tell the dashboard the same for as long as it is so."""
        return (NO_ICONS,) if self._is_unseen and self.state == "no-host" else ()


def _made(make: Callable[[], Made | None]) -> Made | None:
    """Make a part of the desktop; where its libraries do not load, bursar goes on without it."""
    try:
        return make()
    except Exception:
        log.exception("a part of the desktop could not be made")
        return None


def _has_run(tray: Tray) -> bool:
    try:
        tray.run()
    except Exception:  # The top of the main thread.
        log.exception("the tray failed")
        return False
    return True
