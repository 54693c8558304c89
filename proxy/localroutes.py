"""The local routes of a request: the healthy models, what is held against each, and how long it would take."""

from __future__ import annotations

from proxy.case import conversation
from proxy.request import AgentRequest
from proxy.route import Fit, LocalRoute
from proxy.services import Services
from proxy.upstream.local_model import LocalModel, LocalUpstream


def locals_of(
    services: Services, asked: AgentRequest, fit: Fit, named: str | None, *, counts: bool
) -> tuple[LocalRoute, ...]:
    """Give the models of healthy servers, only the one `named` if any; `counts` if a request is really made."""
    found = [
        (upstream, model)
        for upstream in services.locals.snapshot()
        if upstream.healthy
        for model in upstream.models
        if named in (None, model.id)
    ]
    tools = tools_used(asked) if found else frozenset()
    turn = asked.turn.key

    def doubt(upstream: str, model: str) -> str | None:
        return services.trust.doubt(upstream, model, session=asked.session, turn=turn, tools=tools, counts=counts)

    return tuple(
        LocalRoute(
            *(upstream.name, model.id, model.context, model.vision, model.tools, model.max_output),
            doubt=doubt(upstream.name, model.id),
            takes_s=takes_s(services, asked, fit, upstream, model),
            bytes_per_token=model.bytes_per_token,
        )
        for upstream, model in found
    )


def takes_s(
    services: Services, asked: AgentRequest, fit: Fit, upstream: LocalUpstream, model: LocalModel
) -> float | None:
    """Say how long a model's first answer is likely to take: its queue, reading what is not cached, writing.

    None while nothing is known of its speed. With tools nothing is shown before the whole answer is there and good, so
    its end is what an agent waits for.
    """
    tokens = fit.tokens_at(model.bytes_per_token)
    speed = services.speeds.speed(upstream, model, tokens)
    output, whole_s = services.speeds.typical(upstream, model)
    queue_s = services.slots.ahead(upstream.name, model.id, model.concurrency) * whole_s
    if not speed.is_known and not queue_s:
        return None
    new = max(0, tokens - services.speeds.held(conversation(asked, ""), upstream, model))
    return queue_s + speed.seconds(new, min(output, fit.max_tokens))


def tools_used(asked: AgentRequest) -> frozenset[str]:
    """Name the tools that were called in this turn: it will most likely call them again."""
    blocks = [
        block
        for message in asked.fields["messages"][asked.turn.since :]
        if message["role"] == "assistant" and isinstance(message.get("content"), list)
        for block in message["content"]
        if block.get("type") == "tool_use"
    ]
    return frozenset(block["name"] for block in blocks if isinstance(block.get("name"), str))
