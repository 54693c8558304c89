"""Three ledgers that are wrong in the ways of others. The harness must find each of them out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from budget import admission, opening, posting
from budget.book import Book
from budget.entries import Outcome, Settlement
from budget.holds import Ask, Held, Refused
from budget.ledger import Ledger
from budget.settlement import settle
from pricing.money import ZERO

UNCONDITIONAL = """
CREATE TEMP TRIGGER admits INSTEAD OF INSERT ON admissions BEGIN
    UPDATE days SET held = held + new.amount WHERE day = new.day;
    INSERT INTO holds SELECT {columns};
END
"""


class CheckThenRecord(Ledger):
    """Looks whether there is room, then takes it in a second step: what many gateways do."""

    def reserve(self, ask: Ask, *, patience_s: float = 10.0) -> Held | Refused:
        today = self.today()
        if today.gone + ask.needed > today.limits.cutoff:
            return Refused(
                "full", today.day, today.settled, today.held, today.limits.cutoff, ask.needed, True, today.resets_at
            )
        return super().reserve(ask, patience_s=patience_s)


class Clamped(Ledger):
    """Shrinks the hold to what is left, and lets the request out unshrunk."""

    def reserve(self, ask: Ask, *, patience_s: float = 10.0) -> Held | Refused:
        (offer,) = ask.offers
        amount = min(offer.amount, self.today().left)
        if not amount:
            return super().reserve(ask, patience_s=patience_s)
        answer = super().reserve(replace(ask, offers=(replace(offer, amount=amount),)), patience_s=patience_s)
        return replace(answer, offer=offer) if isinstance(answer, Held) else answer


def _release_orphans(book: Book) -> None:
    for hold_id, _, _ in book.connection.execute(opening._FOREIGN, (book.instance,)).fetchall():
        settle(book, hold_id, Settlement(Outcome.voided, ZERO, ZERO))


def check_then_record(**wanted: Any) -> None:
    """Let holds through without a condition; the check happens before."""
    columns = ", ".join(f"new.{name}" for name in posting.HOLD_COLUMNS.split(", "))
    posting._ADMITS = UNCONDITIONAL.format(columns=columns)
    admission.fits = lambda *_: True


def orphans_released(**wanted: Any) -> None:
    """Give back what an earlier run held."""
    opening._charge_orphans = _release_orphans


def clamped(**wanted: Any) -> None:
    """Nothing to change below: the hold is shrunk above."""


MUTANTS: dict[str, tuple[Callable[..., None], type[Ledger]]] = {
    "check-then-record": (check_then_record, CheckThenRecord),
    "orphans-released": (orphans_released, Ledger),
    "hold-clamped": (clamped, Clamped),
}
