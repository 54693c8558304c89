"""The pace: which band a request is routed by, where a person wants the hour to count as well as what is gone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from budget.bands import Band
from budget.today import Today
from budget.workday import Workday, allowed, paced
from pricing.money import Money
from proxy.services import Services


@dataclass(frozen=True, slots=True)
class Pace:
    """How a day stands at an hour: `band` is the one to route by, `plain` what it would be at the end of the workday.

    `at` is by the person's own clock.
    """

    band: Band
    plain: Band
    settled: Money
    allowed: Money
    at: datetime
    workday: Workday

    @property
    def ahead(self) -> str:
        """Say by how much the day is ahead, as a part of a reason; empty if it is not so far that it matters."""
        if self.band is self.plain:
            return ""
        spent, due = self.settled.dollars(), self.allowed.dollars()
        return f"ahead of pace: {spent} spent, {due} allowed by {self.at:%H:%M}"

    def as_json(self) -> dict[str, Any]:
        """Give plain JSON values, amounts as text."""
        return {
            "band": self.band.value,
            "allowed_usd": self.allowed.exact(),
            "is_ahead": self.band is not self.plain,
            "hours": str(self.workday),
        }


def pace_of(services: Services, today: Today) -> Pace | None:
    """Say how today stands against the hours it is to last for; None where a person wants no pace."""
    workday, now, zone = services.options.workday, services.clock(), services.zone()
    if workday is None:
        return None
    if workday == "usual":
        workday = services.habits.workday(today.day, zone)
    plain, passed = band_of(today), workday.passed(now, today.day, zone)
    band = paced(plain, today.settled, today.limits, passed)
    return Pace(band, plain, today.settled, allowed(today.limits, passed), now.astimezone(zone), workday)


def band_of(today: Today) -> Band:
    """Give the plain band for routing: money that running requests hold is not gone for good.

    While it is not spent, a request may wait for it in the line; saying "cutoff" would refuse it falsely.
    """
    if today.band is Band.cutoff and today.settled < today.limits.cutoff:
        return Band.reserve
    return today.band
