"""The way to a local model: a free place at one that may be tried, the request in its words, a relay for its answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any

from budget.ledger import Settlement
from proxy.carry import to_local
from proxy.case import Case, conversation
from proxy.conversation import as_lists
from proxy.escalate import BUSY, Judgement, wants_action, weigh
from proxy.local_relay import Follow, LocalHooks, LocalRelay
from proxy.route import Route
from proxy.services import Services
from proxy.slots import Slot, Waiter, place_of
from proxy.speed import measured
from proxy.toolcalls.signals import Heard, signals
from proxy.toolcalls.verdict import Failed, Verdict
from proxy.translate.errors import Trouble
from proxy.translate.reading import Reading
from proxy.translate.refusal import CannotTranslate
from proxy.translate.request import Translated, to_chat
from proxy.translate.response import Folded
from proxy.translate.room import learned_from
from proxy.translate.stream import AnthropicStream
from proxy.tried import Tried
from proxy.upstream.breaker import Leave
from proxy.upstream.local_model import LocalModel, LocalUpstream
from proxy.wire.answer import Answer, Ending, Forward, Headers, Later

NOT_THE_MODELS = (BUSY, 400)
"""What a model is not blamed for: that its server is busy, or that the prompt does not fit."""
IN_VAIN_MS = 240_000
"""An agent that leaves after so long has given up, and will ask again: agents wait 300 s (CLAUDE_CODE.md §7)."""
RECENT = 12
"""Messages looked at for a call that is made again and again: the last two turns with calls are among them."""


@dataclass(frozen=True, slots=True)
class Seat:
    """A place at a model that may be tried now."""

    route: Route
    slot: Slot
    leave: Leave

    def give_up(self) -> None:
        """Give both back; harmless after it was used."""
        self.slot.free()
        self.leave.let_go()


@dataclass(frozen=True, slots=True)
class Job:
    """A request in a model's words."""

    upstream: LocalUpstream
    model: LocalModel
    translated: Translated


class LocalWay:
    """Takes one request to local models; what follows a bad answer is not decided here."""

    def __init__(self, services: Services, case: Case) -> None:
        self._services, self._case = services, case

    # --- a place ------------------------------------------------------------------------------------------------

    def seat(self, routes: tuple[Route, ...]) -> Seat | tuple[Route, ...]:
        """Take a place at the first of these models that has one; else name those that are only busy."""
        busy = []
        for route in routes:
            slot = self._services.slots.take(_place(route), self._most(route))
            if slot is None:
                busy.append(route)
            elif leave := self._services.locals.may_try(route.upstream):
                return Seat(route, slot, leave)
            else:
                slot.free()
        return tuple(busy)

    def wait(
        self,
        busy: tuple[Route, ...],
        wait_s: float,
        go_on: Callable[[Seat | None], Answer],
        lost: Callable[[], object],
    ) -> Later:
        """Wait for the first place that comes free, in the order of coming; go on with it, or without one."""
        slots = self._services.slots
        waiter = Waiter({_place(route): self._most(route) for route in busy})

        def resume(woken: bool) -> Answer:
            slot = slots.claim(waiter)
            if slot is None:
                return go_on(None)
            route = next(route for route in busy if _place(route) == slot.place)
            if leave := self._services.locals.may_try(route.upstream):
                return go_on(Seat(route, slot, leave))
            slot.free()
            return go_on(None)

        def left() -> None:
            slots.leave(waiter)
            lost()

        until = time.monotonic() + wait_s
        streams = self._case.request.stream
        return Later(lambda wake: slots.join(waiter, wake), left, resume, until, streams=streams)

    # --- the request and its answer -----------------------------------------------------------------------------

    def translate(self, route: Route, *, constrained: bool = False) -> Job:
        """Put the request in a model's words. Raises CannotTranslate with the reason."""
        upstream = self._services.locals.find(route.upstream)
        model = upstream.model(route.model) if upstream else None
        if upstream is None or model is None:
            raise CannotTranslate(f"{route.upstream} is gone")
        request = self._case.request
        judged = request.has_tools or not request.stream
        translated = to_chat(
            as_lists(request.fields), model=route.model, caps=model, judged=judged, constrained=constrained
        )
        return Job(upstream, model, replace(translated, server=upstream.name))

    def send(
        self,
        job: Job,
        settle: Callable[[Settlement], Future[Any]],
        follow: Callable[[Tried], Follow],
        own: Callable[[str], Headers],
        way_out: Callable[[], str],
        told: Callable[[Heard], None],
    ) -> Forward:
        """Send it; nothing of an answer to a request with tools is shown before all of it is there and good."""
        request = self._case.request
        make = AnthropicStream if request.stream else Folded
        costs = self._services.local_costs
        metering = costs.begin(job.upstream.base_url) if costs else None

        def heard(reading: Reading, judgement: Judgement, ending: Ending) -> None:
            told(reading.heard)
            self._heard(job, reading, judgement, ending)

        hooks = LocalHooks(
            judge=self._judge,
            heard=heard,
            settle=settle,
            follow=follow,
            own=own,
            cost=metering.end if metering else lambda speed, elapsed_ms: None,
            left=lambda elapsed_ms: self._left(job, elapsed_ms),
            timed=lambda reading, first_ms, whole_ms: self._timed(job, reading, first_ms, whole_ms),
            way_out=way_out,
            gives_up=self._case.decision.may_escalate,
        )
        engine = make(request.model, job.translated)
        relay = LocalRelay(job.upstream.name, engine, hooks, holds_all=request.has_tools)
        return to_local(job.upstream, job.model, job.translated, relay)

    def _judge(self, reading: Reading, trouble: Trouble | None, ending: Ending) -> Judgement:
        recent = list(self._case.request.fields["messages"][-RECENT:])
        wants = wants_action(self._case.task, self._case.request)
        seen = signals(reading.heard, recent, wants_action=wants)
        return weigh(trouble, seen, self._case.decision.escalation, was_answered=ending is Ending.complete)

    def _heard(self, job: Job, reading: Reading, judgement: Judgement, ending: Ending) -> None:
        """Remember how it went: the server, the model and its tools, and the turn if it went well."""
        trouble, name, request = judgement.trouble, job.upstream.name, self._case.request
        if trouble is None or trouble.lives:
            self._services.locals.worked(name)
        else:
            self._services.locals.failed(name, trouble.why, unreachable=ending is Ending.never_sent)
        if learned := learned_from(reading.heard):
            self._services.locals.learned_size(job.upstream, job.model, learned)
        is_fine = trouble is None and not judgement.signals
        if ending is not Ending.never_sent and not (trouble and trouble.status in NOT_THE_MODELS):
            calls = tuple(map(_told, reading.verdicts))
            self._services.trust.answered(name, job.model.id, good=is_fine, calls=calls)
        if judgement.is_good:
            self._services.trust.turned_out(request.session, request.turn.key, good=is_fine)

    def _timed(self, job: Job, reading: Reading, first_ms: int | None, whole_ms: int) -> None:
        """Remember how fast it was, and how much of the conversation the server has in its cache now."""
        speeds, usage = self._services.speeds, reading.usage
        passed = measured(reading.speed, usage, first_ms, whole_ms, streams=job.translated.wire != "json")
        speeds.answered(job.upstream, job.model, passed)
        cached = usage["cache_read_input_tokens"]
        speeds.holds(conversation(self._case.request, ""), job.upstream, job.model, sum(usage.values()), cached)

    def _left(self, job: Job, elapsed_ms: int) -> None:
        patience_s = self._services.options.patience_s
        if patience_s is not None and elapsed_ms > patience_s * 1000:
            self._services.speeds.gave_up(job.upstream, job.model, elapsed_ms / 1000)
        if elapsed_ms >= IN_VAIN_MS:
            name, request = job.upstream.name, self._case.request
            self._services.trust.waited_in_vain(name, job.model.id, session=request.session, turn=request.turn.key)

    def _most(self, route: Route) -> int | None:
        upstream = self._services.locals.find(route.upstream)
        model = upstream.model(route.model) if upstream else None
        return model.concurrency if model else None


def _place(route: Route) -> str:
    return place_of(route.upstream, route.model)


def _told(verdict: Verdict) -> tuple[str, bool]:
    return (verdict.call.name, False) if isinstance(verdict, Failed) else (verdict.use.name, True)
