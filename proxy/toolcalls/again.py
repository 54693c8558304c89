"""Whether a model goes in circles: the call it makes is the one it made before, and it got nothing new from it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from proxy.toolcalls.strict import NotStrict, value_of
from proxy.toolcalls.verdict import Failed, Verdict

TURNS = 2

Turn = dict[str, str]
"""The calls of one turn, each as one text, → their ids."""


def is_same_again(verdicts: tuple[Verdict, ...], messages: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether a call was made in each of the last two turns with calls too, with the same result both times."""
    now = {
        _key(verdict.use.name, _value(verdict.use.arguments)) for verdict in verdicts if not isinstance(verdict, Failed)
    }
    before = _turns(messages) if now else []
    if len(before) < TURNS:
        return False
    again = [key for key in now if all(key in turn for turn in before)]
    return any(_is_one([_result(turn[key], messages) for turn in before]) for key in again)


def _turns(messages: Sequence[Mapping[str, Any]]) -> list[Turn]:
    """Find the last turns with calls, the newest first."""
    turns: list[Turn] = []
    for message in reversed(messages):
        calls = _blocks(message, "tool_use") if message.get("role") == "assistant" else []
        if calls:
            turns.append({_key(call.get("name"), call.get("input")): str(call.get("id")) for call in calls})
        if len(turns) == TURNS:
            break
    return turns


def _result(identifier: str, messages: Sequence[Mapping[str, Any]]) -> Any:
    """Find what a call brought, None where that is not told; results are long, so only those asked for are read."""
    every = (block for message in reversed(messages) for block in _blocks(message, "tool_result"))
    return next((block.get("content") for block in every if str(block.get("tool_use_id")) == identifier), None)


def _is_one(values: list[Any]) -> bool:
    return all(value == values[0] for value in values)


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
