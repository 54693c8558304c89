"""Which budget day it is: never an earlier one than before, and no new one for a clock that jumped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from budget.clock import Clock, Elapsed, budget_day, resets_at

JUMP = timedelta(hours=36)
DRIFT = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Look:
    """One glance at both clocks. `drift` is how far they came apart since the last; beyond JUMP it is held back."""

    now: datetime
    elapsed_s: float
    day: date
    drift: timedelta

    @property
    def held_back(self) -> bool:
        """The wall clock ran ahead further than a night's sleep explains: a person must confirm."""
        return self.drift > JUMP

    @property
    def stepped(self) -> bool:
        """The clocks came apart by more than they do by themselves: the machine slept, or someone set the clock."""
        return abs(self.drift) > DRIFT


class Calendar:
    """The day, its end, and the moment both clocks were last believed."""

    def __init__(self, clock: Clock, elapsed: Elapsed, zone: ZoneInfo) -> None:
        self._clock = clock
        self._elapsed = elapsed
        self._wall, self._elapsed_s = clock(), elapsed()
        self.held_back = False
        self.zone = zone
        self.day = budget_day(self._wall, zone)
        self.resets_at = resets_at(self.day, zone)

    def believe(self, wall: datetime, elapsed_s: float) -> None:
        """Go on from what both clocks showed earlier, say before a restart of the program on a running machine."""
        self._wall, self._elapsed_s = wall, elapsed_s

    def begin_at(self, day: date) -> None:
        """Start from the day that the ledger stands at."""
        self.day, self.resets_at = day, resets_at(day, self.zone)

    def look(self) -> Look:
        """Read the clocks and say which day it is now, changing nothing."""
        now, elapsed_s = self._clock(), self._elapsed()
        drift = now - self._wall - timedelta(seconds=elapsed_s - self._elapsed_s)
        if drift > JUMP or now < self.resets_at:
            return Look(now, elapsed_s, self.day, drift)
        return Look(now, elapsed_s, max(self.day, budget_day(now, self.zone)), drift)

    def accept(self, look: Look) -> None:
        """Take a glance for true, unless it is held back."""
        self.held_back = look.held_back
        if not look.held_back:
            self._wall, self._elapsed_s = look.now, look.elapsed_s

    def confirm(self) -> None:
        """Believe the wall clock as it is, because a person said so."""
        self._wall, self._elapsed_s = self._clock(), self._elapsed()
        self.held_back = False

    def turn_to(self, day: date, zone: ZoneInfo | None = None) -> None:
        """Begin a day, and perhaps live in another zone from now on."""
        self.zone = zone or self.zone
        self.day = max(self.day, day)
        self.resets_at = resets_at(self.day, self.zone)

    @property
    def anchor(self) -> tuple[float, float]:
        """Both clocks, in seconds, when last believed."""
        return self._wall.timestamp(), self._elapsed_s
