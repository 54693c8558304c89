"""Offers: what the keeper would have saved, worked out once a budget day and kept, for whoever asks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date
from pathlib import Path

from pricing.money import Money
from pricing.table import PriceTable
from proxy.keeper.past import Offer, offer
from proxy.keeper.wish import Wish


class Offers:
    """Keeps the newest offer; safe from any thread, and two that ask at once have it worked out once.

    `hurry` has one worked out aside, soon; where there is nobody to do that, whoever asks waits.
    """

    hurry: Callable[[], None] | None = None

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: tuple[date, Money, PriceTable, Offer] | None = None

    def of(self, database: Path, today: date, prices: PriceTable, wish: Wish) -> Offer:
        """Give the offer of a day, which takes seconds the first time where much was asked. Raises sqlite3.Error."""
        with self._lock:
            kept = self._kept
            if kept is None or kept[:2] != (today, wish.allowance) or kept[2] is not prices:
                kept = self._kept = (today, wish.allowance, prices, offer(database, today, prices, wish))
            return kept[3]

    def at_hand(self, database: Path, today: date, prices: PriceTable, wish: Wish) -> Offer | None:
        """Give the offer of a day; None while it is worked out aside. Raises sqlite3.Error."""
        if self.hurry is None:
            return self.of(database, today, prices, wish)
        made = self.known(today)
        if made is None:
            self.hurry()
        return made

    def known(self, today: date) -> Offer | None:
        """Give the offer of a day if it is there, without any work."""
        kept = self._kept
        return kept[3] if kept is not None and kept[0] == today else None
