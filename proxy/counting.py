"""POST /v1/messages/count_tokens: free at Claude, answered here when nothing may go there."""

from __future__ import annotations

import json
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, current_app, request

from pricing.tokens import estimate_tokens
from proxy.carry import may_go
from proxy.errors import JSON_TYPE, error
from proxy.headers import as_text, to_upstream
from proxy.lookback import was_restricted
from proxy.messages import respond
from proxy.meter import Reading
from proxy.relay import Relay
from proxy.request import AgentRequest, BadRequest, read
from proxy.services import Services
from proxy.settling import Outcomes
from proxy.taken import take
from proxy.task import Tier
from proxy.upstream.anthropic import NAME
from proxy.wire.answer import Answer, Forward, Whole
from proxy.wire.framing import WireRequest
from proxy.wire.wsgi import WIRE

counting = Blueprint("counting", __name__)


@counting.post("/v1/messages/count_tokens")
def count() -> Response:
    """Count a request's tokens: nothing is spent by it, so that no money is held."""
    return respond(answer(current_app.extensions["bursar"], request.environ[WIRE]))


def answer(services: Services, wire: WireRequest) -> Answer:
    """Forward the question to Claude, or estimate where not a byte may go to a cloud."""
    try:
        headers = as_text(wire.headers)
        asked = read(wire.body, headers, services.reader, counting=True)
    except BadRequest as bad:
        return error(400, f"bursar: {bad}")
    services.sessions.saw(asked.session, take(services, asked, headers).lasting)
    if _is_private(services, asked, headers) or not may_go(services, asked):
        body = json.dumps({"input_tokens": estimate_tokens(len(wire.body))}).encode()
        return Whole(200, [JSON_TYPE, (b"x-bursar-route", b"estimate")], body)

    def counted(outcome: Outcomes, reading: Reading) -> Future[Any] | None:
        """Settle nothing: counting is free (PRICING.md)."""
        services.reach.heard(outcome, services.clock)
        return None

    return Forward(
        origin=services.cloud.origin,
        method=b"POST",
        target=services.cloud.target(wire.target),
        headers=to_upstream(wire.headers),
        body=wire.body,
        carrier=Relay(NAME, [(b"x-bursar-route", NAME.encode())], counted, lambda: answer(services, wire)),
        may_send=lambda: may_go(services, asked),
    )


def _is_private(services: Services, asked: AgentRequest, headers: dict[str, str]) -> bool:
    """Tell whether these very words may go to no cloud.

    They do not restrict their session: agents count a project's notes by themselves, as if a user had said them.
    """
    if services.options.restricted != "local-only":
        return False
    as_asked = replace(asked, counting=False)
    return take(services, as_asked, headers).task.tier is Tier.L3 or was_restricted(services, asked, headers)
