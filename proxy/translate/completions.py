"""Chat Completions, the dialect that all local servers speak: a request's body."""

from __future__ import annotations

from typing import Any

from proxy.translate.asked import Asked
from proxy.translate.encoded import encoded
from proxy.translate.translated import Translated
from proxy.translate.wishes import STOPS_TAKEN

PATH = "/v1/chat/completions"
STREAMED: dict[str, Any] = {"stream": True, "stream_options": {"include_usage": True}}
WITH_LOGPROBS: dict[str, Any] = {"stream": False, "logprobs": True, "top_logprobs": 1}
"""llama.cpp tells no logprobs in a stream with tools; one alternative to each token shows what the model wanted."""


def body_of(asked: Asked) -> Translated:
    """Write a request."""
    stops = {"stop": asked.wishes.stops[:STOPS_TAKEN]} if asked.wishes.stops else {}
    body = {
        "model": asked.model, "messages": asked.messages, **_tools(asked), "max_tokens": asked.max_tokens,
        **asked.wishes.sampling, **stops, **_thinking(asked), **_format(asked),
        **(WITH_LOGPROBS if asked.in_one_piece else STREAMED),
    }  # fmt: skip
    return asked.translated(encoded(body), PATH, "json" if asked.in_one_piece else "sse")


def _tools(asked: Asked) -> dict[str, Any]:
    if not asked.tools.functions:
        return {}
    alone = {"parallel_tool_calls": False} if asked.tools.one_call else {}
    return {"tools": asked.tools.functions, "tool_choice": asked.tools.choice, **alone}


def _thinking(asked: Asked) -> dict[str, Any]:
    """Set whether the model thinks, by its server's own switch, and how much."""
    wishes, kind = asked.wishes, asked.caps.kind
    if wishes.thinking is not None and kind in ("llamacpp", "vllm"):
        return {"chat_template_kwargs": {"enable_thinking": wishes.thinking}}
    return {"reasoning_effort": wishes.effort} if wishes.effort else {}


def _format(asked: Asked) -> dict[str, Any]:
    if asked.schema is None:
        return {}
    named = {"name": "call" if asked.constrained else "answer", "schema": asked.schema, "strict": True}
    return {"response_format": {"type": "json_schema", "json_schema": named}}
