"""The past: what recorded entries teach of pauses, and what keeping caches would have saved on them.

What each request could have read is not recorded, but what it did read is, and how long its prompt was: good enough to
say about how much was written again because a pause was too long.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from budget.conversed import MOST_LEARNED, Conversed, conversed
from pricing.money import Money
from pricing.table import PriceTable
from proxy.keeper.hazard import Hazard
from proxy.keeper.pauses import Pauses, Said
from proxy.keeper.replay import Asked, Replayed, Replaying
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
    hazard = Hazard()
    before = since - timedelta(days=LEARNS_DAYS), since - timedelta(days=1)
    teach(hazard, conversed(database, *before, most=MOST_LEARNED))
    replaying = Replaying(hazard, most=wish.allowance * days)
    bill = requests = 0

    def paid() -> Iterator[Conversed]:
        nonlocal bill
        for row in conversed(database, since, until):
            bill += 0 if row.is_ping or row.is_local else row.likely
            yield row

    for asked in asked_of(paid(), prices):
        requests += 1
        replaying.take(asked)
    return Offer(days, since, until, requests, Money(bill), replaying.end())


def teach(hazard: Hazard, rows: Iterable[Conversed]) -> None:
    """Teach a hazard all pauses that recorded requests tell of, silences that never ended included."""
    pauses = Pauses(hazard)
    end_s = 0.0
    for row, said in _said(rows):
        end_s = row.until.timestamp()
        pauses.came(said.thread, row.session, row.since.timestamp())
        pauses.ended(said, end_s)
    pauses.forget(end_s)


def learn(database: Path, now: datetime) -> Hazard:
    """Learn from the entries of the last weeks. Raises sqlite3.Error."""
    hazard, today = Hazard(), now.date()
    days = today - timedelta(days=LEARNS_DAYS), today + timedelta(days=1)
    teach(hazard, conversed(database, *days, most=MOST_LEARNED))
    return hazard


def asked_of(rows: Iterable[Conversed], prices: PriceTable) -> Iterator[Asked]:
    """Give recorded requests to Claude as a replay takes them."""
    before: dict[str, int] = {}
    for row, said in _said(rows):
        if row.is_local:
            continue
        prefix = row.prefix
        last = before.get(said.thread, 0)
        before[said.thread] = prefix
        yield Asked(
            said=said,
            since_s=row.since.timestamp(),
            until_s=row.until.timestamp(),
            prefix=prefix,
            tail=row.input,
            # A prompt that got shorter was summed up: what it still shares with the one before it nobody knows.
            could_read=last if prefix + row.input >= last else 0,
            rates=prices.on(row.since, row.model).dearest(prefix + row.input),
            for_an_hour=row.written_1h > row.written_5m,
            found=row.read,
        )


def _said(rows: Iterable[Conversed]) -> Iterator[tuple[Conversed, Said]]:
    """Tell of each request of a conversation how it ended: with tools if the same turn went on after it."""
    for row in rows:
        if not row.is_ping and (row.is_local or row.prefix):
            yield row, Said(row.thread, row.session, bool(row.agent), bool(row.goes_on))
