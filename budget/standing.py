"""How the ledger stands, in memory: what the writer works on, and the copy that everyone else reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Literal

from budget.bands import Band, Limits, band
from budget.state import Mode, Stop
from pricing.machine import LocalCost
from pricing.money import Money


@dataclass(slots=True)
class Standing:
    """Sums of the day in picodollars, limits and switches; always equal to the database after a commit."""

    day: date
    day_text: str
    settled: int
    held: int
    likely: int
    extra: int
    limits: Limits
    mode: Mode
    stop: Stop | None
    open_holds: int
    resets_at: datetime
    local: LocalCost | None = None
    gone_by_tier: Mapping[str, Money] = field(default_factory=dict)
    """Settled and held by tier; replaced, never changed, so that copies may share it."""

    @property
    def cutoff(self) -> int:
        """The cutoff in force, with what a person allowed for today only."""
        return self.limits.cutoff.picos + self.extra

    @property
    def closed(self) -> Literal["stopped", "mode"] | None:
        """Why nothing may go to a cloud, whatever money is left."""
        if self.stop is not None:
            return "stopped"
        return "mode" if self.mode is Mode.local else None

    @property
    def limits_today(self) -> Limits:
        """The limits with today's cutoff."""
        return replace(self.limits, cutoff=Money(self.cutoff)) if self.extra else self.limits

    @property
    def band(self) -> Band:
        """How far the day is gone."""
        return band(Money(self.settled + self.held), self.limits_today)

    def snapshot(self) -> Standing:
        """Copy it for readers; `copy.copy` takes six times as long, at each commit."""
        return Standing(
            self.day,
            self.day_text,
            self.settled,
            self.held,
            self.likely,
            self.extra,
            self.limits,
            self.mode,
            self.stop,
            self.open_holds,
            self.resets_at,
            self.local,
            self.gone_by_tier,
        )

    def on(self, day: date, resets_at: datetime) -> Standing:
        """Show the same ledger on a later day that nobody has begun yet."""
        stop = None if self.stop and self.stop.by == "cutoff" else self.stop
        fresh = self.snapshot()
        fresh.day, fresh.day_text, fresh.resets_at, fresh.stop = day, day.isoformat(), resets_at, stop
        fresh.settled = fresh.held = fresh.likely = fresh.extra = 0
        fresh.local, fresh.gone_by_tier = None, {}
        return fresh
