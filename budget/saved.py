"""Saved: what requests came to against Claude alone, in one line: for the tray, and as a sum of any rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pricing.money import ZERO, Money


@dataclass(frozen=True, slots=True)
class Saved:
    """Baseline less cloud less local, as a range; may be negative.

    `listed` is the same for requests on a plan, at list prices: no dollars, so only what local work cost for them is in
    the others. `requests` are those with a baseline, `unknown` those without: these are in no amount.
    """

    low: Money = ZERO
    likely: Money = ZERO
    high: Money = ZERO
    listed: Money = ZERO
    requests: int = 0
    unknown: int = 0

    def __add__(self, other: Saved) -> Saved:
        return Saved(
            self.low + other.low,
            self.likely + other.likely,
            self.high + other.high,
            self.listed + other.listed,
            self.requests + other.requests,
            self.unknown + other.unknown,
        )

    def __neg__(self) -> Saved:
        return Saved(-self.low, -self.likely, -self.high, -self.listed, -self.requests, -self.unknown)


def saved_of(row: Mapping[str, Any]) -> Saved:
    """Tell what one row of sums saved; its columns are those of the table `baseline_totals`."""
    requests, cloud, local = int(row["requests"]), int(row["cloud"]), int(row["local_full"])
    if row["basis"] == "none":
        return Saved(unknown=requests)
    if row["is_plan"]:
        listed = Money(row["likely"] - cloud - local)
        return Saved(Money(-local), Money(-local), Money(-local), listed, requests)
    low, likely, high = (Money(row[name] - cloud - local) for name in ("low", "likely", "high"))
    return Saved(low, likely, high, requests=requests)
