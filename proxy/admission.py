"""Admission: from a decision to an answer – money is held on the first route that fits, or the agent hears why not.

The router proposes, the ledger disposes. A request that would fit once others have settled waits in the line; one that
does not fit at all goes local, or is refused in one sentence.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from threading import Lock

from budget.ledger import Ask, Held, Offer, Refused
from budget.line import Ticket
from budget.state import Mode
from pricing.bound import Bound, bound, counted
from pricing.money import ZERO, Money
from pricing.usage import Usage
from proxy.anchors import Print
from proxy.carry import Instead, attempt_of, may_use_cloud, to_cloud, to_local
from proxy.case import Case, anchor_key
from proxy.errors import error
from proxy.refusals import Saying
from proxy.rewrite import with_value
from proxy.router import Route
from proxy.services import Services
from proxy.upstream.count import count_tokens
from proxy.wire.answer import Answer, Headers, Later

WITHOUT_LOCAL = 4
"""How much longer a request waits in the line if no local model could take it: 240 s by default, agents allow 300."""
LEAST_OUTPUT = 1024
"""A lowered `max_tokens` below this would only produce stumps."""


class Admission:
    """Takes one request along its routes; each step runs in a worker thread, one at a time."""

    def __init__(self, services: Services, case: Case, decide_again: Callable[[], Answer]) -> None:
        self._services, self._case, self._decide_again = services, case, decide_again
        self._say = Saying(services, case)
        self._until = time.monotonic() + self._wait_s()
        self._at = services.clock()
        self._prices = services.prices()
        self._print: Print | None = None
        self._counted: int | None = None
        self._has_counted = False
        self._ticket: Ticket | None = None
        self._place = _Place()

    def _wait_s(self) -> float:
        """Wait longer where the only other answer is a refusal."""
        wait_s = self._services.options.queue_wait_s
        return wait_s if any(route.is_local for route in self._case.decision.routes) else wait_s * WITHOUT_LOCAL

    def answer(self) -> Answer:
        """Give the first answer; money is held by then, or a place in the line taken."""
        return self._along(self._case.decision.routes)

    def _along(self, routes: tuple[Route, ...], why: str = "") -> Answer:
        return self._go_local(routes, why) if routes[0].is_local else self._go_cloud(routes, why)

    # --- local --------------------------------------------------------------------------------------------------

    def _go_local(self, routes: tuple[Route, ...], why: str = "") -> Answer:
        route, rest = routes[0], routes[1:]
        offer = Offer(route.upstream, route.model, ZERO, is_local=True)
        held = self._services.ledger.reserve(self._ask((offer,), why))
        assert isinstance(held, Held), "a local offer always fits"
        with self._voiding(held):
            self._remember(route)
            own = self._own(route, held, why)
            return to_local(self._services, self._case, held, own, route, self._instead(rest, route))

    def _instead(self, rest: tuple[Route, ...], failed: Route) -> Instead:
        def instead(trouble: str) -> Callable[[], Answer] | None:
            if rest:
                return lambda: self._along(rest, f"{failed.upstream} failed: {trouble}")
            return self._decide_again if self._may_decide_again(failed) else None

        return instead

    def _may_decide_again(self, failed: Route) -> bool:
        """Whether the table may send it elsewhere, now that the server is known to be down."""
        if self._case.labels.mode != Mode.auto or self._case.override == "local":
            return False
        return not any(seen.name == failed.upstream and seen.healthy for seen in self._services.locals.snapshot())

    # --- cloud --------------------------------------------------------------------------------------------------

    def _go_cloud(self, routes: tuple[Route, ...], why: str = "") -> Answer:
        route, rest = routes[0], routes[1:]
        self._at = self._services.clock()
        bounds = self._bounds(route)
        found = self._services.ledger.reserve(self._ask(self._offers(route, bounds), why))
        if isinstance(found, Refused) and found.why == "full" and not self._has_counted:
            return self._count(routes, why)
        if isinstance(found, Held):
            self._leave()
            return self._send(route, found, next(b for b in bounds if b.amount == found.offer.amount), why)
        if found.why == "full" and found.fits_later and time.monotonic() < self._until:
            return self._wait(found, routes, why)
        self._leave()
        if found.why in ("stopped", "mode"):
            return self._decide_again()
        return self._otherwise(found, rest, bounds)

    def _otherwise(self, found: Refused, rest: tuple[Route, ...], bounds: tuple[Bound, ...]) -> Answer:
        local = tuple(other for other in rest if other.is_local)
        if local:
            return self._go_local(local, self._say.short(found))
        if found.why == "full" and self._services.options.lower_max_tokens:
            lowered = self._lowered(found, bounds)
            if lowered:
                return lowered
        self._services.log.ended(self._case.request_id, "refused")
        return error(
            402, self._say.refused(found), self._case.request.dialect, headers=self._own(None, None, found.why)
        )

    def _send(self, route: Route, held: Held, within: Bound, why: str) -> Answer:
        with self._voiding(held):
            self._remember(route)
            attempt = attempt_of(self._services, held, within, self._at, self._prices)
            own = self._own(route, held, why)
            return to_cloud(self._services, self._case, own, attempt, self._printed(), self._decide_again)

    @contextmanager
    def _voiding(self, held: Held) -> Iterator[None]:
        """Give the money back if sending fails inside bursar: nothing has gone out yet."""
        try:
            yield
        except BaseException:
            self._services.ledger.void(held.hold_id, why="failed inside bursar")
            raise

    def _bounds(self, route: Route) -> tuple[Bound, ...]:
        """Give the upper bounds of the request, largest first: by its bytes, by what was measured, as counted."""
        shape = replace(self._case.request.shape, model=route.model)
        by_bytes = bound(shape, self._at, self._prices)
        inputs = [self._anchored(), counted(self._counted) if self._counted else None]
        tighter = [bound(shape, self._at, self._prices, input_tokens=n) for n in inputs if n is not None]
        return (by_bytes, *sorted((b for b in tighter if b.amount < by_bytes.amount), key=_size, reverse=True))

    def _anchored(self) -> int | None:
        shape = self._case.request.shape
        if shape.unbounded:
            return None
        return self._services.anchors.bound(anchor_key(self._case.request), self._printed(), shape.images)

    def _count(self, routes: tuple[Route, ...], why: str) -> Answer:
        """Ask Claude for the number of tokens, once, and go on with the tighter bound that it may give."""
        self._has_counted = True

        def go_on(tokens: int | None) -> Answer:
            self._counted = tokens
            return self._go_cloud(routes, why)

        fields = {**self._case.request.fields, "model": routes[0].model}
        may_send = partial(may_use_cloud, self._services)
        return count_tokens(self._services.cloud, self._case.wire.headers, fields, may_send, go_on)

    def _lowered(self, found: Refused, bounds: tuple[Bound, ...]) -> Answer | None:
        """Ask again with the `max_tokens` that fits: of the request, never of the hold alone."""
        tightest = min(bounds, key=_size)
        if not tightest.rates.output:
            return None
        left = found.cutoff.picos - found.settled.picos - found.held.picos
        short = tightest.amount.picos - left
        output = tightest.output_tokens - -(-short // tightest.rates.output)
        if output < LEAST_OUTPUT:
            return None
        request = self._case.request
        body = with_value(request.body, "max_tokens", output)
        shape = replace(request.shape, max_output=output)
        case = replace(self._case, request=replace(request, body=body, max_tokens=output, shape=shape))
        again = Admission(
            replace(self._services, options=replace(self._services.options, lower_max_tokens=False)),
            case,
            self._decide_again,
        )
        again._counted, again._has_counted, again._until = self._counted, True, 0.0
        return again.answer()

    # --- the line -----------------------------------------------------------------------------------------------

    def _wait(self, found: Refused, routes: tuple[Route, ...], why: str) -> Answer:
        def join(wake: Callable[[], None]) -> None:
            self._place.enter(wake)
            if self._ticket is None:
                wait_s = max(0.0, self._until - time.monotonic())
                self._ticket = self._services.ledger.line.join(found.needed, self._place.called, wait_s=wait_s)
            else:
                self._services.ledger.line.change(self._ticket, found.needed)

        def resume(woken: bool) -> Answer:
            if not woken:
                self._until = 0.0
            return self._go_cloud(routes, why)

        return Later(join, self._leave, resume, self._until, streams=self._case.request.stream)

    def _leave(self) -> None:
        ticket, self._ticket = self._ticket, None
        if ticket:
            self._services.ledger.line.leave(ticket)

    # --- helpers ------------------------------------------------------------------------------------------------

    def _ask(self, offers: tuple[Offer, ...], why: str) -> Ask:
        labels = replace(self._case.labels, reason=why or self._case.decision.reason)
        return Ask(self._case.request_id, offers, labels, self._ticket)

    def _offers(self, route: Route, bounds: tuple[Bound, ...]) -> tuple[Offer, ...]:
        return tuple(
            Offer(route.upstream, route.model, b.amount, is_local=False, terms=b.record(), likely=_likely(b))
            for b in bounds
        )

    def _remember(self, route: Route) -> None:
        self._services.sessions.remember(self._case.request, route, self._case.decision.tier)

    def _printed(self) -> Print:
        if self._print is None:
            self._print = Print.of(self._case.request.body)
        return self._print

    def _own(self, route: Route | None, held: Held | None, why: str) -> Headers:
        return self._say.headers(route, held.band if held else None, why)


class _Place:
    """A place in the line that may be called between two waits: the call is kept, so that no wake-up is lost."""

    def __init__(self) -> None:
        self._wake: Callable[[], None] | None = None
        self._was_called = False
        self._lock = Lock()

    def enter(self, wake: Callable[[], None]) -> None:
        with self._lock:
            self._wake = wake
            missed, self._was_called = self._was_called, False
        if missed:
            wake()

    def called(self) -> None:
        with self._lock:
            wake, self._wake = self._wake, None
            self._was_called = wake is None
        if wake:
            wake()


def _likely(of: Bound) -> Money:
    """Say what to report of a request whose answer is never known: its input at the dearest rate."""
    return min(of.rates.cost(Usage(input=of.likely_input)), of.amount)


def _size(of: Bound) -> int:
    return of.amount.picos
