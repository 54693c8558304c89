"""Wake: notices that the machine slept, on any system, by a look at the clock that comes far too late."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

from budget.clock import Elapsed, elapsed

PAUSE = timedelta(seconds=10)
LATE_S = 30.0
"""A look that comes so long after the one before was not only late: timers stand still while a machine sleeps."""

log = logging.getLogger(__name__)


class Wake:
    """Looked at every ten seconds, it calls `woke` once after each sleep; a busy machine may be taken for a sleepy one.

    `elapsed` must be a clock that goes on during sleep. A step of the wall clock is none of its business: the ledger
    sees those.
    """

    def __init__(self, woke: Callable[[], None], elapsed: Elapsed = elapsed) -> None:
        self._woke, self._elapsed = woke, elapsed
        self._looked = elapsed()

    def look(self) -> None:
        """Compare the clock with the look before."""
        now = self._elapsed()
        away_s, self._looked = now - self._looked, now
        if away_s >= LATE_S:
            log.info("awake again: nothing ran for %.0f s", away_s)
            self._woke()
