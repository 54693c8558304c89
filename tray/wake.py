"""Wake: notices that the machine slept, or that somebody set its clock, whether or not a request comes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import timedelta

from budget.clock import Clock, Elapsed, elapsed

PAUSE_S = 10.0
LATE_S = 30.0
"""A look that comes so long after the one before was not only late: waiting stands still while a machine sleeps."""
STEP = timedelta(seconds=30)
"""What the wall clock moves by itself, against a clock that nobody sets, is far less in ten seconds."""

log = logging.getLogger(__name__)


class Wake:
    """Looks every ten seconds in a thread of its own; what is planned by the wall clock may wait too long by then.

    `woke` is called once after each sleep and each step; a busy machine may be taken for a sleepy one. `clock` and
    `beside` move together; `awake` is the system's, and goes on during sleep.
    """

    def __init__(
        self,
        woke: Callable[[], None],
        clock: Clock,
        beside: Elapsed,
        awake: Elapsed = elapsed,
        *,
        pause_s: float = PAUSE_S,
    ) -> None:
        self._woke, self._clock, self._beside, self._awake, self._pause_s = woke, clock, beside, awake, pause_s
        self._looked, self._offset = awake(), self._apart()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="wake", daemon=True)

    def start(self) -> None:
        """Begin to look; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more; nothing is called after this."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def look(self) -> None:
        """Compare the clocks with the look before."""
        now, offset = self._awake(), self._apart()
        away_s, step = now - self._looked, offset - self._offset
        self._looked, self._offset = now, offset
        if away_s >= LATE_S:
            log.info("awake again: nothing ran for %.0f s", away_s)
        elif abs(step) < STEP:
            return
        self._woke()

    def _apart(self) -> timedelta:
        """Say how far the wall clock is from the one that nobody sets; only its changes mean something."""
        wall = self._clock()
        return wall - wall.min.replace(tzinfo=wall.tzinfo) - timedelta(seconds=self._beside())

    def _run(self) -> None:
        while not self._ended.wait(self._pause_s):
            try:
                self.look()
            except Exception:  # The top of a thread: the next look may succeed.
                log.exception("a sleep or a step of the clock may have gone unnoticed")
