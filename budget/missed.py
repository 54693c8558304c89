"""What a ledger lacked when it was opened, in words that say what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from pricing.money import Money

_OTHER = "this is not the ledger that bursar wrote here last, but an older copy, or one from another machine"
_STOPPED = "the machine stopped before all that bursar wrote was on the disk"
_EITHER = f"{_STOPPED}, or an older copy of the ledger was put back"
_PUT_BACK = "if you have the newer one, quit bursar, put it back, and start again"
_COMPARE = "to compare with Claude's own reports: bursar reconcile"


@dataclass(frozen=True, slots=True)
class Missed:
    """Whether the ledger lacks what was written here last, whether a power cut explains that, and what was counted.

    `lost` is by day, in picodollars, on top of what the ledger shows.
    """

    is_older: bool
    may_be_power: bool
    lost: Mapping[date, int]

    def told(self, before: tuple[str, ...]) -> tuple[str, ...]:
        """Go on from what recovery had to say already; nothing where nothing was missed."""
        if before:
            return (*before[:-1], "; ".join([before[-1], *self._counted(), _COMPARE]))
        if self.is_older and (self.lost or not self.may_be_power):
            what = _EITHER if self.may_be_power else _OTHER
            return ("; ".join([what, *self._counted(), _PUT_BACK, _COMPARE]),)
        return ("; ".join([_STOPPED, *self._counted()]),) if self.lost else ()

    def _counted(self) -> list[str]:
        return [
            f"{Money(lost).dollars()} more of {day} counts, as it may have been spent"
            for day, lost in self.lost.items()
        ]
