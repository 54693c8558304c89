"""Counting energy: a counter that wraps or starts anew, and watts summed up over time."""

from __future__ import annotations

from collections.abc import Callable

# Between two samples further apart than this the watts are anybody's guess, so they are not summed up.
LONGEST_GAP_S = 5.0


class Counter:
    """Makes a running total of a raw counter that may wrap at `wraps_at`, or fall back to nothing on a reset."""

    def __init__(self, wraps_at: int | None = None) -> None:
        self._wraps_at, self._last = wraps_at, -1
        self.total = 0

    def add(self, raw: int) -> int:
        """Take a reading and give the total since the first one."""
        if self._last >= 0:
            self.total += self._step(raw)
        self._last = raw
        return self.total

    def _step(self, raw: int) -> int:
        if raw >= self._last:
            return raw - self._last
        # Without a range it was reset, by a driver loaded anew: what it shows now came after that.
        return raw if self._wraps_at is None else self._wraps_at - self._last + raw


class Integral:
    """Sums up milliwatts over time by the trapezoid rule, in millijoules."""

    def __init__(self, elapsed: Callable[[], float]) -> None:
        self._elapsed = elapsed
        self._at_s, self._milliwatts, self._microjoules = float("-inf"), 0, 0

    def add(self, milliwatts: int) -> int:
        """Take a sample of now and give the total; a gap too long to guess over adds nothing."""
        now_s = self._elapsed()
        passed_s = now_s - self._at_s
        if 0 <= passed_s <= LONGEST_GAP_S:
            # mW · µs = nJ, in whole numbers.
            self._microjoules += (milliwatts + self._milliwatts) * round(passed_s * 1_000_000) // 2000
        self._at_s, self._milliwatts = now_s, milliwatts
        return self._microjoules // 1000
