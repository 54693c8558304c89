"""A request to the Messages API, put as one to Chat Completions.

Only for local servers: what goes to the API itself is never parsed and rebuilt.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from proxy.translate.history import Message, Turn, chat_messages, system_text, turns_of
from proxy.translate.refusal import CannotTranslate, refuse_cloud_only
from proxy.translate.tools import Tools, tools_of
from proxy.upstream.local_model import LocalModel

__all__ = ["CannotTranslate", "Translated", "Wire", "to_chat"]

Wire = Literal["sse", "json", "ndjson", "messages"]
"""In which form the answer comes: a stream of chunks, one JSON object, Ollama's lines, or the Messages API's stream."""

BYTES_PER_TOKEN = 3
"""Low on purpose: too many tokens guessed costs a little room, too few a prompt that is silently cut."""

IMAGE_TOKENS = 1600
MARGIN_TOKENS = 64
LEAST_OUTPUT_TOKENS = 1024
FORCED_CALL_TOKENS = 8192
"""The most a model that must call may say: llama.cpp blocks the end until it does, so an unwilling one rambles on."""

WHOLE_ANSWER_TOKENS = 16384
"""The most that is asked for in one piece: llama.cpp looks whether we have left once a second, and not at all while
another answer streams, so a model that goes round in circles could not be stopped."""

DROPPED = (
    "cache_control", "context_management", "diagnostics", "inference_geo", "metadata", "safeguards", "service_tier",
    "speed",
)  # fmt: skip
"""What means nothing to a local server; named in the notes where it was there."""

STREAMED: dict[str, Any] = {"stream": True, "stream_options": {"include_usage": True}}
WITH_LOGPROBS: dict[str, Any] = {"stream": False, "logprobs": True, "top_logprobs": 1}
"""llama.cpp tells no logprobs in a stream with tools; one alternative to each token shows what the model wanted."""

SAMPLING = ("temperature", "top_p", "top_k")
EFFORTS = {"low": "low", "medium": "medium", "high": "high", "xhigh": "high", "max": "high"}
MISTRAL = ("mistral", "mixtral", "codestral", "devstral", "ministral", "magistral")


@dataclass(frozen=True, slots=True)
class Translated:
    """A local server's request: what to post to which `path` behind its base URL, and in which form it answers.

    The rest is what the answer's translation needs to know. `prompt_tokens` is an estimate, high rather than low, for
    `prompt_bytes` of text; `context` is the window that it was fitted into. `notes` name what was dropped, never prompt
    text. A `constrained` answer's text is one call as JSON.
    """

    body: bytes
    max_tokens: int
    prompt_tokens: int
    tool_names: tuple[str, ...] = ()
    one_call: bool = False
    stop_sequences: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    functions: tuple[dict[str, Any], ...] = ()
    path: str = "/v1/chat/completions"
    wire: Wire = "sse"
    context: int | None = None
    prompt_bytes: int = 0
    must_call: bool = False
    constrained: bool = False


def to_chat(
    fields: Mapping[str, Any], *, model: str, caps: LocalModel, judged: bool = False, constrained: bool = False
) -> Translated:
    """Translate a request for the model `model` of a local server that can do `caps`.

    `judged` where nobody is shown a word before all of the answer is there: it may then come in one piece, with more to
    judge it by. `constrained` forces the answer into one of the tools sent, for a second attempt.
    Raises CannotTranslate with the reason where it cannot be done, or does not fit the model's context.
    """
    refuse_cloud_only(fields)
    tools = tools_of(fields)
    if tools.functions and caps.tools is False:
        raise CannotTranslate("it carries tools, and the local model cannot call any")
    hoisted, turns = turns_of(fields.get("messages"))
    if not turns:
        raise CannotTranslate("it says nothing")
    prefill = _prefill(turns, caps)
    short_ids = any(name in model.lower() for name in MISTRAL)
    messages = _system(fields, hoisted) + chat_messages(turns, vision=caps.vision, short_ids=short_ids)
    prompt_tokens = _estimate(messages, tools)
    in_one_piece = judged and caps.kind == "llamacpp" and bool(tools.functions)
    max_tokens = _max_tokens(fields, tools, caps, prompt_tokens)
    if in_one_piece:
        max_tokens = min(max_tokens, WHOLE_ANSWER_TOKENS)
    body = {
        "model": model, "messages": messages, **_tools(tools), "max_tokens": max_tokens, **_sampling(fields),
        **_thinking(fields, caps, prefill=prefill), **_format(fields),
        **(WITH_LOGPROBS if in_one_piece else STREAMED),
    }  # fmt: skip
    return Translated(
        _encoded(body), max_tokens, prompt_tokens, tools.names, tools.one_call, _stops(fields), _notes(fields, turns),
        tools.functions, wire="json" if in_one_piece else "sse", context=caps.context,
        must_call=tools.choice == "required",
    )  # fmt: skip


def _system(fields: Mapping[str, Any], hoisted: list[str]) -> list[Message]:
    texts = [text for text in (system_text(fields.get("system")), *hoisted) if text]
    return [{"role": "system", "content": "\n\n".join(texts)}] if texts else []


def _prefill(turns: list[Turn], caps: LocalModel) -> bool:
    """Tell whether the answer's beginning is given; only llama.cpp goes on from it."""
    given = turns[-1].role == "assistant" and not turns[-1].calls
    if given and caps.kind != "llamacpp":
        raise CannotTranslate("it begins the answer itself, which this local server cannot go on from")
    return given


def _tools(tools: Tools) -> dict[str, Any]:
    if not tools.functions:
        return {}
    alone = {"parallel_tool_calls": False} if tools.one_call else {}
    return {"tools": tools.functions, "tool_choice": tools.choice, **alone}


def _estimate(messages: list[Message], tools: Tools) -> int:
    """Guess the prompt's tokens from its bytes; an image counts by the piece, not by its bytes."""
    images = [part["image_url"]["url"] for message in messages for part in _parts(message) if "image_url" in part]
    size = len(_encoded([messages, tools.functions])) - sum(len(url.encode("utf-8", "replace")) for url in images)
    return -(-size // BYTES_PER_TOKEN) + IMAGE_TOKENS * len(images)


def _parts(message: Message) -> list[dict[str, Any]]:
    content = message.get("content")
    return content if isinstance(content, list) else []


def _max_tokens(fields: Mapping[str, Any], tools: Tools, caps: LocalModel, prompt_tokens: int) -> int:
    asked = fields.get("max_tokens")
    if not isinstance(asked, int) or isinstance(asked, bool) or asked < 1:
        raise CannotTranslate("max_tokens is no positive number")
    room = caps.context - prompt_tokens - MARGIN_TOKENS
    if room < min(asked, LEAST_OUTPUT_TOKENS):
        reason = f"does not fit: about {prompt_tokens} tokens of prompt, and {caps.id} holds {caps.context}"
        raise CannotTranslate(reason, does_not_fit=True)
    caps_on_output = [asked, room]
    if caps.max_output:
        caps_on_output.append(caps.max_output)
    if tools.choice == "required":
        caps_on_output.append(FORCED_CALL_TOKENS)
    return min(caps_on_output)


def _sampling(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Hand on what every local server takes; what is absent stays the server's own default."""
    given = {name: fields[name] for name in SAMPLING if isinstance(fields.get(name), int | float)}
    stops = _stops(fields)
    return {**given, "stop": stops} if stops else given


def _stops(fields: Mapping[str, Any]) -> tuple[str, ...]:
    stops = fields.get("stop_sequences")
    return tuple(stop for stop in stops if isinstance(stop, str) and stop) if isinstance(stops, list) else ()


def _thinking(fields: Mapping[str, Any], caps: LocalModel, *, prefill: bool) -> dict[str, Any]:
    """Set how much the model thinks. llama.cpp refuses to go on from a given beginning while thinking is on."""
    wish = fields.get("thinking")
    off = prefill or (isinstance(wish, dict) and wish.get("type") == "disabled")
    if off and caps.kind in ("llamacpp", "vllm"):
        return {"chat_template_kwargs": {"enable_thinking": False}}
    if off and caps.kind == "ollama":
        return {"reasoning_effort": "none"}
    effort = EFFORTS.get(str(_output_config(fields).get("effort")))
    return {"reasoning_effort": effort} if effort and caps.takes_effort else {}


def _format(fields: Mapping[str, Any]) -> dict[str, Any]:
    match _output_config(fields).get("format"):
        case {"type": "json_schema", "schema": dict(schema)}:
            named = {"name": "answer", "schema": schema, "strict": True}
            return {"response_format": {"type": "json_schema", "json_schema": named}}
    return {}


def _output_config(fields: Mapping[str, Any]) -> dict[str, Any]:
    config = fields.get("output_config")
    return config if isinstance(config, dict) else {}


def _notes(fields: Mapping[str, Any], turns: list[Turn]) -> tuple[str, ...]:
    kinds = {str(block.get("type")) for turn in turns for block in turn.blocks}
    notes = [f"dropped {name}" for name in DROPPED if name in fields]
    notes += [f"dropped {kind}" for kind in ("redacted_thinking", "thinking") if kind in kinds]
    return tuple(notes)


def _encoded(value: Any) -> bytes:
    """Write JSON; a lone half of a character, which JSON can hold and UTF-8 cannot, is replaced."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()
