"""The bounds of one request: what it may cost at Claude at most, the tighter the more is known of it."""

from __future__ import annotations

from dataclasses import replace

from budget.ledger import Offer, Refused
from pricing.bound import Bound, bound, counted
from pricing.money import Money
from pricing.usage import Usage
from proxy.anchors import Print
from proxy.case import Case, anchor_key
from proxy.route import Route
from proxy.services import Services

LEAST_OUTPUT = 1024
"""A lowered `max_tokens` below this would only produce stumps."""


class Bounds:
    """Works out the bounds of one request, anew for each moment it asks for money."""

    def __init__(self, services: Services, case: Case) -> None:
        self._services, self.case = services, case
        self.prices = services.prices()
        self.tokens: int | None = None
        """What Claude counted, once it was asked."""
        self.was_counted = False
        self._print: Print | None = None

    def of(self, route: Route) -> tuple[Bound, ...]:
        """Give the upper bounds, largest first: by its bytes, by what was measured, as counted."""
        at = self._services.clock()
        shape = self.case.request.shape
        if shape.model != route.model:
            shape = replace(shape, model=route.model)
        by_bytes = bound(shape, at, self.prices)
        inputs = [self._anchored(), counted(self.tokens) if self.tokens else None]
        tighter = [bound(shape, at, self.prices, input_tokens=n) for n in inputs if n is not None]
        return (by_bytes, *sorted((b for b in tighter if b.amount < by_bytes.amount), key=size, reverse=True))

    def printed(self) -> Print:
        """Give the body's print, by which the next request of the conversation is measured against this one."""
        if self._print is None:
            self._print = Print.of(self.case.request.body)
        return self._print

    def _anchored(self) -> int | None:
        shape = self.case.request.shape
        if shape.unbounded:
            return None
        return self._services.anchors.bound(anchor_key(self.case.request), self.printed(), shape.images)


def offers(route: Route, bounds: tuple[Bound, ...]) -> tuple[Offer, ...]:
    """Offer each bound to the ledger: the first that fits is held."""
    return tuple(
        Offer(route.upstream, route.model, b.amount, is_local=False, terms=b.record(), likely=_likely(b))
        for b in bounds
    )


def lowered(found: Refused, bounds: tuple[Bound, ...]) -> int | None:
    """Find the `max_tokens` that fits what is left: of the request, never of the hold alone."""
    tightest = min(bounds, key=size)
    if not tightest.rates.output:
        return None
    left = found.cutoff.picos - found.settled.picos - found.held.picos - found.kept.picos
    short = tightest.amount.picos - left
    output = tightest.output_tokens - -(-short // tightest.rates.output)
    return output if output >= LEAST_OUTPUT else None


def size(of: Bound) -> int:
    """Order bounds by their amount."""
    return of.amount.picos


def _likely(of: Bound) -> Money:
    """Say what to report of a request whose answer is never known: its input at the dearest rate."""
    return min(of.rates.cost(Usage(input=of.likely_input)), of.amount)
