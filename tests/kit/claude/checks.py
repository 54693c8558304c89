"""What the real API refuses, as far as a coding agent could meet it: the request's shape, its tools, its marks."""

import re
from collections.abc import Iterator
from typing import Any

from tests.kit.claude.answer import signature_holds
from tests.kit.claude.prices import MODELS, ModelFacts

KNOWN_FIELDS = frozenset(
    [
        "model",
        "messages",
        "max_tokens",
        "system",
        "tools",
        "tool_choice",
        "stream",
        "metadata",
        "stop_sequences",
        "temperature",
        "top_p",
        "top_k",
        "thinking",
        "service_tier",
        "context_management",
        "output_config",
        "output_format",
        "container",
        "mcp_servers",
        "inference_geo",
        "speed",
        "cache_control",
        "safeguards",
        "diagnostics",
        "betas",
        "user_profile_id",
        "fallback",
        "fallbacks",
    ]
)
COUNTED_FIELDS = KNOWN_FIELDS - {"stream", "metadata"}
TOOL_ID = re.compile(r"^[a-zA-Z0-9_-]+$")
BLOCKS = frozenset(
    [
        "text",
        "image",
        "document",
        "search_result",
        "thinking",
        "redacted_thinking",
        "tool_use",
        "tool_result",
        "tool_reference",
        "server_tool_use",
        "web_search_tool_result",
        "web_fetch_tool_result",
        "compaction",
    ]
)


class RefusedError(ValueError):
    """The request is not one the API would answer; carries the status and the error's type."""

    def __init__(self, message: str, status: int = 400, kind: str = "invalid_request_error"):
        super().__init__(message)
        self.status = status
        self.kind = kind


def check_message(body: Any) -> ModelFacts:
    """Check a request to `/v1/messages` and return its model's facts; raises RefusedError."""
    facts = check_count(body, KNOWN_FIELDS)
    _check_max_tokens(body, facts)
    _check_thinking(body)
    return facts


def check_count(body: Any, known: frozenset[str] = COUNTED_FIELDS) -> ModelFacts:
    """Check a request to `count_tokens`; raises RefusedError."""
    if not isinstance(body, dict):
        raise RefusedError("Input should be a valid dictionary or object to extract fields from")
    for name in ("model", "messages"):
        if name not in body:
            raise RefusedError(f"{name}: Field required")
    for name in body:
        if name not in known:
            raise RefusedError(f"{name}: Extra inputs are not permitted")
    facts = MODELS.get(str(body["model"]))
    if facts is None:
        raise RefusedError(f"model: {body['model']}", 404, "not_found_error")
    _check_messages(body["messages"], facts)
    _check_marks(body)
    return facts


def _check_max_tokens(body: dict[str, Any], facts: ModelFacts) -> None:
    if "max_tokens" not in body:
        raise RefusedError("max_tokens: Field required")
    most = body["max_tokens"]
    if not isinstance(most, int) or isinstance(most, bool):
        raise RefusedError("max_tokens: Input should be a valid integer")
    if most < 0:
        raise RefusedError("max_tokens: must be greater than or equal to 0")
    if most > facts.most_output:
        name = body["model"]
        raise RefusedError(f"max_tokens: {most} > {facts.most_output}, which is the maximum allowed for {name}")
    if "stream" in body and not isinstance(body["stream"], bool):
        raise RefusedError("stream: Input should be a valid boolean")
    if most == 0:
        _check_warming(body)


def _check_warming(body: dict[str, Any]) -> None:
    """Refuse what cannot be asked for no output: documented for `max_tokens: 0`, which only warms the cache."""
    if body.get("stream"):
        raise RefusedError("max_tokens: 0 is not supported with stream: true")
    if (body.get("thinking") or {}).get("type") == "enabled":
        raise RefusedError("max_tokens: 0 is not supported with thinking.type: enabled")
    if (body.get("output_config") or {}).get("format") or body.get("output_format"):
        raise RefusedError("max_tokens: 0 is not supported with output_config.format")
    if (body.get("tool_choice") or {}).get("type") in ("any", "tool"):
        raise RefusedError("max_tokens: 0 is not supported with a forced tool_choice")


def _check_thinking(body: dict[str, Any]) -> None:
    thinking = body.get("thinking") or {}
    if thinking.get("type") == "enabled" and thinking.get("budget_tokens", 0) >= body["max_tokens"]:
        raise RefusedError("`max_tokens` must be greater than `thinking.budget_tokens`.")


def _check_messages(messages: Any, facts: ModelFacts) -> None:
    if not isinstance(messages, list) or not messages:
        raise RefusedError("messages: at least one message is required")
    for number, message in enumerate(messages):
        _check_role(number, message, facts)
        for place, block in _blocks(number, message):
            _check_block(place, block)
    if messages[0]["role"] == "assistant":
        raise RefusedError('messages: first message must use the "user" role')
    _check_tools_answered([message for message in messages if message["role"] != "system"])


def _check_role(number: int, message: Any, facts: ModelFacts) -> None:
    if not isinstance(message, dict) or not {"role", "content"} <= message.keys():
        raise RefusedError(f"messages.{number}: Input should have role and content")
    allowed = ("user", "assistant", "system") if facts.inline_system else ("user", "assistant")
    if message["role"] not in allowed:
        raise RefusedError(f"messages.{number}.role: Input should be 'user' or 'assistant'")
    if not isinstance(message["content"], str | list):
        raise RefusedError(f"messages.{number}.content: Input should be a valid string or list")
    if message["content"] in ("", []) and message["role"] == "user":
        raise RefusedError(f"messages.{number}: user messages must have non-empty content")


def _blocks(number: int, message: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    content = message["content"]
    for index, block in enumerate(content if isinstance(content, list) else []):
        yield f"messages.{number}.content.{index}", block


def _check_block(place: str, block: dict[str, Any]) -> None:
    kind = block.get("type")
    if kind not in BLOCKS:
        raise RefusedError(f"{place}: Input tag '{kind}' found using 'type' does not match any of the expected tags")
    if kind == "text" and not block.get("text"):
        raise RefusedError("messages: text content blocks must be non-empty")
    if kind == "tool_use" and not TOOL_ID.match(str(block.get("id"))):
        raise RefusedError(f"{place}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'")
    if kind == "tool_use" and not isinstance(block.get("input"), dict):
        raise RefusedError(f"{place}.tool_use.input: Input should be a valid dictionary")
    if kind == "thinking" and not signature_holds(str(block.get("signature"))):
        raise RefusedError(f"{place}: Invalid `signature` in `thinking` block")


def _check_tools_answered(messages: list[dict[str, Any]]) -> None:
    seen: set[str] = set()
    waiting: set[str] = set()
    for number, message in enumerate(messages):
        results = {b["tool_use_id"] for _, b in _blocks(number, message) if b.get("type") == "tool_result"}
        if missing := waiting - results:
            raise RefusedError(
                f"messages.{number - 1}: `tool_use` ids were found without `tool_result` blocks immediately after:"
                f" {', '.join(sorted(missing))}. Each `tool_use` block must have a corresponding `tool_result` block"
                " in the next message."
            )
        if extra := results - waiting:
            raise RefusedError(
                f"messages.{number}.content.0: unexpected `tool_use_id` found in `tool_result` blocks:"
                f" {', '.join(sorted(extra))}. Each `tool_result` block must have a corresponding `tool_use` block in"
                " the previous message."
            )
        uses = [b["id"] for _, b in _blocks(number, message) if b.get("type") == "tool_use"]
        if len(set(uses)) < len(uses) or seen & set(uses):
            raise RefusedError(f"messages.{number}: `tool_use` ids must be unique")
        waiting = set(uses)
        seen |= waiting
    if waiting:
        raise RefusedError(
            "messages: `tool_use` ids were found without `tool_result` blocks immediately after:"
            f" {', '.join(sorted(waiting))}."
        )


def _check_marks(body: dict[str, Any]) -> None:
    system = body.get("system")
    found = [x for x in (system if isinstance(system, list) else []) if x.get("cache_control")]
    found += [x for x in body.get("tools") or [] if x.get("cache_control")]
    for number, message in enumerate(body["messages"]):
        found += [block for _, block in _blocks(number, message) if block.get("cache_control")]
    if len(found) > 4:
        raise RefusedError(f"A maximum of 4 blocks with cache_control may be provided. Found {len(found)}.")
