"""What the ledger tells others, after the commit that made it true."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from budget.bands import Limits
from budget.state import Mode, StoppedBy
from pricing.machine import LocalCost
from pricing.money import Money


@dataclass(frozen=True, slots=True)
class SpendRecorded:
    """A hold became an entry."""

    day: date
    request_id: str
    hold_id: int
    entry_id: int
    outcome: str
    charged: Money
    likely: Money
    settled: Money
    local: LocalCost | None = None


@dataclass(frozen=True, slots=True)
class ThresholdCrossed:
    """The settled sum of a day passed a percentage of the budget, for the first time that day."""

    day: date
    percent: int


@dataclass(frozen=True, slots=True)
class CutoffReached:
    """Settled spend has come to the cutoff; the emergency stop is on."""

    day: date
    settled: Money
    cutoff: Money


@dataclass(frozen=True, slots=True)
class Overrun:
    """A request cost more than its hold: recorded in full, and never silent."""

    day: date
    request_id: str
    entry_id: int
    held: Money
    charged: Money


@dataclass(frozen=True, slots=True)
class ModeChanged:
    """A person chose another mode."""

    before: Mode
    mode: Mode


@dataclass(frozen=True, slots=True)
class LimitsChanged:
    """Budget, cutoff, thresholds or the zone are new."""

    limits: Limits


@dataclass(frozen=True, slots=True)
class Stopped:
    """The emergency stop is on: close what goes to a cloud."""

    by: StoppedBy


@dataclass(frozen=True, slots=True)
class Resumed:
    """The emergency stop is off."""

    by: str


@dataclass(frozen=True, slots=True)
class LedgerTrouble:
    """The ledger cannot be written, so nothing goes to a cloud; `why` is None when it is well again."""

    why: str | None


@dataclass(frozen=True, slots=True)
class DayChanged:
    """A new budget day began."""

    before: date
    day: date


@dataclass(frozen=True, slots=True)
class ClockJumped:
    """Wall clock and elapsed time drifted apart: sleep or a step. Held back: a person must confirm the new day."""

    by: timedelta
    held_back: bool


Event = (
    SpendRecorded
    | ThresholdCrossed
    | CutoffReached
    | Overrun
    | ModeChanged
    | LimitsChanged
    | Stopped
    | Resumed
    | LedgerTrouble
    | DayChanged
    | ClockJumped
)
