"""Admission: the first offer that fits is held, by one statement that writes it only if it does fit."""

from __future__ import annotations

from budget.allowance import allows
from budget.book import Book
from budget.bytier import moved
from budget.holds import MOST, Ask, Held, Offer, Refused
from budget.posting import ADMIT, HOLD, HoldRow
from budget.shares import NONE, keep_for
from budget.standing import Standing
from pricing.money import ZERO, Money


def admit(book: Book, ask: Ask) -> Held | Refused:
    """Hold the first offer that fits, or say why none does."""
    keep = _keep(book, ask)
    for offer in ask.offers:
        if offer.is_local or _takes(book, ask, offer, keep):
            return _hold(book, ask, offer, keep)
    return _refusal(book, ask, keep)


def _keep(book: Book, ask: Ask) -> Money:
    """Give what must stay free beside it, as the day stands in this transaction."""
    if ask.shares == NONE:
        return ask.keep
    standing = book.standing
    return max(ask.keep, keep_for(ask.labels.tier, ask.shares, standing.limits_today, standing.gone_by_tier))


def _takes(book: Book, ask: Ask, offer: Offer, keep: Money) -> bool:
    standing = book.standing
    if standing.closed or max(offer.amount.picos, keep.picos) > MOST.picos or book.line.blocks(ask.ticket, keep):
        return False
    if ask.allowance and not allows(book.connection, standing, ask.allowance, offer.amount):
        return False
    return fits(standing, offer.amount, keep)


def fits(standing: Standing, amount: Money, keep: Money) -> bool:
    """Tell whether an amount fits beside what must stay free; the statement that holds it makes sure of it."""
    return standing.settled + standing.held + amount.picos + keep.picos <= standing.cutoff


def _hold(book: Book, ask: Ask, offer: Offer, keep: Money) -> Held:
    standing, labels = book.standing, ask.labels
    book.last_hold += 1
    row = HoldRow(
        book.last_hold,
        standing.day_text,
        book.now_text,
        book.instance,
        ask.request_id,
        offer.upstream,
        offer.model,
        int(offer.is_local),
        offer.amount.picos,
        offer.likely.picos,
        offer.terms,
        labels.session,
        labels.agent,
        labels.model_asked,
        labels.task_class,
        labels.tier,
        labels.mode,
        labels.band,
        labels.reason,
        labels.project,
        labels.turn,
        labels.dialect,
        labels.attempt,
        int(labels.is_plan),
    )
    if offer.is_local:
        book.post(HOLD, row)
    else:
        book.post(ADMIT, (*row, keep.picos))
        standing.held += offer.amount.picos
        standing.gone_by_tier = moved(standing.gone_by_tier, labels.tier, offer.amount.picos)
    book.began(row)
    standing.open_holds += 1
    return Held(book.last_hold, offer, standing.day, standing.band, book.now)


def _refusal(book: Book, ask: Ask, keep: Money) -> Refused:
    standing = book.standing
    # Whatever running requests turn out to cost, less than this never comes free; what is kept may still grow when
    # one that it is kept for settles below its hold, and then whoever waits is told.
    at_best = standing.settled + ask.needed.picos + keep.picos
    return Refused(
        why=standing.closed or "full",
        day=standing.day,
        settled=Money(standing.settled),
        held=Money(standing.held),
        cutoff=Money(standing.cutoff),
        needed=ask.needed,
        fits_later=standing.closed is None and at_best <= standing.cutoff,
        resets_at=standing.resets_at,
        kept=ZERO if standing.closed else keep,
    )
