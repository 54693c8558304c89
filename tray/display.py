"""Display: keeps the tray's face true to the running bursar, and does what is clicked.

A thread of its own looks at the status: soon after something happened, but not more than once a second; at once when
the menu is opened; and now and then, because some things change by the clock alone.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from budget.trouble import LedgerUnavailable
from tray.actions import Hands, Outcome, Status, perform
from tray.menu import Face, Here, face

GAP_S = 1.0
"""From one look to the next, however much happens."""
TICK_S = 10.0
"""From one look to the next when nothing happens; shorter than a status takes to be called old."""
STOPPED_S = 5.0

BUG = "a fault of bursar's own; its log has the details"

log = logging.getLogger(__name__)


class Display:
    """What stands between a running bursar and a tray; safe from any thread, and nothing that goes wrong leaves it.

    `status` may raise LedgerUnavailable or TimeoutError: what is shown grows old then. `at_login` tells whether bursar
    starts with the desktop, None where it cannot.
    """

    def __init__(
        self,
        status: Callable[[], Status],
        hands: Hands,
        at_login: Callable[[], bool | None] = lambda: None,
        *,
        elapsed: Callable[[], float] = time.monotonic,
        gap_s: float = GAP_S,
        tick_s: float = TICK_S,
    ) -> None:
        self._status, self._hands, self._at_login = status, hands, at_login
        self._elapsed, self._gap_s, self._tick_s = elapsed, gap_s, tick_s
        self._show: Callable[[Face], None] = lambda face: None
        self._known: Status | None = None
        self._known_at = elapsed()
        self._failed = ""
        self._starts: bool | None = None
        self._is_leaving = False
        self._shown: Face | None = None
        self._trouble = ""
        self._showing = threading.Lock()
        self._wish = threading.Condition()
        self._is_noted = self._is_urgent = self._is_ended = False
        self._thread = threading.Thread(target=self._run, name="display", daemon=True)

    def start(self, show: Callable[[Face], None]) -> None:
        """Begin to show; `show` may be called from any thread."""
        self._show = show
        self._thread.start()

    def stop(self) -> None:
        """Show no more."""
        with self._wish:
            self._is_ended = True
            self._wish.notify_all()
        if self._thread.is_alive():
            self._thread.join(STOPPED_S)

    def note(self) -> None:
        """Take note that something happened; returns at once."""
        with self._wish:
            self._is_noted = True
            self._wish.notify_all()

    def opening(self) -> None:
        """Look at once: somebody opens the menu."""
        with self._wish:
            self._is_urgent = True
            self._wish.notify_all()

    def leaving(self) -> None:
        """Show from now on that this bursar is about to end."""
        self._is_leaving = True
        self.opening()

    def clicked(self, action: str) -> None:
        """Do what a line of the menu says, and show what came of it."""
        try:
            outcome = perform(action, self._hands)
        except Exception:  # The top of whichever thread a desktop calls from.
            log.exception("the tray could not do %s", action)
            outcome = Outcome(failed=BUG)
        self._failed = outcome.failed
        self._ask_for_login()
        if outcome.status is not None:
            self._take(outcome.status)
        self._draw()
        self.opening()

    def _run(self) -> None:
        is_looked_at = True
        while not self._is_ended:
            if is_looked_at:
                self._ask_for_login()
            self._look()
            is_looked_at = self._rest()

    def _rest(self) -> bool:
        """Wait until there is a reason to look again; tells whether it is somebody who looks."""
        with self._wish:
            self._wish.wait_for(lambda: self._is_ended or self._is_urgent, self._gap_s)
            self._wish.wait_for(lambda: self._is_ended or self._is_urgent or self._is_noted, self._tick_s - self._gap_s)
            is_urgent, self._is_noted, self._is_urgent = self._is_urgent, False, False
            return is_urgent

    def _look(self) -> None:
        try:
            self._take(self._status())
        except Exception as error:  # noqa: BLE001 – the top of a thread; what is shown grows old, and says so.
            self._tell_once(error)
        else:
            self._trouble = ""
        self._draw()

    def _take(self, status: Status) -> None:
        self._known, self._known_at = status, self._elapsed()

    def _ask_for_login(self) -> None:
        """Ask the system only when somebody looks: on some it takes a program to answer."""
        try:
            self._starts = self._at_login()
        except Exception as error:  # noqa: BLE001 – the same top; the line is hidden then.
            self._starts = None
            log.debug("whether bursar starts at login is not known: %s", error)

    def _draw(self) -> None:
        """Show the face of this moment, if it is another than the last one."""
        with self._showing:
            age_s = self._elapsed() - self._known_at
            here = Here(age_s=age_s, failed=self._failed, at_login=self._starts, is_leaving=self._is_leaving)
            try:
                now = face(self._known, here)
                if now != self._shown:
                    self._show(now)
                    self._shown = now
            except Exception:  # What is shown stays; the proxy must not fall with a menu.
                log.exception("the tray could not be drawn")

    def _tell_once(self, error: Exception) -> None:
        """Log a trouble when it is a new one; of a fault of our own with where it was."""
        if repr(error) == self._trouble:
            return
        self._trouble = repr(error)
        is_known = isinstance(error, (LedgerUnavailable, TimeoutError, OSError))
        log.warning("the tray has no new figures: %s", error or repr(error), exc_info=None if is_known else error)
