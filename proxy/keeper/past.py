"""The past: what recorded entries teach of pauses, and what keeping caches would have saved on them.

What each request could have read is not recorded, but what it did read is, and how long its prompt was: good enough to
say about how much was written again because a pause was too long.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from budget.conversed import Conversed, conversed
from pricing.money import Money
from pricing.table import PriceTable
from proxy.keeper.hazard import Hazard
from proxy.keeper.pauses import Pauses, Said
from proxy.keeper.replay import Asked, Replayed, replay
from proxy.keeper.wish import Wish

LEARNS_DAYS = 28
"""How far back pauses are learned from."""
OFFER_DAYS = 7


@dataclass(frozen=True, slots=True)
class Offer:
    """What the keeper would have done in some days, and what of the same requests' bill that is."""

    days: int
    since: date
    until: date
    requests: int
    bill: Money
    found: Replayed

    @property
    def permille(self) -> int | None:
        """Which share of the bill it would have saved, in thousandths, below zero if it had cost more."""
        return self.found.net.picos * 1000 // self.bill.picos if self.bill else None


def offer(database: Path, today: date, prices: PriceTable, wish: Wish) -> Offer:
    """Replay the last days before today, with all that was known of pauses before them. Raises sqlite3.Error."""
    days = OFFER_DAYS
    since, until = today - timedelta(days=days), today - timedelta(days=1)
    rows = [row for row in conversed(database, since, until) if not row.is_ping]
    hazard = Hazard()
    teach(hazard, conversed(database, since - timedelta(days=LEARNS_DAYS), since - timedelta(days=1)))
    asked = list(asked_of(rows, prices))
    bill = Money(sum(row.likely for row in rows if not row.is_local))
    return Offer(days, since, until, len(asked), bill, replay(asked, hazard, most=wish.allowance * days))


def teach(hazard: Hazard, rows: Sequence[Conversed]) -> None:
    """Teach a hazard all pauses that recorded requests tell of, silences that never ended included."""
    pauses = Pauses(hazard)
    end_s = 0.0
    for row, said in _said(rows):
        end_s = row.until.timestamp()
        pauses.came(row.thread, row.session, row.since.timestamp())
        pauses.ended(said, end_s)
    pauses.forget(end_s)


def learn(database: Path, now: datetime) -> Hazard:
    """Learn from the entries of the last weeks. Raises sqlite3.Error."""
    hazard, today = Hazard(), now.date()
    teach(hazard, conversed(database, today - timedelta(days=LEARNS_DAYS), today + timedelta(days=1)))
    return hazard


def asked_of(rows: Sequence[Conversed], prices: PriceTable) -> Iterator[Asked]:
    """Give recorded requests to Claude as a replay takes them."""
    before: dict[str, Conversed] = {}
    for row, said in _said(rows):
        if row.is_local:
            continue
        last = before.get(row.thread)
        before[row.thread] = row
        # A prompt that got shorter was summed up: what it still shares with the one before it nobody knows.
        goes_on = last is not None and row.prefix + row.input >= last.prefix
        yield Asked(
            said=said,
            since_s=row.since.timestamp(),
            until_s=row.until.timestamp(),
            prefix=row.prefix,
            tail=row.input,
            could_read=last.prefix if last is not None and goes_on else 0,
            rates=prices.on(row.since, row.model).dearest(row.prefix + row.input),
            for_an_hour=row.written_1h > row.written_5m,
            found=row.read,
        )


def _said(rows: Iterable[Conversed]) -> Iterator[tuple[Conversed, Said]]:
    """Tell of each request of a conversation how it ended: with tools if the same turn went on after it."""
    own = [row for row in rows if not row.is_ping and (row.is_local or row.prefix)]
    following: dict[str, str] = {}
    ends: list[bool] = []
    for row in reversed(own):
        ends.append(bool(row.turn) and following.get(row.thread) == row.turn)
        following[row.thread] = row.turn
    for row, asks_tool in zip(own, reversed(ends), strict=True):
        yield row, Said(row.thread, row.session, bool(row.agent), asks_tool)
