"""What is asked of the ledger before money may be spent, and its two answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from budget.allowance import Allowance
from budget.bands import Band
from budget.line import Ticket
from budget.shares import NONE, Shares
from pricing.money import ZERO, Money

# One request never costs a million dollars; below this the sums of a day stay exact in 64 bits.
MOST = Money(2**60)
UNRECORDED = -1
"""The hold id of a local request that was served while the ledger was in trouble."""


@dataclass(frozen=True, slots=True)
class Labels:
    """Short facts about a request that reports group by; never a word of its prompt."""

    session: str = ""
    agent: str = ""
    model_asked: str = ""
    task_class: str = ""
    tier: str = ""
    mode: str = ""
    band: str = ""
    reason: str = ""
    project: str = ""
    turn: str = ""
    dialect: str = "anthropic"
    attempt: int = 0
    is_plan: bool = False
    """Whether a Pro or Max plan pays, which is not billed request by request."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A route and the most it can cost; `terms` is JSON of the rates, `likely` what to report if no answer is known."""

    upstream: str
    model: str
    amount: Money
    is_local: bool
    terms: str = ""
    likely: Money = ZERO

    def __post_init__(self) -> None:
        if self.amount < ZERO or self.likely < ZERO:
            raise ValueError("an offer's amount is zero or more")
        if self.is_local and self.amount:
            raise ValueError("a local offer holds nothing")


@dataclass(frozen=True, slots=True)
class Ask:
    """A request for money: the offers, best first, of which the first that fits is taken."""

    request_id: str
    offers: tuple[Offer, ...]
    labels: Labels = Labels()
    ticket: Ticket | None = None
    keep: Money = ZERO
    """So much at least must stay free beside a cloud offer."""
    shares: Shares = NONE
    """And so much as these keep from `labels.tier`: the ledger works it out in the statement that holds the money.

    Worked out before, it would be a check here and a hold there: of a share of $2, 64 threads then took $1.06.
    """
    allowance: Allowance | None = None
    """What requests of this kind may cost in a day, checked in the transaction that holds the money."""

    def __post_init__(self) -> None:
        if not self.offers:
            raise ValueError("nothing is offered")
        if self.keep.picos < 0:
            raise ValueError("what must stay free is zero or more")

    @property
    def needed(self) -> Money:
        """The cheapest cloud offer: what would have to be left."""
        return min((offer.amount for offer in self.offers if not offer.is_local), default=ZERO)

    @property
    def local(self) -> Offer | None:
        """The best local offer, if there is one."""
        return next((offer for offer in self.offers if offer.is_local), None)


@dataclass(frozen=True, slots=True)
class Held:
    """Money is kept, durably: the request may go out on this offer and must be settled or voided."""

    hold_id: int
    offer: Offer
    day: date
    band: Band
    since: datetime


Why = Literal["stopped", "mode", "full", "trouble"]


@dataclass(frozen=True, slots=True)
class Refused:
    """No offer fits; nothing may go out. `fits_later`: it could, once running requests have settled.

    `kept`: so much had to stay free for others, even where less is left; zero unless money is why.
    """

    why: Why
    day: date
    settled: Money
    held: Money
    cutoff: Money
    needed: Money
    fits_later: bool
    resets_at: datetime
    detail: str = ""
    kept: Money = ZERO
