"""What a ledger lacked when it was opened, in words that say what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from pricing.money import Money

_OTHER = "this is not the ledger that bursar wrote here last, but an older copy, or one from another machine"
_STOPPED = "the machine stopped before bursar could write everything down"
_PUT_BACK = "if you have the newer one, quit bursar, put it back, and start again"
_COMPARE = "to compare with Claude's own reports: bursar reconcile"


@dataclass(frozen=True, slots=True)
class Missed:
    """Whether the ledger is another than the last one, and what was counted on top of it, in picodollars by day."""

    is_other: bool
    lost: Mapping[date, int]

    def told(self, before: tuple[str, ...]) -> tuple[str, ...]:
        """Go on from what recovery had to say already; nothing where nothing was missed."""
        if before:
            return (*before[:-1], "; ".join([before[-1], *self._counted(), _COMPARE]))
        if self.is_other:
            return ("; ".join([_OTHER, *self._counted(), _PUT_BACK, _COMPARE]),)
        return ("; ".join([_STOPPED, *self._counted()]),) if self.lost else ()

    def _counted(self) -> list[str]:
        return [
            f"{Money(lost).dollars()} more of {day} counts, as it may have been spent"
            for day, lost in self.lost.items()
        ]
