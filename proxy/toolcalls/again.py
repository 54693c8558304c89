"""Whether a model goes in circles: the call it makes is the one it made before, and it got nothing new from it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from proxy.toolcalls.strict import NotStrict, value_of
from proxy.toolcalls.verdict import Failed, Verdict

TURNS = 2

Turn = dict[str, str]
"""The calls of one turn, each as one text, → their results."""


def is_same_again(verdicts: tuple[Verdict, ...], messages: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether a call was made in each of the last two turns with calls too, with the same result both times."""
    now = {
        _key(verdict.use.name, _value(verdict.use.arguments)) for verdict in verdicts if not isinstance(verdict, Failed)
    }
    before = _turns(messages)[-TURNS:]
    if len(before) < TURNS:
        return False
    return any(len({turn.get(key, f"none {at}") for at, turn in enumerate(before)}) == 1 for key in now)


def _turns(messages: Sequence[Mapping[str, Any]]) -> list[Turn]:
    results = {
        str(block.get("tool_use_id")): json.dumps(block.get("content"), sort_keys=True)
        for message in messages
        for block in _blocks(message, "tool_result")
    }
    calls = [_blocks(message, "tool_use") for message in messages if message.get("role") == "assistant"]
    return [
        {_key(call.get("name"), call.get("input")): results.get(str(call.get("id")), "") for call in made}
        for made in calls
        if made
    ]


def _blocks(message: Mapping[str, Any], kind: str) -> list[Mapping[str, Any]]:
    content = message.get("content")
    found = content if isinstance(content, list) else []
    return [block for block in found if isinstance(block, dict) and block.get("type") == kind]


def _key(name: Any, given: Any) -> str:
    return json.dumps([name, given], sort_keys=True)


def _value(text: str) -> Any:
    try:
        return value_of(text)
    except NotStrict:
        return text
