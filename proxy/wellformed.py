"""Well-formed: what is refused of a request because another reader of JSON might take it for something else."""

from __future__ import annotations

from typing import Any, Literal

from proxy.strictjson import NotStrictJson, Parsed, parse
from proxy.words import words

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


def parsed_object(body: bytes) -> Parsed:
    """Parse a body that has to be one JSON object; raises BadRequest."""
    try:
        parsed = parse(body)
    except NotStrictJson as error:
        raise BadRequest(f"the request body cannot be taken as JSON: {error}", "json") from None
    if not isinstance(parsed.value, dict):
        raise BadRequest("the request body is not a JSON object", "json")
    return parsed


def check_fields(fields: dict[str, Any]) -> None:
    """Refuse what some reader of JSON might take for another key than we do, and what is not of the shape we read.

    Raises BadRequest.
    """
    _check_case(fields, _TOP_LEVEL)
    messages = fields.get("messages")
    if not isinstance(messages, list) or not messages:
        raise BadRequest("messages is missing or empty; a request needs a list of at least one message", "field")
    for place, message in enumerate(messages):
        check_message(message, place)
    check_around(fields)


def check_around(fields: dict[str, Any]) -> None:
    """Check what a request has beside its messages; raises BadRequest."""
    _check_case(fields, _TOP_LEVEL)
    if fields.get("system") is not None:
        _check_content(fields["system"], "system")
    check_tools(fields.get("tools"))


def check_message(message: Any, place: int) -> None:
    """Check one message of a request; raises BadRequest."""
    if not isinstance(message, dict) or not isinstance(message.get("role"), str):
        raise BadRequest(f"messages[{place}] is not an object with a role", "field")
    _check_case(message, _INNER)
    _check_content(message.get("content"), f"messages[{place}].content")


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


def check_tools(tools: Any) -> None:
    """Check the tools of a request; raises BadRequest."""
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
