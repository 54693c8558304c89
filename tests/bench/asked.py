"""Requests of any size, shaped like a coding agent's, the same on every run; an order for the upstream stands last."""

from __future__ import annotations

import json
import random
from functools import lru_cache
from typing import Any

from tests.bench.wire import MODEL

_WORDS = """the request budget stream proxy settle reserve ledger price model cache file function returns error test
config value path server client naïve über 数据 → line"""
WORDS = tuple(_WORDS.split())
TOOLS = ("Task", "Bash", "Glob", "Grep", "Read", "Edit", "Write", "NotebookEdit", "WebFetch", "WebSearch", "TodoWrite")
SHAPED_BYTES = 30_000
"""From this size on a request has a system prompt, tools and a history; below it only padding."""


@lru_cache(16)
def asked(order: str, *, stream: bool, size: int = 0, session: str = "") -> bytes:
    """Make a request body of about `size` bytes that asks the upstream for `order`."""
    draw = random.Random(f"{size}{session}")
    fields: dict[str, Any] = {"model": MODEL.decode(), "max_tokens": 64, "stream": stream}
    if session:
        fields["metadata"] = {"user_id": json.dumps({"device_id": "d", "account_uuid": "", "session_id": session})}
    messages: list[dict[str, Any]] = []
    if size >= SHAPED_BYTES:
        fields["system"] = _system(draw)
        fields["tools"] = [_tool(draw, name) for name in TOOLS]
        messages = _history(draw, size - len(_json(fields)))
    elif size > 1000:
        messages = [_said("user", _prose(draw, size // 8)), _said("assistant", "Done.")]
    messages.append(_said("user", f"Go on [[bench {order}]]"))
    return _json({**fields, "messages": messages})


def _history(draw: random.Random, room: int) -> list[dict[str, Any]]:
    found = [_said("user", _prose(draw, 100))]
    number = 0
    while room > 2000:
        number += 1
        turn = _turn(draw, number, min(120, 4 + room // 60))
        room -= len(_json(turn))
        found += turn
    return [*found, _said("assistant", "Done.")]


def _turn(draw: random.Random, number: int, lines: int) -> list[dict[str, Any]]:
    use = {"type": "tool_use", "id": f"toolu_{number:022d}", "name": "Read", "input": {"file_path": f"m{number}.py"}}
    result = {"type": "tool_result", "tool_use_id": use["id"], "content": [_text(_code(draw, lines))]}
    return [
        {"role": "assistant", "content": [_text(_prose(draw, 40)), use]},
        {"role": "user", "content": [result]},
    ]


def _system(draw: random.Random) -> list[dict[str, Any]]:
    mark = {"cache_control": {"type": "ephemeral"}}
    return [_text("You are a coding agent.") | mark, _text(_prose(draw, 1200)) | mark]


def _tool(draw: random.Random, name: str) -> dict[str, Any]:
    properties = {
        key: {"type": "string", "description": _prose(draw, 12)} for key in ("file_path", "pattern", "command")
    }
    schema = {"type": "object", "properties": properties, "required": ["file_path"], "additionalProperties": False}
    return {"name": name, "description": _prose(draw, 80), "input_schema": schema}


def _said(role: str, words: str) -> dict[str, Any]:
    return {"role": role, "content": [_text(words)]}


def _text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def _prose(draw: random.Random, words: int) -> str:
    return " ".join(draw.choices(WORDS, k=words))


def _code(draw: random.Random, lines: int) -> str:
    return "\n".join(
        '{:6d}\t{}if {}["{}"] != "{}\\n":'.format(line, "    " * draw.randrange(4), *draw.choices(WORDS, k=3))
        for line in range(1, lines + 1)
    )


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
