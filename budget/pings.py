"""Pings: what keeping caches warm cost in some days, and what it saved against a world without."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from budget.conversed import Conversed, conversed, has_pings
from pricing.money import ZERO, Money


@dataclass(frozen=True, slots=True)
class Pings:
    """How many pings were sent and paid, after how many of them nobody came back in time, and what that comes to.

    `wrote` of them found the prefix gone and wrote it, which is a loss. `saved` is what Claude would have charged more
    for prefixes that would have expired without them; `returns` so often that was so.
    """

    sent: int = 0
    wasted: int = 0
    wrote: int = 0
    returns: int = 0
    cost: Money = ZERO
    saved: Money = ZERO

    @property
    def net(self) -> Money:
        """What was saved less what it cost; may be negative."""
        return self.saved - self.cost

    @property
    def wasted_permille(self) -> int | None:
        """Which share of the pings was sent in vain, in thousandths; None without any."""
        return self.wasted * 1000 // self.sent if self.sent else None


NONE = Pings()


@dataclass(slots=True)
class _Warm:
    """A conversation's last own request, and what its pings did since."""

    before: Conversed
    pings: int = 0
    last: Conversed | None = None
    keeps_s: int = 300
    prefix: int = 0
    saves: int = 0


def pings(database: Path, since: date, until: date) -> Pings:
    """Sum up the pings between two days, both included. Raises sqlite3.Error."""
    if not has_pings(database, since, until):
        return Pings()
    # Who was waited for at the end of the last day comes back on the next one.
    rows = conversed(database, since - timedelta(days=1), until + timedelta(days=1), only_kept=True)
    return summed(rows, since, until)


def summed(rows: Iterable[Conversed], since: date, until: date) -> Pings:
    """Sum up pings of some days from what was asked, oldest first; rows of other days only say who came back."""
    warm: dict[str, _Warm] = {}
    found = Pings()
    for row in rows:
        if row.is_ping:
            found = _with(found, _pinged(warm, row, counts=since <= row.day <= until))
        elif not row.is_local and row.prefix:
            found = _with(found, _came_back(warm.pop(row.thread, None), row))
            warm[row.thread] = _Warm(row)
    return _with(found, Pings(wasted=sum(one.pings for one in warm.values())))


def _pinged(warm: dict[str, _Warm], row: Conversed, *, counts: bool) -> Pings:
    kept, facts = warm.get(row.thread), _facts(row.note)
    wrote = row.written_5m + row.written_1h > row.read
    if kept is not None and not wrote:
        kept.last, kept.keeps_s, kept.prefix, kept.saves = row, facts["keeps_s"], facts["prefix"], facts["saves"]
        kept.pings += counts
    lost = wrote or kept is None
    return Pings(1, int(lost), int(wrote), cost=Money(row.likely)) if counts else Pings()


def _came_back(kept: _Warm | None, row: Conversed) -> Pings:
    if kept is None or kept.last is None:
        return Pings()
    life = timedelta(seconds=kept.keeps_s)
    if not kept.before.since + life <= row.since < kept.last.since + life or not kept.pings:
        return Pings(wasted=kept.pings)
    share = min(row.read, kept.prefix)
    return Pings(returns=1, saved=Money(kept.saves * share // max(1, kept.prefix)))


def _with(one: Pings, other: Pings) -> Pings:
    return Pings(
        one.sent + other.sent,
        one.wasted + other.wasted,
        one.wrote + other.wrote,
        one.returns + other.returns,
        one.cost + other.cost,
        one.saved + other.saved,
    )


def _facts(note: str) -> dict[str, int]:
    """Read what a ping's note says of it; a note of another kind says that it saves nothing."""
    try:
        told = json.loads(note)
        return {name: int(told[name]) for name in ("keeps_s", "prefix", "saves")}
    except (ValueError, TypeError, KeyError):
        return {"keeps_s": 0, "prefix": 0, "saves": 0}
