"""Carry: a held request becomes what the loop sends – to Claude as it came, to a local server translated."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from functools import cache
from typing import Any
from urllib.parse import SplitResult, urlsplit

from budget.ledger import Held, Outcome, Settlement
from pricing.bound import Bound
from pricing.usage import usage_from_anthropic
from proxy.anchors import Print
from proxy.baseline import Followed
from proxy.bounds import Bounds
from proxy.case import Case, anchor_key
from proxy.coldcache import warm_after
from proxy.headers import to_upstream
from proxy.local_relay import LocalRelay
from proxy.meter import Reading
from proxy.reach import failure
from proxy.relay import Relay
from proxy.request import AgentRequest
from proxy.services import Services
from proxy.settling import Attempt, Outcomes, ended
from proxy.translate.request import Translated
from proxy.upstream.anthropic import NAME, tls_context
from proxy.upstream.local_model import LocalModel, LocalUpstream
from proxy.wire.answer import Answer, Forward, Headers, Origin, Patience

LOCAL_FIRST_S = 600.0
"""Some local servers send their head at once, and then read the prompt, for minutes on a small machine."""
MOST_WHOLE_S = 1800.0
LEAST_TOKENS_PER_S = 5
"""A server that answers in one piece says nothing until its model has written all of it: so slowly at worst."""

Instead = Callable[[str], Answer]


def to_cloud(
    services: Services,
    case: Case,
    own: Headers,
    attempt: Attempt,
    body: Print,
    decide_again: Callable[[], Answer],
    instead: Instead | None = None,
    followed: Followed | None = None,
) -> Forward:
    """Send the agent's own bytes to Claude; `instead` answers if Claude fails before a byte of its answer."""

    def remember(outcome: Outcomes, reading: Reading, settlement: Settlement) -> None:
        services.reach.heard(outcome, services.clock)
        services.log.failed(attempt.held.hold_id, failure(outcome))
        # Only counts that could be billed are counts: what is odd would bound the next request by nonsense.
        if settlement.outcome is Outcome.complete and reading.usage and outcome.status == 200:
            key, shape = anchor_key(case.request), case.request.shape
            services.anchors.measured(key, body, shape.images, usage_from_anthropic(reading.usage).prompt)
            warm = warm_after(reading.usage, attempt.at, for_an_hour=shape.writes_1h)
            if warm:
                services.warmth.heard(key, warm)
        if services.keeper:
            services.keeper.answered(case, attempt, outcome, reading)

    def settled(outcome: Outcomes, reading: Reading) -> Future[Any]:
        settlement = ended(attempt, outcome, reading)
        try:
            remember(outcome, reading, settlement)
        finally:  # Whatever is wrong with what is only remembered, the hold is settled.
            settling = services.ledger.settle(attempt.held.hold_id, settlement)
        if followed:
            followed.ended(settlement, settling)
        return settling

    options = services.options
    # Nothing that its carrier calls may hold it: the body would be kept until Python looks for such rings.
    return Forward(
        origin=services.cloud.origin,
        method=b"POST",
        target=services.cloud.target(case.wire.target),
        headers=to_upstream(case.wire.headers),
        body=case.request.body,
        carrier=Relay(NAME, own, settled, decide_again, instead, followed.began if followed else lambda: None),
        patience=Patience(drain=options.drain),
        is_cloud=True,
        may_send=lambda: may_go(services, case.request),
    )


def attempt_of(services: Services, held: Held, within: Bound, bounds: Bounds) -> Attempt:
    """Gather what bounds and prices one request on the wire."""
    options = services.options
    return Attempt(held, within, within.at, bounds.prices, options.tokens_per_s, options.is_strict)


def to_local(upstream: LocalUpstream, model: LocalModel, translated: Translated, relay: LocalRelay) -> Forward:
    """Send a translated request to a local server, and take all that its answer needs."""
    parts = urlsplit(upstream.base_url)
    first_s = model.first_s or LOCAL_FIRST_S
    writing_s = min(MOST_WHOLE_S, translated.max_tokens / LEAST_TOKENS_PER_S) if translated.wire == "json" else 0.0
    patience = Patience(head_s=first_s + writing_s, first_s=first_s)
    return Forward(
        origin=_origin(parts),
        method=b"POST",
        target=(parts.path.rstrip("/") + translated.path).encode(),
        headers=_local_headers(upstream.api_key, translated),
        body=translated.body,
        carrier=relay,
        patience=replace(patience, idle_s=model.idle_s) if model.idle_s else patience,
        is_cloud=False,
        has_all=relay.has_all,
        ends_aside=True,
    )


def may_use_cloud(services: Services) -> bool:
    """Tell whether a byte may go to a cloud at this moment: not in mode local, not after the emergency stop."""
    return services.ledger.closed() is None


def may_go(services: Services, request: AgentRequest) -> bool:
    """Tell whether a request may go to a cloud at this moment: its session may have become restricted meanwhile.

    A sub-agent's request waits for money, or fails at a local model, while another one of the session reads a secret.
    """
    stays = services.options.restricted == "local-only" and services.sessions.is_restricted(request.session)
    return may_use_cloud(services) and not stays


def _local_headers(api_key: str, translated: Translated) -> Headers:
    key = [(b"Authorization", b"Bearer " + api_key.encode())] if api_key else []
    streams = translated.wire in ("sse", "messages")
    accept = b"text/event-stream" if streams else b"application/json"
    version = [(b"anthropic-version", b"2023-06-01")] if translated.wire == "messages" else []
    return [(b"Content-Type", b"application/json"), (b"Accept", accept), *version, *key]


def _origin(parts: SplitResult) -> Origin:
    assert parts.hostname
    tls = _local_tls() if parts.scheme == "https" else None
    return Origin(parts.hostname, parts.port or (443 if tls else 80), tls)


@cache
def _local_tls() -> Any:
    return tls_context(None)
