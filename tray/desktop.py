"""Desktop: what a person sees of a running bursar without asking: the icon with its menu."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

from tray.actions import Hands
from tray.backends.base import State, Tray, Wiring
from tray.backends.choose import choose, look_of
from tray.browser import open_page
from tray.display import Display
from tray.menu import IconKey
from tray.startup import start_at_login, starts_at_login

if TYPE_CHECKING:
    from PIL import Image

    from tray.app import App
    from tray.icon import Look

PAUSES_S = (1.0, 10.0, 60.0)
"""Before a tray that failed is tried again; after the last of them bursar goes on without one."""

log = logging.getLogger(__name__)


class Desktop:
    """The desktop's side of a bursar that was built and does not run yet."""

    def __init__(self, app: App, environ: Mapping[str, str], platform: str) -> None:
        self._app, self._environ, self._platform = app, environ, platform
        hands = Hands(
            post=app.control.post,
            address=app.control_url,
            open_page=lambda url: open_page(url, environ, platform),
            start_at_login=lambda on: start_at_login(on, environ, platform),
            leave=app.signals.leave,
        )
        self._display = Display(app.status, hands, lambda: starts_at_login(environ, platform))
        self._ended = threading.Event()
        wiring = Wiring(self._picture, self._display.clicked, self._display.opening, self._unseen)
        self._tray = choose(platform, environ, wiring)
        app.services.ledger.subscribe(lambda event: self._display.note())

    @property
    def state(self) -> State:
        """Say whether a person can see the icon."""
        return self._tray.state if self._tray else "no-bus"

    def run(self) -> None:
        """Show the tray until `stop`, on the main thread; returns at once where there is none."""
        if self._tray is None:
            return
        self._display.start(self._tray.show)
        for pause_s in PAUSES_S:
            if self._has_run(self._tray) or self._ended.wait(pause_s):
                break
        else:
            log.error("the tray failed too often; bursar goes on without it")
        self._display.stop()

    def leaving(self) -> None:
        """Say that this bursar is about to end."""
        self._display.leaving()

    def stop(self) -> None:
        """End `run`."""
        self._ended.set()
        if self._tray:
            self._tray.stop()

    def _has_run(self, tray: Tray) -> bool:
        try:
            tray.run()
        except Exception:  # The top of the main thread: a tray that fails does not take the proxy with it.
            log.exception("the tray failed")
            return False
        return True

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
        log.warning("this desktop shows no tray icons; GNOME needs the AppIndicator extension")
