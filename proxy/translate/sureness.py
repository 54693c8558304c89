"""How sure a model was of the tool calls in its answer: its own logprobs, read token by token.

A grammar makes any model write a call that fits the schema, also one that it did not mean. llama.cpp tells logprobs
from before the grammar, so a token that was forced on the model shows: measured −10 and less, −3.4e38 where its
probability was none, and about 0 for tokens that the model chose.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

LEAST = -1e4
"""No logprob is told below this one: llama.cpp writes the least float there is for a probability of none."""

_CLOSES = re.compile(rb"[\s}\])]*(?:<.*)?", re.DOTALL)
"""What ends a call, or follows it: brackets, the template's tag, nothing."""


_HEAD = re.compile(rb'\s*\{\s*"name"\s*:\s*"')
"""How an answer begins that is held to be a call: the form was forced by design, what it says was not."""

_OPENS = re.compile(rb"\s*[<{\[`]")
"""How a model begins that is about to call a tool, in whatever style: tags, JSON, a fence."""


class Token(NamedTuple):
    """One token as it came, its logprob, and what the model would have said instead."""

    said: bytes
    logprob: float
    wanted: bytes


def least_logprob(choice: dict[str, Any]) -> float | None:
    """Find the logprob of the token that the model wanted least inside its calls; None where none was told.

    The words before the calls do not count, nor what follows the last argument, nor a bracket that closes what the
    model itself was closing in another way. Of an answer that was held to be a call, the form does not count, unless
    the model was about to say words, or nothing.
    """
    message = choice.get("message")
    if not isinstance(message, dict):
        return None
    tokens = list(_tokens(choice.get("logprobs")))
    raw = b"".join(token.said for token in tokens)
    start, end = _calls_within(raw, message)
    head = _HEAD.match(raw, start)
    counted: list[float] = []
    at = 0
    for token in tokens:
        is_inside = at + len(token.said) > start and at < end
        if is_inside and not _is_close(token) and not (head and _is_form(token, at, head)):
            counted.append(max(token.logprob, LEAST))
        at += len(token.said)
    return min(counted, default=None)


def _calls_within(raw: bytes, message: dict[str, Any]) -> tuple[int, int]:
    """Find where the calls begin and end in what the model wrote."""
    calls = message.get("tool_calls")
    thought, text = _bytes(message.get("reasoning_content")), _bytes(message.get("content"))
    start = _after(raw, thought, 0)
    if not isinstance(calls, list) or not calls:
        return max(raw.find(text, start), start), len(raw)
    last = calls[-1].get("function") if isinstance(calls[-1], dict) else None
    given = _bytes(last.get("arguments") if isinstance(last, dict) else None)
    found = raw.rfind(given) if given else -1
    return _after(raw, text, start), len(raw) if found < 0 else found + len(given)


def _after(raw: bytes, words: bytes, start: int) -> int:
    found = raw.find(words, start) if words else -1
    return start if found < 0 else found + len(words)


def _is_form(token: Token, at: int, head: re.Match[bytes]) -> bool:
    """Tell whether a token stands before the tool's name, and only puts in another style what was to be a call."""
    if at + len(token.said) > head.end():
        return False
    return at > head.start() or bool(_OPENS.match(token.wanted))


def _is_close(token: Token) -> bool:
    """Tell whether a token only closes, where the model was about to close too, or to stop."""
    if not token.said.strip():
        return True
    return bool(_CLOSES.fullmatch(token.said)) and bool(_CLOSES.fullmatch(token.wanted))


def _tokens(logprobs: Any) -> Iterator[Token]:
    entries = logprobs.get("content") if isinstance(logprobs, dict) else None
    for entry in entries if isinstance(entries, list) else []:
        logprob = entry.get("logprob") if isinstance(entry, dict) else None
        if isinstance(logprob, int | float) and not isinstance(logprob, bool):
            yield Token(_spelled(entry), float(logprob), _wanted(entry))


def _wanted(entry: dict[str, Any]) -> bytes:
    others = entry.get("top_logprobs")
    first = others[0] if isinstance(others, list) and others else None
    return _spelled(first) if isinstance(first, dict) else b"?"


def _spelled(entry: dict[str, Any]) -> bytes:
    """Return a token's bytes: its text may hold no more than a part of a character."""
    given = entry.get("bytes")
    if isinstance(given, list) and all(isinstance(byte, int) and 0 <= byte < 256 for byte in given):
        return bytes(given)
    token = entry.get("token")
    return token.encode("utf-8", "replace") if isinstance(token, str) else b""


def _bytes(words: Any) -> bytes:
    return words.strip().encode("utf-8", "replace") if isinstance(words, str) else b""
