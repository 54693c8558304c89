"""A local server's own Messages API: a request's body, for whoever prefers that to Chat Completions.

It is written from the same conversation, so the rules are the same: no billing header, no system role in the middle,
results after their calls and in their order, no thinking of the cloud's.
"""

from __future__ import annotations

import json
from typing import Any

from proxy.translate.asked import Asked
from proxy.translate.encoded import encoded
from proxy.translate.history import Message
from proxy.translate.translated import Translated

PATH = "/v1/messages"
THINKING_TOKENS = 4096


def body_of(asked: Asked) -> Translated:
    """Write a request."""
    system = [message["content"] for message in asked.messages if message["role"] == "system"]
    stops = {"stop_sequences": asked.wishes.stops} if asked.wishes.stops else {}
    body = {
        "model": asked.model, **({"system": system[0]} if system else {}), "messages": _messages(asked.messages),
        **_tools(asked), "max_tokens": asked.max_tokens, **asked.wishes.sampling, **stops, **_thinking(asked),
        "stream": True,
    }  # fmt: skip
    return asked.translated(encoded(body), PATH, "messages")


def _messages(messages: list[Message]) -> list[Message]:
    """Write the conversation; results and what the user says after them are one message."""
    written: list[Message] = []
    for message in messages:
        if message["role"] == "system":
            continue
        role = "assistant" if message["role"] == "assistant" else "user"
        if not written or written[-1]["role"] != role:
            written.append({"role": role, "content": []})
        written[-1]["content"] += _blocks(message)
    return written


def _blocks(message: Message) -> list[dict[str, Any]]:
    if message["role"] == "tool":
        return [{"type": "tool_result", "tool_use_id": message["tool_call_id"], "content": message["content"]}]
    content = message.get("content")
    parts = content if isinstance(content, list) else [{"type": "text", "text": content}] if content else []
    return [*map(_block, parts), *map(_call, message.get("tool_calls", ()))]


def _block(part: dict[str, Any]) -> dict[str, Any]:
    if part["type"] == "text":
        return {"type": "text", "text": part["text"]}
    url = str(part["image_url"]["url"])
    head, comma, data = url.partition(";base64,")
    if comma and head.startswith("data:"):
        source = {"type": "base64", "media_type": head.removeprefix("data:"), "data": data}
    else:
        source = {"type": "url", "url": url}
    return {"type": "image", "source": source}


def _call(call: dict[str, Any]) -> dict[str, Any]:
    given = json.loads(call["function"]["arguments"])
    return {"type": "tool_use", "id": call["id"], "name": call["function"]["name"], "input": given}


def _tools(asked: Asked) -> dict[str, Any]:
    if not asked.tools.functions:
        return {}
    kind = "any" if asked.tools.choice == "required" else "auto"
    alone = {"disable_parallel_tool_use": True} if asked.tools.one_call else {}
    tools = [_tool(one["function"]) for one in asked.tools.functions]
    return {"tools": tools, "tool_choice": {"type": kind, **alone}}


def _tool(function: dict[str, Any]) -> dict[str, Any]:
    described = {"description": function["description"]} if "description" in function else {}
    return {"name": function["name"], **described, "input_schema": function["parameters"]}


def _thinking(asked: Asked) -> dict[str, Any]:
    """Set whether the model thinks, in the words that local servers know: `adaptive` is not among them."""
    match asked.wishes.thinking:
        case False:
            return {"thinking": {"type": "disabled"}}
        case True:
            return {"thinking": {"type": "enabled", "budget_tokens": min(THINKING_TOKENS, asked.max_tokens)}}
    return {}
