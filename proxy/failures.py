"""Failures of late: what share of a model's answers fail, the newest weighing most, and fading as time goes by."""

from __future__ import annotations

from collections import deque
from math import exp2

from pricing.figures import counted

NEWEST = 0.4
"""What the newest answer weighs beside all before it."""
TOO_MANY, FEW_AGAIN = 0.7, 0.35
"""Shares at which a model counts as failing – three failures in a row, or four of five – and no longer does."""
HALF_LIFE_S = 300.0
"""A share fades by half in this time: without another failure, a failing model is tried again after about as long."""
LOOK = 5


class FailureRate:
    """The failures of one model of late; its owner's lock guards it."""

    def __init__(self) -> None:
        self._share, self._at = 0.0, 0.0
        self._is_failing = False
        self._last: deque[bool] = deque(maxlen=LOOK)

    def add(self, now: float, good: bool) -> None:
        """Take in one answer."""
        share = self.share(now)
        self._share, self._at = share + NEWEST * ((not good) - share), now
        self._is_failing = self._share >= TOO_MANY or (self._is_failing and self._share >= FEW_AGAIN)
        self._last.append(good)

    def share(self, now: float) -> float:
        """Give the share of failures, between 0 and 1."""
        return self._share * exp2((self._at - now) / HALF_LIFE_S)

    def is_bad(self, now: float) -> bool:
        """Tell whether it fails too often now."""
        return self._is_failing and self.share(now) >= FEW_AGAIN

    def told(self) -> str:
        """Say it in figures."""
        return f"failed {self._last.count(False)} of its last {counted(len(self._last), 'answer')}"
