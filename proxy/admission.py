"""Admission: from a decision to an answer – money is held on the first route that fits, or the agent hears why not.

The router proposes, the ledger disposes. A request that would fit once others have settled waits in the line; one that
does not fit at all goes local, or is refused in one sentence. A local answer that is not good is mended by a second
attempt, or escalated to Claude if there is money; else the best that there is gets given as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import takewhile
from typing import Protocol

from budget.ledger import Ask, Held, Offer, Refused, Settled, Settlement
from budget.state import Mode
from pricing.bound import Bound
from pricing.money import ZERO
from proxy.baseline import Followed
from proxy.bounds import Bounds, lowered, offers
from proxy.carry import attempt_of, may_go, may_use_cloud, to_cloud
from proxy.case import Case
from proxy.conversation import as_lists
from proxy.errors import error
from proxy.local_relay import Follow
from proxy.local_way import Job, LocalWay, Seat
from proxy.place import Place
from proxy.refusals import Saying, keep_refusal
from proxy.rewrite import with_value
from proxy.route import Route
from proxy.services import Services
from proxy.task import Tier
from proxy.translate.refusal import CannotTranslate
from proxy.tried import Tried
from proxy.tries import Tries
from proxy.upstream.count import count_tokens
from proxy.wire.answer import Answer, Headers

WITHOUT_LOCAL = 4
"""How much longer a request waits in a line if all else is a refusal: 240 s by default, agents allow 300."""


UNUSABLE = "had a local answer that cannot be used"
BUSY = "waited in vain for the local model"
TOO_MUCH = "more than a local model holds"
UNKNOWN = "parts that no local model takes"


class DecideAgain(Protocol):
    """Decides anew; `only_claude` says in a few words what the request has, so that only Claude can take it."""

    def __call__(self, only_claude: str = "") -> Answer:
        """Give the answer that comes of it."""


class Admission:
    """Takes one request along its routes; each step runs in a worker thread, one at a time."""

    def __init__(self, services: Services, case: Case, decide_again: DecideAgain) -> None:
        self._services, self._case, self._decide_again = services, case, decide_again
        self._say = Saying(services, case)
        self._way = LocalWay(services, case)
        self._bounds = Bounds(services, case)
        self._place = self._new_place()
        self._attempts = 0
        self._may_mend = case.request.has_tools
        self._has_lowered = False
        self._has_degraded = False
        self._tries = Tries()
        self._passed: tuple[Route, ...] = ()
        """Local models that were only busy, where Claude was asked instead."""
        self._has_no_money = False
        """Claude was asked for, and there was no money; who waited for a local model after that has waited enough."""

    def answer(self) -> Answer:
        """Give the first answer; money is held by then, or a place in the line taken."""
        return self._along(self._case.decision.routes)

    def _along(self, routes: tuple[Route, ...], why: str = "") -> Answer:
        return self._go_local(routes, why) if routes[0].is_local else self._go_cloud(routes, why)

    # --- local --------------------------------------------------------------------------------------------------

    def _go_local(self, routes: tuple[Route, ...], why: str) -> Answer:
        """Take the first local route with a free place; wait for one only briefly where Claude comes next."""
        local = tuple(takewhile(lambda route: route.is_local, routes))
        found = self._way.seat(local)
        if isinstance(found, Seat):
            return self._sit(found, routes, why)
        beyond = routes[len(local) :]
        if not found:
            return self._past_local(local[0], beyond)

        def go_on(seat: Seat | None) -> Answer:
            if seat:
                return self._tries.during(lambda: self._sit(seat, routes, why))
            return self._tries.during(lambda: self._past_local(local[0], beyond, found))

        options = self._services.options
        wait_s = options.busy_wait_s if beyond else options.queue_wait_s * WITHOUT_LOCAL
        return self._way.wait(found, wait_s, go_on, self._tries.lost)

    def _past_local(self, local: Route, beyond: tuple[Route, ...], busy: tuple[Route, ...] = ()) -> Answer:
        """Go on without a local model: all have failed too often of late, or some are only `busy`."""
        trouble = f"{local.upstream} {'is busy' if busy else 'failed too often'}"
        if beyond:
            self._passed, self._place = busy, self._new_place()
            return self._along(beyond, f"{self._case.decision.reason}; {trouble}")
        if self._may_be_claudes():
            return self._leave_to_claude(BUSY if busy else UNUSABLE)
        return self._end_with(trouble, f"bursar: the local model at {trouble}. Try again in a moment.")

    def _sit(self, seat: Seat, routes: tuple[Route, ...], why: str) -> Answer:
        """Use a place: translate, hold, send. What cannot be translated goes on, and costs nothing."""
        rest = tuple(route for route in routes if route != seat.route)
        with self._giving_back(seat):
            if self._became_restricted():
                seat.give_up()
                self._tries.followed(by_claude=False)
                return self._decide_again()
            try:
                job = self._way.translate(seat.route)
            except CannotTranslate as cannot:
                seat.give_up()
                if rest:
                    return self._along(rest, f"{seat.route.upstream} failed: {cannot}")
                if self._may_be_claudes():
                    return self._leave_to_claude(TOO_MUCH if cannot.does_not_fit else UNKNOWN)
                return self._end_with(str(cannot), f"bursar: no local model can take this: {cannot}")
            return self._send_local(seat, job, rest, why)

    def _send_local(self, seat: Seat, job: Job, rest: tuple[Route, ...], why: str) -> Answer:
        offer = Offer(seat.route.upstream, seat.route.model, ZERO, is_local=True)
        held = self._services.ledger.reserve(self._ask((offer,), why))
        assert isinstance(held, Held), "a local offer always fits"

        def settle(settlement: Settlement) -> Future[Settled]:
            seat.give_up()
            settling = self._services.ledger.settle(held.hold_id, settlement)
            if keeper:
                keeper.answered_away(self._case.request, asks_tool=bool(followed and followed.calls_tools))
            if followed:
                followed.ended(settlement, settling)
            return settling

        keeper = self._services.keeper
        if keeper:
            keeper.went_away(self._case.request)
        with self._voiding(held):
            self._took(seat.route, held, why)
            followed = self._followed(held, seat.route)
            return self._way.send(
                job,
                settle,
                lambda tried: self._follow(tried, seat, rest, why),
                lambda reason: self._own(seat.route, held, reason or why),
                self._say.way_out,
                followed.heard if followed else lambda _: None,
            )

    @contextmanager
    def _giving_back(self, seat: Seat) -> Iterator[None]:
        """Give a place back if nothing comes of it."""
        try:
            yield
        except BaseException:
            seat.give_up()
            raise

    # --- after a local answer -----------------------------------------------------------------------------------

    def _follow(self, tried: Tried, seat: Seat, rest: tuple[Route, ...], why: str) -> Follow:
        """Say how to go on after an answer that is not good, or why it is given as it is."""
        if self._may_mend and tried.judgement.may_mend and not self._became_restricted():
            self._may_mend = False
            return partial(tried.during, partial(self._mend, tried, seat, rest, why))
        return self._next(tried, seat, rest)

    def _next(self, tried: Tried, seat: Seat, rest: tuple[Route, ...]) -> Follow:
        """Say where to go after the last attempt at a model: a server's trouble may end at the next one."""
        request = self._case.request
        self._services.trust.turned_out(request.session, request.turn.key, good=False)
        onward = rest if tried.judgement.trouble else tuple(route for route in rest if not route.is_local)
        if onward:
            return partial(tried.during, partial(self._go_on, tried, seat, onward))
        if tried.judgement.trouble and self._may_be_claudes():
            return partial(tried.during, partial(self._afresh, tried))
        if self._tries.best:
            return partial(tried.during, partial(self._give_best, tried))
        return self._say.why_kept()

    def _mend(self, tried: Tried, seat: Seat, rest: tuple[Route, ...], why: str) -> Answer:
        """Try again on the same place, held to the tools' schemas, where the server can do that."""
        seat = Seat(seat.route, seat.slot.passed_on(), seat.leave)
        with self._giving_back(seat):
            try:
                job = self._way.translate(seat.route, constrained=True)
            except CannotTranslate:
                seat.give_up()
                follow = self._next(tried, seat, rest)
                return follow() if callable(follow) else self._give(tried, follow)
            tried.close("retried")
            self._tries.keep(tried, is_open=False)
            return self._send_local(seat, job, rest, f"{why or self._case.decision.reason}; second attempt")

    def _go_on(self, tried: Tried, seat: Seat, onward: tuple[Route, ...]) -> Answer:
        """Go on at the next local model, or escalate to Claude."""
        seat.give_up()
        self._tries.keep(tried)
        self._place = self._new_place()
        if onward[0].is_local:
            return self._along(onward, f"{seat.route.upstream} failed: {tried.judgement.why}")
        return self._along(onward, f"{self._case.decision.reason}; escalated: {tried.judgement.why}")

    def _afresh(self, tried: Tried) -> Answer:
        tried.close()
        return self._leave_to_claude(UNUSABLE)

    def _give_best(self, tried: Tried) -> Answer:
        self._tries.keep(tried)
        return self._end_with(self._say.why_kept())

    def _give(self, tried: Tried, why: str) -> Answer:
        tried.close(f"kept: {why}" if tried.is_usable else f"not escalated: {why}")
        return tried.answer()

    def _end_with(self, why: str, otherwise: str = "") -> Answer:
        """End without Claude: with the best local answer, or its error; or with a refusal if none was made."""
        if self._tries.best is None:
            return self._refuse(otherwise, "no_local")
        return self._tries.give_best(self._case.decision.reason, why)

    def _may_be_claudes(self) -> bool:
        """Whether the table may send it to Claude, now that no local model can answer: while money is left, it does."""
        if self._case.labels.mode != Mode.auto or self._case.override == "local":
            return False
        if self._has_no_money or self._tries.is_usable:
            return False
        return may_use_cloud(self._services)

    def _leave_to_claude(self, has: str) -> Answer:
        """Decide anew, as for a request that has what only Claude can take, or as it is if no local server runs."""
        self._tries.followed(by_claude=False)
        lives = any(upstream.healthy for upstream in self._services.locals.snapshot())
        return self._decide_again(has if lives else "")

    # --- cloud --------------------------------------------------------------------------------------------------

    def _go_cloud(self, routes: tuple[Route, ...], why: str) -> Answer:
        bounds = self._bounds.of(routes[0])
        found = self._services.ledger.reserve(self._ask(offers(routes[0], bounds), why))
        if isinstance(found, Held):
            self._place.leave()
            return self._send(routes[0], found, next(b for b in bounds if b.amount == found.offer.amount), why)
        if found.why == "full" and not self._bounds.was_counted:
            return self._count(routes, why)
        if found.why == "full" and found.fits_later and self._place.may_wait:
            again = partial(self._tries.during, partial(self._go_cloud, routes, why))
            return self._place.wait(found.needed, again, self._tries.lost, streams=self._case.request.stream)
        self._place.leave()
        if self._tries.best:
            return self._end_with(self._say.short(found))
        return self._decide_again() if found.why in ("stopped", "mode") else self._otherwise(found, routes, why, bounds)

    def _otherwise(self, found: Refused, routes: tuple[Route, ...], why: str, bounds: tuple[Bound, ...]) -> Answer:
        local = tuple(other for other in routes if other.is_local)
        if not local and self._passed:
            local, self._passed, self._has_no_money = self._passed, (), True
        if local:
            return self._go_local(local, self._say.second_best(found, local[0]))
        may_lower = self._services.options.lower_max_tokens and not self._has_lowered
        if found.why == "full" and may_lower and (output := lowered(found, bounds)):
            return self._go_lowered(output, routes, why)
        return self._refuse(self._say.refused(found), found.why, self._say.why_none(found))

    def _refuse(self, said: str, why: str, reason: str = "") -> Answer:
        self._services.log.refused(self._case.request_id, reason)
        keep_refusal(self._services, self._case, said, why, reason)
        return error(402, said, self._case.request.dialect, headers=self._own(None, None, why))

    def _send(self, route: Route, held: Held, within: Bound, why: str) -> Answer:
        with self._voiding(held):
            self._took(route, held, why)
            own = self._own(route, held, why)
            attempt = attempt_of(self._services, held, within, self._bounds)
            instead = self._instead_of_claude if self._tries.is_usable else None
            printed = self._bounds.printed()
            again, followed = self._mode_changed, self._followed(held, route)
            return to_cloud(self._services, self._case, own, attempt, printed, again, instead, followed)

    def _instead_of_claude(self, why: str) -> Answer:
        return self._end_with(f"Claude failed: {why}")

    def _mode_changed(self) -> Answer:
        return self._end_with("nothing goes to Claude any more") if self._tries.best else self._decide_again()

    def _count(self, routes: tuple[Route, ...], why: str) -> Answer:
        """Ask Claude for the number of tokens, once, and go on with the tighter bound that it may give."""
        self._bounds.was_counted = True

        def go_on(tokens: int | None) -> Answer:
            self._bounds.tokens = tokens
            return self._tries.during(lambda: self._go_cloud(routes, why))

        fields = {**as_lists(self._case.request.fields), "model": routes[0].model}
        may_send = partial(may_go, self._services, self._case.request)
        headers = self._case.wire.headers
        return count_tokens(self._services.cloud, headers, fields, may_send, go_on, self._tries.lost)

    def _go_lowered(self, output: int, routes: tuple[Route, ...], why: str) -> Answer:
        """Ask again with this `max_tokens`, once and without waiting."""
        request, tokens = self._case.request, self._bounds.tokens
        body = with_value(request.body, "max_tokens", output)
        shape = replace(request.shape, max_output=output)
        self._case = replace(self._case, request=replace(request, body=body, max_tokens=output, shape=shape))
        self._bounds = Bounds(self._services, self._case)
        self._bounds.tokens, self._bounds.was_counted = tokens, True
        self._has_lowered, self._place.until = True, 0.0
        return self._go_cloud(routes, why)

    # --- helpers ------------------------------------------------------------------------------------------------

    def _new_place(self) -> Place:
        """Begin the time to wait in the line; it is longer where the only other answer is a refusal."""
        wait_s = self._services.options.queue_wait_s
        has_other = any(route.is_local for route in self._case.decision.routes)
        ledger, shares = self._services.ledger, self._services.options.shares
        keep = partial(ledger.keep_for, self._case.labels.tier, shares)
        return Place(ledger.line, wait_s if has_other else wait_s * WITHOUT_LOCAL, keep)

    @contextmanager
    def _voiding(self, held: Held) -> Iterator[None]:
        """Give the money back if sending fails inside bursar: nothing has gone out yet."""
        try:
            yield
        except BaseException:
            self._services.ledger.void(held.hold_id, why="failed inside bursar")
            raise

    def _became_restricted(self) -> bool:
        """Tell whether the session has been found restricted since this was decided, by another request of it."""
        services, decided = self._services, self._case.decision.tier
        return decided < Tier.L3 and services.sessions.is_restricted(self._case.request.session)

    def _took(self, route: Route, held: Held, why: str) -> None:
        """Remember where it goes, and tell it on the entry of the attempt before and in the log."""
        self._tries.followed(by_claude=not route.is_local)
        self._attempts += 1
        case = self._case
        if case.decision.degrades(route) and not self._has_degraded:
            self._has_degraded = True
            self._services.ledger.tallies.degraded(case.decision.tier.name)
        self._services.sessions.remember(case.request, route, case.decision.tier, case.task.side)
        self._services.log.held(self._case.request_id, held.hold_id, route, why or self._case.decision.reason)

    def _followed(self, held: Held, route: Route) -> Followed | None:
        """Have what it would have cost at Claude alone told aside, where somebody does that."""
        recorder = self._services.baselines
        return recorder.follow(held, self._case, route) if recorder else None

    def _ask(self, offered: tuple[Offer, ...], why: str) -> Ask:
        labels = self._case.labels
        if why or self._attempts:
            labels = replace(labels, reason=why or labels.reason, attempt=labels.attempt + self._attempts)
        shares = self._services.options.shares
        return Ask(self._case.request_id, offered, labels, self._place.ticket, shares=shares)

    def _own(self, route: Route | None, held: Held | None, why: str) -> Headers:
        return self._say.headers(route, held.band if held else None, why)
