"""Ollama's own dialect: a request's body for `/api/chat`.

Only there can the context be set, and a prompt that is too long be refused instead of cut: Ollama's OpenAI endpoint
loads a model with 4 k on small machines and cuts in silence. Sources: Ollama's docs/api.md and api/types.go.
"""

from __future__ import annotations

import json
from typing import Any

from proxy.translate.asked import Asked
from proxy.translate.encoded import encoded
from proxy.translate.history import Message
from proxy.translate.refusal import CannotTranslate
from proxy.translate.translated import Translated

PATH = "/api/chat"
REFUSE_RATHER_THAN_CUT = {"truncate": False, "shift": False}
"""Neither the head of the prompt when it is too long, nor that of the conversation while the answer grows. Older
servers know neither field; what they cut is seen by the counts."""


def body_of(asked: Asked) -> Translated:
    """Write a request. There is no choice among tools here: one that must be called is sent alone, and then missed."""
    # A guess of ours is no wish: it would have a model loaded smaller than Ollama would on this machine.
    context = {} if asked.caps.context_from == "assumed" else {"num_ctx": asked.caps.context}
    options = {**context, "num_predict": asked.max_tokens, **asked.wishes.sampling}
    if asked.wishes.stops:
        options["stop"] = asked.wishes.stops
    body = {
        "model": asked.model, "messages": _messages(asked.messages), **_tools(asked), "options": options,
        **_thinking(asked), **_format(asked), **_keep_alive(asked.caps.keep_alive), **REFUSE_RATHER_THAN_CUT,
        "stream": True,
    }  # fmt: skip
    return asked.translated(encoded(body), PATH, "ndjson")


def _messages(messages: list[Message]) -> list[Message]:
    names = {
        call["id"]: call["function"]["name"] for message in messages for call in message.get("tool_calls", ())
    }  # fmt: skip
    return [_message(message, names) for message in messages]


def _message(message: Message, names: dict[str, str]) -> Message:
    written: Message = {"role": message["role"], **_content(message.get("content"))}
    if "reasoning_content" in message:
        written["thinking"] = message["reasoning_content"]
    if "tool_calls" in message:
        written["tool_calls"] = [_call(call, at) for at, call in enumerate(message["tool_calls"])]
    if message["role"] == "tool":
        written["tool_name"] = names.get(message["tool_call_id"], "")
        written["tool_call_id"] = message["tool_call_id"]
    return written


def _content(content: Any) -> dict[str, Any]:
    """Put text and images apart: images are plain base64 here."""
    if not isinstance(content, list):
        return {"content": content or ""}
    texts = [part["text"] for part in content if part["type"] == "text"]
    images = [_base64(part["image_url"]["url"]) for part in content if part["type"] == "image_url"]
    return {"content": "\n\n".join(texts), **({"images": images} if images else {})}


def _base64(url: str) -> str:
    head, comma, data = url.partition(";base64,")
    if not comma or not head.startswith("data:"):
        raise CannotTranslate("it links to an image, which Ollama does not fetch")
    return data


def _call(call: dict[str, Any], at: int) -> dict[str, Any]:
    """Write a call; arguments are an object here."""
    given = json.loads(call["function"]["arguments"])
    function = {"index": at, "name": call["function"]["name"], "arguments": given}
    return {"id": call["id"], "function": function}


def _tools(asked: Asked) -> dict[str, Any]:
    return {"tools": asked.tools.functions} if asked.tools.functions else {}


def _thinking(asked: Asked) -> dict[str, Any]:
    """Set whether and how much the model thinks. One that cannot may be told not to, and refuses to be told to."""
    wishes = asked.wishes
    if asked.constrained:
        # A thought would have to fit the schema too, on servers that hold all of an answer to it.
        return {"think": False}
    if wishes.thinking is False or not wishes.effort:
        return {} if wishes.thinking is None else {"think": wishes.thinking}
    return {"think": wishes.effort}


def _format(asked: Asked) -> dict[str, Any]:
    """Set the answer's form; logprobs then tell how much of it was forced, on servers that know them."""
    if asked.schema is None:
        return {}
    return {"format": asked.schema, **({"logprobs": True, "top_logprobs": 1} if asked.constrained else {})}


def _keep_alive(wish: str) -> dict[str, Any]:
    """Write how long the model stays loaded: "30m" as it is, a bare number as one, else Ollama misses its unit."""
    if not wish:
        return {}
    return {"keep_alive": int(wish) if wish.lstrip("-").isdecimal() else wish}
