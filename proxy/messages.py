"""POST /v1/messages: the life of a request, top to bottom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from flask import Blueprint, Response, current_app, request

from budget.ledger import Labels, Mode
from proxy.admission import Admission
from proxy.case import Case
from proxy.decision import Decision, Override, View
from proxy.errors import error
from proxy.headers import as_text
from proxy.identity import is_plan
from proxy.lookback import look_back
from proxy.refusals import Saying, keep_refusal
from proxy.request import AgentRequest, BadRequest, read
from proxy.rewrite import with_value
from proxy.router import decide
from proxy.services import Line, Services
from proxy.taken import Taken, take, traced
from proxy.task import Task
from proxy.view import fit_of, names_local, override_of, view_of
from proxy.wire.answer import Answer, Forward, Later, Whole
from proxy.wire.framing import WireRequest
from proxy.wire.wsgi import WIRE

messages = Blueprint("messages", __name__)

MOST_DECISIONS = 3
"""Deciding again ends here: the mode does not change that often while one request is decided."""


@messages.post("/v1/messages")
def create() -> Response:
    """Answer one request of an agent: from Claude, from a local model, or with the reason why not."""
    return respond(answer(current_app.extensions["bursar"], request.environ[WIRE]))


def answer(services: Services, wire: WireRequest) -> Answer:
    """Read a request and serve it."""
    headers = as_text(wire.headers)
    try:
        asked = read(wire.body, headers, services.reader)
    except BadRequest as bad:
        return error(400, f"bursar: {bad}")
    return serve(services, wire, asked, headers)


def serve(services: Services, wire: WireRequest, asked: AgentRequest, headers: Mapping[str, str]) -> Answer:
    """Classify, decide, hold money, and send; in every dialect alike, once a request is read."""
    try:
        word = override_of(headers, asked)
    except BadRequest as bad:
        return error(400, f"bursar: {bad}", asked.dialect)
    override = word or ("local" if names_local(services, asked) else None)
    look_back(services, asked, headers)
    taken = take(services, asked, headers, is_directed=word is not None)
    if services.keeper:
        services.keeper.came(asked)
    return _decide(services, wire, asked, taken, override, services.names.next(), 1)


def _decide(
    services: Services,
    wire: WireRequest,
    asked: AgentRequest,
    taken: Taken,
    override: Override | None,
    request_id: str,
    time: int,
) -> Answer:
    task, fit = taken.task, fit_of(asked)
    view = view_of(services, asked, override, taken.ruling, task=task)
    services.sessions.saw(asked.session, taken.lasting)
    decision = decide(view, task, fit)
    _note(services, asked, taken, view, decision, request_id)
    kept = labels(wire, asked, task, decision, view.mode, view.band)
    case = Case(wire, as_sent(asked, decision), task, decision, kept, request_id, override)
    services.log.add(lambda number: _line(services, number, case))
    if decision.unproved and view.mode in (Mode.auto, Mode.local):
        services.locals.want_probe(decision.unproved.upstream, decision.unproved.model)
    if decision.refusal:
        saying = Saying(services, case)
        own, said = saying.headers(None, None, ""), saying.no_route(decision.refusal)
        keep_refusal(services, case, said, decision.refusal.kind, decision.refusal.whole)
        return error(402, said, asked.dialect, headers=own)

    def again(only_claude: str = "") -> Answer:
        if time >= MOST_DECISIONS:
            said = "bursar: the mode changes too often to send this request"
            keep_refusal(services, case, said, "mode")
            return error(402, said, asked.dialect)
        once_more = replace(asked, cloud_only=(*asked.cloud_only, only_claude)) if only_claude else asked
        return _decide(services, wire, once_more, taken, override, request_id, time + 1)

    return Admission(services, case, again).answer()


def as_sent(asked: AgentRequest, decision: Decision) -> AgentRequest:
    """Put the model that Claude is to be asked for into the body, if it is another; no other byte changes."""
    model = next((route.model for route in decision.routes if not route.is_local), asked.model)
    if model == asked.model:
        return asked
    return replace(asked, body=with_value(asked.body, "model", model), shape=replace(asked.shape, model=model))


def _note(
    services: Services, asked: AgentRequest, taken: Taken, view: View, decision: Decision, request_id: str
) -> None:
    """Remember what was decided: for the rules' daily limits, for the turn's other requests, to be explained."""
    services.tally.took(request_id, asked.turn.key, decision.reason)
    if decision.would:
        services.sessions.would_take(asked, decision.would, decision.tier)
    services.traces.add(traced(services, asked, taken, view, decision, request_id))


def labels(wire: WireRequest, asked: AgentRequest, task: Task, decision: Decision, mode: str, band: str) -> Labels:
    """Gather what the ledger keeps about a request: never a word of its prompt."""
    retry = wire.lower.get(b"x-stainless-retry-count", b"0")
    return Labels(
        session=asked.session,
        agent=asked.agent_id,
        model_asked=asked.model,
        task_class=task.task_class.value,
        tier=decision.tier.name,
        mode=mode,
        band=band,
        reason=decision.reason,
        project=asked.project,
        turn=asked.turn.key,
        dialect=asked.dialect,
        attempt=int(retry) if retry.isdigit() and len(retry) < 5 else 0,
        is_plan=is_plan(wire.lower),
    )


def respond(found: Answer) -> Response:
    """Hand an answer to the server as Flask wants it."""
    if isinstance(found, (Forward, Later)):
        return Response(found, direct_passthrough=True)
    assert isinstance(found, Whole)
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in found.headers]
    return Response(found.body, found.status, headers)


def _line(services: Services, number: int, case: Case) -> Line:
    known, decision = case.labels, case.decision
    route = decision.routes[0] if decision.routes else None
    return Line(
        number=number,
        at=services.clock(),
        request_id=case.request_id,
        session=known.session,
        agent=known.agent,
        model_asked=known.model_asked,
        task_class=known.task_class,
        tier=known.tier,
        band=known.band,
        mode=known.mode,
        route=f"{route.upstream}/{route.model}" if route else "refused",
        reason=decision.refusal.whole if decision.refusal else decision.reason,
        outcome="refused" if decision.refusal else "",
    )
