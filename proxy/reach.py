"""Reach: whether the last request to Claude reached it, in memory only; nothing is asked to find out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING

from proxy.wire.answer import LEFT, MODE_CHANGED, STOPPED, Ending
from proxy.wire.faults import FAULT

if TYPE_CHECKING:
    from proxy.settling import Outcomes


@dataclass(frozen=True, slots=True)
class Unreached:
    """That Claude could not be reached: when that was seen last, and why."""

    at: datetime
    why: str


class Reach:
    """Remembers the last failure to reach Claude until Claude answers anything; safe from any thread."""

    def __init__(self) -> None:
        self._last: Unreached | None = None
        self._lock = Lock()

    def heard(self, outcome: Outcomes, clock: Callable[[], datetime]) -> None:
        """Take in how a request to Claude ended."""
        why = unreached(outcome)
        with self._lock:
            if outcome.status is not None:
                self._last = None
            elif why:
                self._last = Unreached(clock(), why)

    def trouble(self) -> Unreached | None:
        """Give the last failure; None if there was none, or Claude has answered since."""
        with self._lock:
            return self._last


def unreached(outcome: Outcomes) -> str:
    """Say why a request did not reach Claude; empty if it did, or if bursar or the agent ended it."""
    if outcome.status is not None or outcome.detail in (MODE_CHANGED, STOPPED, LEFT):
        return ""
    if outcome.detail.startswith(FAULT):
        return ""
    return outcome.detail if outcome.ending in (Ending.never_sent, Ending.unanswered) else ""


def failure(outcome: Outcomes) -> str:
    """Say why Claude gave no answer to a request: for the request's line in the log; empty if it gave one."""
    why = unreached(outcome)
    if why:
        return f"Claude could not be reached: {why}"
    return f"Claude answered {outcome.status}" if outcome.status is not None and outcome.status >= 300 else ""
