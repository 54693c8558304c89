"""A case: one request with all that was found out about it before money is asked for."""

from __future__ import annotations

from dataclasses import dataclass

from budget.ledger import Labels
from proxy.decision import Decision, Override
from proxy.request import AgentRequest
from proxy.task import Task
from proxy.wire.framing import WireRequest


@dataclass(frozen=True, slots=True)
class Case:
    """What came, what it is taken for, and where it should go.

    The body of `request`, and the model of its shape, are as Claude would get them; its `model` is the one asked for.
    """

    wire: WireRequest
    request: AgentRequest
    task: Task
    decision: Decision
    labels: Labels
    request_id: str
    override: Override | None = None


def anchor_key(request: AgentRequest) -> str:
    """Name the conversation whose last measurement bounds this request."""
    return conversation(request, request.shape.model)


def conversation(request: AgentRequest, model: str) -> str:
    """Name the conversation of a request with a model: another one has measured and keeps nothing of it."""
    return f"{request.session}/{request.agent_id}/{model}"
