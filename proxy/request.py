"""Request: what we look at in an agent's request, read strictly; the body is kept as it came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pricing.bound import Shape
from proxy.identity import agent_of, project_of, session_of
from proxy.reader import Fields, Reader, read_whole
from proxy.shape import shape_of
from proxy.turn import Turn, turn_of
from proxy.wellformed import BadRequest

__all__ = ["AgentRequest", "BadRequest", "read", "read_fields"]

Dialect = Literal["anthropic", "openai"]

MOST_OUTPUT = 10_000_000
"""No model writes so much; a larger `max_tokens` is a mistake, not a wish."""


@dataclass(frozen=True, slots=True)
class AgentRequest:
    """One request of an agent. `cloud_only` lists why no local model can serve it, in words without prompt text.

    `counting` marks a request to count tokens, which needs no `max_tokens`. `safeguards` says that the agent expects
    the API's own verdict on risky tool calls.
    """

    body: bytes = field(repr=False)
    fields: dict[str, Any] = field(repr=False)
    model: str
    stream: bool
    max_tokens: int
    session: str
    agent_id: str
    project: str
    shape: Shape
    dialect: Dialect
    has_tools: bool
    has_images: bool
    cloud_only: tuple[str, ...]
    turn: Turn = field(repr=False)
    counting: bool = False
    safeguards: bool = False


def read(
    body: bytes, headers: Mapping[str, str], reader: Reader | None = None, *, counting: bool = False
) -> AgentRequest:
    """Read the body of a request to the Messages API; header names are in lower case.

    A `reader` remembers what it has read. Raises BadRequest and nothing else.
    """
    found = reader.read(body) if reader else read_whole(body)
    return read_fields(body, found, headers, counting=counting)


def read_fields(
    body: bytes,
    found: Fields,
    headers: Mapping[str, str],
    *,
    counting: bool = False,
    dialect: Dialect = "anthropic",
    session: str = "",
) -> AgentRequest:
    """Read the fields of a request to the Messages API; `session` is its name where that was found elsewhere.

    Raises BadRequest and nothing else.
    """
    fields, messages = found.values, found.messages
    stream = fields.get("stream", False)
    if not isinstance(stream, bool):
        raise BadRequest("stream must be true or false", "field")
    model, max_tokens = _model(fields), _max_tokens(fields, stream, counting)
    session, agent = session or session_of(headers, fields), agent_of(headers)
    shape, cloud_only = shape_of(fields, messages, found.written, headers.get("anthropic-beta", ""))
    return AgentRequest(
        body=body,
        fields=fields,
        model=model,
        stream=stream,
        max_tokens=max_tokens,
        session=session,
        agent_id=agent,
        project=project_of(headers),
        shape=shape,
        dialect=dialect,
        has_tools=shape.has_tools,
        has_images=shape.images > 0,
        cloud_only=cloud_only,
        turn=turn_of(messages, session, agent),
        counting=counting,
        safeguards=bool(fields.get("safeguards")),
    )


def _model(fields: dict[str, Any]) -> str:
    model = fields.get("model")
    if not isinstance(model, str) or not model:
        raise BadRequest("model is missing; name the model, such as claude-sonnet-5-5", "field")
    if len(model) > 256 or not model.isascii() or not model.isprintable():
        raise BadRequest("model is not a plain name of at most 256 characters", "field")
    return model


def _max_tokens(fields: dict[str, Any], stream: bool, counting: bool) -> int:
    limit = fields.get("max_tokens")
    if counting and limit is None:
        return 0
    if "max_tokens" not in fields:
        raise BadRequest("max_tokens is missing; without it nobody can say what the answer may cost", "field")
    if type(limit) is not int or limit < 0 or limit > MOST_OUTPUT:
        raise BadRequest(f"max_tokens must be a whole number from 1 to {MOST_OUTPUT}", "field")
    if limit == 0 and stream:
        raise BadRequest("max_tokens 0 (to warm the prompt cache) works only without streaming", "field")
    return limit
