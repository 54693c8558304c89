"""Carry: a held request becomes what the loop sends – to Claude as it came, to a local server translated."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import SplitResult, urlsplit

from budget.ledger import Held, Settlement
from pricing.bound import Bound
from pricing.table import PriceTable
from proxy.anchors import Print
from proxy.case import Case, anchor_key
from proxy.errors import error
from proxy.headers import to_upstream
from proxy.local_relay import LocalHooks, LocalRelay
from proxy.meter import Reading
from proxy.relay import Relay
from proxy.router import Route
from proxy.services import Services
from proxy.settling import Attempt, Outcomes, settle
from proxy.translate.refusal import CannotTranslate
from proxy.translate.request import to_chat
from proxy.translate.response import Folded
from proxy.translate.stream import AnthropicStream
from proxy.upstream.anthropic import NAME, tls_context
from proxy.wire.answer import Answer, Forward, Headers, Origin, Patience

LOCAL_FIRST_S = 600.0
"""Some local servers send their head at once, and then read the prompt, for minutes on a small machine."""

Instead = Callable[[str], Callable[[], Answer] | None]


def to_cloud(
    services: Services,
    case: Case,
    own: Headers,
    attempt: Attempt,
    body: Print,
    decide_again: Callable[[], Answer],
) -> Forward:
    """Send the agent's own bytes to Claude."""

    def settled(outcome: Outcomes, reading: Reading) -> Future[Any]:
        if reading.is_complete and reading.usage and outcome.status == 200:
            services.anchors.measured(anchor_key(case.request), body, case.request.shape.images, _prompt(reading.usage))
        return settle(services.ledger, attempt, outcome, reading)

    options = services.options
    return Forward(
        origin=services.cloud.origin,
        method=b"POST",
        target=services.cloud.target(case.wire.target),
        headers=to_upstream(case.wire.headers),
        body=case.request.body,
        carrier=Relay(NAME, own, settled, decide_again),
        patience=Patience(drain=options.drain),
        is_cloud=True,
        may_send=lambda: may_use_cloud(services),
    )


def attempt_of(services: Services, held: Held, within: Bound, at: datetime, prices: PriceTable) -> Attempt:
    """Gather what bounds and prices one request on the wire."""
    options = services.options
    return Attempt(held, within, at, prices, options.tokens_per_s, options.is_strict)


def to_local(services: Services, case: Case, held: Held, own: Headers, route: Route, instead: Instead) -> Answer:
    """Translate the request for a local server; what cannot be translated is settled at once and tried elsewhere."""
    upstream = next((u for u in services.locals.snapshot() if u.name == route.upstream), None)
    model = upstream.model(route.model) if upstream else None
    if upstream is None or model is None:
        return _untranslated(services, case, held, own, f"{route.upstream} is gone", instead)
    try:
        translated = to_chat(case.request.fields, model=route.model, caps=model)
    except CannotTranslate as cannot:
        return _untranslated(services, case, held, own, str(cannot), instead)

    def settled(settlement: Settlement) -> Future[Any]:
        return services.ledger.settle(held.hold_id, settlement)

    hooks = LocalHooks(settled, lambda why: services.locals.failed(route.upstream, why), instead)
    make = AnthropicStream if case.request.stream else Folded
    parts = urlsplit(upstream.base_url)
    return Forward(
        origin=_origin(parts),
        method=b"POST",
        target=(parts.path.rstrip("/") + "/v1/chat/completions").encode(),
        headers=_local_headers(upstream.api_key),
        body=translated.body,
        carrier=LocalRelay(route.upstream, make(case.request.model, translated), own, hooks),
        patience=Patience(first_s=LOCAL_FIRST_S),
        is_cloud=False,
    )


def may_use_cloud(services: Services) -> bool:
    """Tell whether a byte may go to a cloud at this moment: not in mode local, not after the emergency stop."""
    return services.ledger.closed() is None


def _untranslated(services: Services, case: Case, held: Held, own: Headers, why: str, instead: Instead) -> Answer:
    services.ledger.void(held.hold_id, why="not translated")
    then = instead(why)
    return (
        then()
        if then
        else error(402, f"bursar: no local model can take this: {why}", case.request.dialect, headers=own)
    )


def _local_headers(api_key: str) -> Headers:
    key = [(b"Authorization", b"Bearer " + api_key.encode())] if api_key else []
    return [(b"Content-Type", b"application/json"), (b"Accept", b"text/event-stream"), *key]


def _origin(parts: SplitResult) -> Origin:
    assert parts.hostname
    tls = _local_tls() if parts.scheme == "https" else None
    return Origin(parts.hostname, parts.port or (443 if tls else 80), tls)


@cache
def _local_tls() -> Any:
    return tls_context(None)


def _prompt(usage: dict[str, Any]) -> int:
    names = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    return sum(int(usage.get(name) or 0) for name in names)
