"""Fallback: the Linux tray, and while no panel shows that one, an icon by XEmbed."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from tray.backends.base import State, Tray, Wiring
from tray.backends.xembed import XEmbed
from tray.menu import Face

log = logging.getLogger(__name__)

LOOK_S = 5.0
PATIENCE_S = 5.0  # A panel of the new kind that starts with the desktop is there by then.
PAUSE_S, PAUSE_MOST_S = 5.0, 300.0  # From one look for a tray to the next: doubled each time.
SOON_S = 8.0  # A tray that takes the icon has it by then.


class FallbackTray:
    """A `Tray`: `make` makes the one that is better, given its wiring."""

    def __init__(
        self,
        make: Callable[[Wiring], Tray],
        xembed: XEmbed,
        wiring: Wiring,
        *,
        patience_s: float = PATIENCE_S,
        look_s: float = LOOK_S,
        soon_s: float = SOON_S,
    ) -> None:
        self._wiring, self._xembed = wiring, xembed
        self._better = make(replace(wiring, unseen=self._unseen))
        self._patience_s, self._look_s, self._soon_s = patience_s, look_s, soon_s
        self._ended = threading.Event()
        self._watch = threading.Thread(target=self._look, name="tray-xembed")

    @property
    def state(self) -> State:
        """Say whether either is seen just now."""
        return "host" if self._xembed.is_shown else self._better.state

    def show(self, face: Face) -> None:
        """Show this from now on."""
        self._better.show(face)
        self._xembed.show(face)

    def run(self) -> None:
        """Run the better one here and look beside it whether the other is wanted; after a failure, anew."""
        if self._watch.ident is None:  # Else it runs on, or has seen that there is nothing to look for.
            self._watch.start()
        self._better.run()
        self.stop()
        self._watch.join()
        self._xembed.close()

    def stop(self) -> None:
        """End `run`."""
        self._ended.set()
        self._xembed.stop()
        self._better.stop()

    def _look(self) -> None:
        try:
            self._look_for_trays()
        except Exception:  # The top of a thread.
            log.exception("the icon by XEmbed failed")

    def _look_for_trays(self) -> None:
        """Show the icon by XEmbed whenever the better tray has not been seen for a while; rarely where it cannot be."""
        pause_s, seen_at = PAUSE_S, time.monotonic()
        while not self._ended.wait(self._look_s):
            if self._better.state == "host":
                pause_s, seen_at = PAUSE_S, time.monotonic()
            elif time.monotonic() - seen_at >= self._patience_s:
                match self._xembed.attend(lambda: self._better.state != "host"):
                    case "no-gtk":
                        return
                    case "no-tray":
                        self._ended.wait(pause_s)
                        pause_s = min(pause_s * 2, PAUSE_MOST_S)
                    case "failed":
                        self._ended.wait(PAUSE_S)

    def _unseen(self) -> None:
        """Say that nobody sees the icon, unless it is shown by XEmbed before long."""
        until = time.monotonic() + self._soon_s
        while not self._xembed.is_shown:
            if time.monotonic() >= until:
                return self._wiring.unseen()
            if self._ended.wait(0.1):
                return None
        return None
