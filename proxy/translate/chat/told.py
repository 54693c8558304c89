"""What all parts of one chat answer have in common, and the words that both dialects have for the same things."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "content_filter",
}
_MOST = 2**53
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Told:
    """One answer: its id, when it began (in seconds), the model as it was asked for, and whether to tell the counts."""

    id: str
    created: int
    model: str
    include_usage: bool = False

    def chunk(self, delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        """Make one chunk of a stream."""
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return self._object("chat.completion.chunk", [choice]) | ({"usage": None} if self.include_usage else {})

    def counts(self, usage: Mapping[str, Any]) -> dict[str, Any]:
        """Make the last chunk of a stream, which has no choices but the counts."""
        return self._object("chat.completion.chunk", []) | {"usage": usage_of(usage)}

    def completion(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Make a whole answer of a whole message."""
        blocks = [block for block in message.get("content") or [] if isinstance(block, dict)]
        calls = [_call(block) for block in blocks if block.get("type") == "tool_use"]
        text = "".join(_text(block, "text") for block in blocks)
        thought = "".join(_text(block, "thinking") for block in blocks)
        told = {
            "role": "assistant",
            "content": text or (None if calls else ""),
            "refusal": None,
            **({"reasoning_content": thought} if thought else {}),
            **({"tool_calls": calls} if calls else {}),
        }
        finish = finish_of(message.get("stop_reason"), has_calls=bool(calls))
        choice = {"index": 0, "message": told, "logprobs": None, "finish_reason": finish}
        usage = message.get("usage")
        return self._object("chat.completion", [choice]) | {"usage": usage_of(usage if isinstance(usage, dict) else {})}

    def _object(self, kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model, "choices": choices}


def finish_of(reason: Any, *, has_calls: bool) -> str:
    """Say why the answer ended; one with calls that ended well is one to act on."""
    found = REASONS.get(str(reason), "stop")
    return "tool_calls" if found == "stop" and has_calls else found


def usage_of(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Put the counts in this dialect's words: `prompt_tokens` are all of the prompt, cached or not."""
    cached = _count(raw.get("cache_read_input_tokens"))
    kept = _count(raw.get("cache_creation_input_tokens"))
    prompt = _count(raw.get("input_tokens")) + kept + cached
    written = _count(raw.get("output_tokens"))
    return {
        "prompt_tokens": prompt,
        "completion_tokens": written,
        "total_tokens": prompt + written,
        "prompt_tokens_details": {"cached_tokens": cached, "cache_write_tokens": kept},
    }


def arguments_of(given: Any) -> str:
    """Write a call's input as the text that this dialect has for it."""
    return _encode(given if isinstance(given, dict) else {}).decode()


def _call(block: dict[str, Any]) -> dict[str, Any]:
    function = {"name": str(block.get("name", "")), "arguments": arguments_of(block.get("input"))}
    return {"id": str(block.get("id", "")), "type": "function", "function": function}


def _text(block: dict[str, Any], kind: str) -> str:
    text = block.get(kind) if block.get("type") == kind else None
    return text if isinstance(text, str) else ""


def _count(value: Any) -> int:
    return value if type(value) is int and 0 <= value <= _MOST else 0
