"""Words for tests of translation: small requests, blocks and messages."""

import json
from typing import Any

from proxy.translate.request import Translated, to_chat
from proxy.upstream.local_model import LocalModel

CAPS = LocalModel("qwen", 32768, vision=True, tools=True, kind="llamacpp")
HI = [{"role": "user", "content": "Hi"}]
WEATHER = {
    "name": "get_weather",
    "description": "Tell the weather",
    "input_schema": {"$schema": "x", "type": "object", "properties": {"city": {"type": "string"}}},
}
PNG = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}


def translated(
    caps: LocalModel = CAPS, *, judged: bool = False, constrained: bool = False, **fields: Any
) -> Translated:
    """Translate a small request with the given fields."""
    asked = {"model": "claude-x", "max_tokens": 100, "messages": HI, **fields}
    return to_chat(asked, model="qwen", caps=caps, judged=judged, constrained=constrained)


def chat(caps: LocalModel = CAPS, **fields: Any) -> dict[str, Any]:
    """Return the body of a translated request."""
    return json.loads(translated(caps, **fields).body)


def messages(*given: tuple[str, Any], **fields: Any) -> list[dict[str, Any]]:
    """Return the chat messages that messages of the given roles and contents become."""
    return chat(messages=[{"role": role, "content": content} for role, content in given], **fields)["messages"]


def use(identifier: str, name: str = "get_weather", **given: Any) -> dict[str, Any]:
    """Make a tool call."""
    return {"type": "tool_use", "id": identifier, "name": name, "input": given}


def result(identifier: str, content: Any = "ok", **more: Any) -> dict[str, Any]:
    """Make a tool's result."""
    return {"type": "tool_result", "tool_use_id": identifier, "content": content, **more}


def text(words: str, **more: Any) -> dict[str, Any]:
    """Make a text block."""
    return {"type": "text", "text": words, **more}
