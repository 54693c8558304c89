"""What the ledger keeps when a hold ends: entries, never edited, only corrected by further ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from budget.events import Event
from budget.holds import MOST, Labels
from pricing.machine import LocalCost
from pricing.money import ZERO, Money
from pricing.usage import Usage

NO_TOKENS = Usage()


class Outcome(StrEnum):
    """How a hold ended; the last two are entries that no request made."""

    complete = "complete"
    voided = "voided"
    unknown = "unknown"
    interrupted = "interrupted"
    client_left = "client_left"
    orphaned = "orphaned"
    flagged = "flagged"
    corrected = "corrected"
    lost = "lost"


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of a request: `charged` is an upper bound and counts, `likely` is what reports show."""

    outcome: Outcome
    charged: Money
    likely: Money
    usage: Usage = NO_TOKENS
    raw_usage: str = ""
    rates: str = ""
    status: int | None = None
    upstream_id: str = ""
    flags: tuple[str, ...] = ()
    duration_ms: int | None = None
    first_byte_ms: int | None = None
    note: str = ""
    local: LocalCost | None = None
    """What the local machine spent on it; the cutoff does not count that. None: no local machine, or not known."""

    def __post_init__(self) -> None:
        if not (ZERO <= self.charged <= MOST and ZERO <= self.likely <= MOST):
            raise ValueError(f"not an amount that one request can cost: {self.charged.exact()}, {self.likely.exact()}")
        if self.local is not None and (self.local.full > MOST or self.local.joules_milli > MOST.picos):
            raise ValueError(f"not what a local machine can spend on one request: {self.local}")


@dataclass(frozen=True, slots=True)
class Settled:
    """The entry that a hold became. Settling again gives the same entry and no events."""

    entry_id: int
    events: tuple[Event, ...] = ()
    overrun: Money = ZERO


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger. `hold_id` is None where no hold was (corrected, lost); `corrects` names another entry."""

    id: int
    hold_id: int | None
    corrects: int | None
    day: date
    at: datetime
    since: datetime
    instance: str
    request_id: str
    upstream: str
    model: str
    is_local: bool
    held: Money
    charged: Money
    likely: Money
    outcome: Outcome
    usage: Usage
    raw_usage: str
    terms: str
    rates: str
    status: int | None
    upstream_id: str
    flags: tuple[str, ...]
    duration_ms: int | None
    first_byte_ms: int | None
    note: str
    labels: Labels
    local: LocalCost | None = None

    @property
    def overrun(self) -> Money:
        """What it cost above its hold; zero for nearly all."""
        return max(ZERO, self.charged - self.held) if self.hold_id is not None else ZERO


@dataclass(frozen=True, slots=True)
class OpenHold:
    """Money kept for a request under way."""

    id: int
    day: date
    since: datetime
    request_id: str
    upstream: str
    model: str
    is_local: bool
    amount: Money
    labels: Labels
