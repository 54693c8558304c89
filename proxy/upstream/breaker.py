"""The breaker: keeps requests away from a server that fails them, and finds out by single trials when it is back."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

FAILURES_IN_A_ROW = 3
FIRST_WAIT_S = 5.0
LONGEST_WAIT_S = 300.0
TRIAL_S = 60.0
"""After this long a trial counts as lost: whoever made it never said how it ended."""


class Circuit(StrEnum):
    """Whether requests go to a server: all, none, or one to try it."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@dataclass(eq=False, slots=True)
class Leave:
    """Leave to send one request to a server."""

    _breaker: Breaker

    def let_go(self) -> None:
        """Give it back if nothing was heard: a trial is then the next request's. Harmless once that was told."""
        self._breaker._let_go(self)


class Breaker:
    """The breaker of one server; safe from any thread.

    It opens after three failures in a row, or at once where nobody listens, for 5 s, and twice as long each time that
    a trial fails. A good health page alone does not close it: a server can list its models and fail every request.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._failures = 0
        self._until = 0.0
        self._wait_s = 0.0
        self._trial_until = 0.0
        self._trial: Leave | None = None
        self._gone = False

    @property
    def state(self) -> Circuit:
        """Tell whether requests may go."""
        with self._lock:
            return self._state()

    @property
    def opens_in_s(self) -> float:
        """Tell how long it stays open; 0 when it is not."""
        with self._lock:
            return max(0.0, self._until - self._monotonic()) if self._wait_s else 0.0

    @property
    def is_being_tried(self) -> bool:
        """Tell whether a trial is under way."""
        with self._lock:
            return self._wait_s > 0 and self._monotonic() < self._trial_until

    def may_try(self) -> Leave | None:
        """Give leave to send a request now; while half-open, that is the one trial, to whoever asks first.

        Who has it says how it went, by `failed` or `worked`, or lets it go.
        """
        with self._lock:
            match self._state():
                case Circuit.CLOSED:
                    return Leave(self)
                case Circuit.OPEN:
                    return None
            now = self._monotonic()
            if now < self._trial_until:
                return None
            self._trial, self._trial_until = Leave(self), now + TRIAL_S
            return self._trial

    def failed(self, *, unreachable: bool = False) -> None:
        """Count a request that failed; `unreachable` where no connection could be made."""
        with self._lock:
            self._failures += 1
            self._trial, self._trial_until = None, 0.0
            was_trial = self._wait_s > 0
            # What was sent before it opened may fail after: that is no failed trial.
            if was_trial and self._state() is Circuit.OPEN:
                return
            if unreachable or was_trial or self._failures >= FAILURES_IN_A_ROW:
                self._gone = unreachable
                self._wait_s = min(self._wait_s * 2 or FIRST_WAIT_S, LONGEST_WAIT_S)
                self._until = self._monotonic() + self._wait_s

    def worked(self) -> None:
        """Close it: a request was answered."""
        with self._lock:
            self._close()

    def seen_well(self) -> None:
        """Take note of a good health page: that closes it only where it opened because nobody listened."""
        with self._lock:
            if self._gone:
                self._close()

    def _state(self) -> Circuit:
        if not self._wait_s:
            return Circuit.CLOSED
        return Circuit.OPEN if self._monotonic() < self._until else Circuit.HALF_OPEN

    def _let_go(self, leave: Leave) -> None:
        with self._lock:
            if self._trial is leave:
                self._trial, self._trial_until = None, 0.0

    def _close(self) -> None:
        self._failures, self._wait_s, self._until = 0, 0.0, 0.0
        self._trial, self._trial_until, self._gone = None, 0.0, False
