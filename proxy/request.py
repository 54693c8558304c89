"""Request: what we look at in an agent's request, read strictly; the body is kept as it came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pricing.bound import Shape
from proxy.identity import agent_of, project_of, session_of
from proxy.shape import shape_of
from proxy.strictjson import NotStrictJson, Parsed, parse
from proxy.turn import Turn, turn_of
from proxy.words import words

Dialect = Literal["anthropic", "openai"]

MOST_OUTPUT = 10_000_000
"""No model writes so much; a larger `max_tokens` is a mistake, not a wish."""

_TOP_LEVEL = frozenset(
    words(
        """model max_tokens messages system tools tool_choice stream stop_sequences temperature top_p top_k metadata
        thinking output_config service_tier inference_geo speed cache_control context_management container
        mcp_servers"""
    )
)
_INNER = frozenset(words("role content type text cache_control source tool_use_id is_error input id name max_uses"))

BadKind = Literal["json", "key", "field"]


class BadRequest(ValueError):
    """A request that cannot be read with certainty; its sentence is for the person, `kind` for the log."""

    def __init__(self, message: str, kind: BadKind) -> None:
        super().__init__(message)
        self.kind = kind


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


def read(body: bytes, headers: Mapping[str, str], *, counting: bool = False) -> AgentRequest:
    """Read the body of a request to the Messages API; header names are in lower case.

    Raises BadRequest and nothing else.
    """
    parsed = parsed_object(body)
    return read_fields(body, parsed.canonical, parsed.value, headers, counting=counting)


def parsed_object(body: bytes) -> Parsed:
    """Parse a body that has to be one JSON object; raises BadRequest."""
    try:
        parsed = parse(body)
    except NotStrictJson as error:
        raise BadRequest(f"the request body cannot be taken as JSON: {error}", "json") from None
    if not isinstance(parsed.value, dict):
        raise BadRequest("the request body is not a JSON object", "json")
    return parsed


def read_fields(
    body: bytes,
    canonical: bytes,
    fields: dict[str, Any],
    headers: Mapping[str, str],
    *,
    counting: bool = False,
    dialect: Dialect = "anthropic",
    session: str = "",
) -> AgentRequest:
    """Read the fields of a request to the Messages API; `session` is its name where that was found elsewhere.

    Raises BadRequest and nothing else.
    """
    _check_keys(fields)
    stream = fields.get("stream", False)
    if not isinstance(stream, bool):
        raise BadRequest("stream must be true or false", "field")
    model, max_tokens = _model(fields), _max_tokens(fields, stream, counting)
    session, agent = session or session_of(headers, fields), agent_of(headers)
    shape, cloud_only = shape_of(fields, canonical, headers.get("anthropic-beta", ""))
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
        turn=turn_of(fields["messages"], session, agent),
        counting=counting,
        safeguards=bool(fields.get("safeguards")),
    )


def _check_keys(fields: dict[str, Any]) -> None:
    """Refuse what some reader of JSON might take for another key than we do, and what is not of the shape we read."""
    _check_case(fields, _TOP_LEVEL)
    messages = fields.get("messages")
    if not isinstance(messages, list) or not messages:
        raise BadRequest("messages is missing or empty; a request needs a list of at least one message", "field")
    for place, message in enumerate(messages):
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            raise BadRequest(f"messages[{place}] is not an object with a role", "field")
        _check_case(message, _INNER)
        _check_content(message.get("content"), f"messages[{place}].content")
    if fields.get("system") is not None:
        _check_content(fields["system"], "system")
    _check_tools(fields.get("tools"))


def _check_content(content: Any, where: str) -> None:
    if isinstance(content, str):
        return
    if not isinstance(content, list):
        raise BadRequest(f"{where} is neither a text nor a list of blocks", "field")
    for block in content:
        if not isinstance(block, dict):
            raise BadRequest(f"{where} holds something that is not a block", "field")
        _check_case(block, _INNER)
        if block.get("type") == "tool_result" and isinstance(block.get("content"), list):
            _check_content(block["content"], f"{where}[…].content")


def _check_tools(tools: Any) -> None:
    if tools is None:
        return
    if not isinstance(tools, list) or not all(isinstance(tool, dict) for tool in tools):
        raise BadRequest("tools is not a list of tools", "field")
    for tool in tools:
        _check_case(tool, _INNER)


def _check_case(fields: dict[str, Any], known: frozenset[str]) -> None:
    if fields.keys() <= known:
        return
    for name in fields.keys() - known:
        # casefold also takes the look-alikes that some JSON readers accept, such as the long s and the Kelvin sign.
        if len(name) <= 32 and name.casefold() in known:
            raise BadRequest(f"a key is spelled almost like {name.casefold()!r}; write it exactly so", "key")


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
