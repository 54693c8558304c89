"""Switches: what a person does to a running bursar, the same from the API and from a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from budget.state import Mode
from pricing.money import Money
from proxy.desk import RequestError

if TYPE_CHECKING:
    from proxy.services import Services

MOST_MORE = Money.usd(1000)


def choose_mode(services: Services, name: object) -> None:
    """Choose the mode; after this no new byte goes to a cloud that may not. Raises RequestError."""
    if name not in [mode.value for mode in Mode]:
        raise RequestError(f"there is no mode {str(name)[:40]!r}; the modes are {', '.join(Mode)}")
    services.ledger.set_mode(Mode(str(name)))
    # What was about to be sent has been sent or held back when this returns.
    services.cut(lambda _: False)


def stop_cloud(services: Services) -> None:
    """Stop all cloud traffic at once; local models go on."""
    services.ledger.stop("person")
    services.cut(lambda forward: forward.is_cloud)


def allow_more_today(services: Services, usd: str) -> Money:
    """Raise today's cutoff by an amount in dollars, until midnight. Raises RequestError."""
    try:
        amount = Money.usd(usd.strip().removeprefix("$"))
    except ValueError:
        raise RequestError(f'must be an amount in dollars such as "2.00", not {usd[:40]!r}') from None
    if not Money(0) < amount <= MOST_MORE:
        raise RequestError(f"must be above $0 and at most {MOST_MORE.dollars(0)}")
    services.ledger.allow_more_today(amount)
    return amount
