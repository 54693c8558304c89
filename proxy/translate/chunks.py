"""A local server's stream, read as a few neutral happenings, whatever its habits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from proxy.sse import Event, SseParser
from proxy.translate.errors import failure, from_error
from proxy.translate.happenings import Done, Finish, Happening, Reasoning, Sureness, Text, ToolPiece
from proxy.translate.sureness import least_logprob
from proxy.translate.usage import usage_from_chat

WHOLE_LIMIT_BYTES = 64 * 1024 * 1024
"""An answer in one piece may hold a logprob for each of its tokens, which makes it some fifty times as long."""


class ChunkReader:
    """Turn a stream's bytes into happenings; also takes one whole JSON answer, from a server that does not stream.

    Never raises: what cannot be read is a Trouble, because text may be lost with it.
    """

    def __init__(self) -> None:
        self._parser = SseParser()
        self._whole: bytearray | None = None
        self._begun = False

    def feed(self, chunk: bytes) -> list[Happening]:
        """Take the next bytes, and return what they tell."""
        if not self._begun:
            chunk = self._begin(chunk)
        if self._whole is not None:
            return self._collect(chunk)
        found = [one for event in self._parser.feed(chunk) for one in read_event(event)]
        return [*found, failure("it sent an event too large to read")] if self._parser.broken else found

    def end(self) -> list[Happening]:
        """Take the end of the bytes."""
        if self._whole is None:
            return []
        body, self._whole = bytes(self._whole), None
        return [*read_event(Event("message", body)), Done()]

    def _begin(self, chunk: bytes) -> bytes:
        """See by the first byte whether it is a stream or one JSON object."""
        chunk = chunk.lstrip(b" \t\r\n")
        if chunk:
            self._begun = True
            self._whole = bytearray() if chunk.startswith(b"{") else None
        return chunk

    def _collect(self, chunk: bytes) -> list[Happening]:
        assert self._whole is not None
        self._whole += chunk
        if len(self._whole) <= WHOLE_LIMIT_BYTES:
            return []
        self._whole.clear()
        return [failure("it sent an answer too large to read")]


def read_event(event: Event) -> Iterator[Happening]:
    """Read one event: a chunk, an error in one of its forms, or the end mark."""
    data = event.data.strip()
    if not data:
        return
    if data == b"[DONE]":
        yield Done()
        return
    chunk = _decoded(data)
    if not isinstance(chunk, dict):
        yield failure("it sent an event that cannot be read")
    elif chunk.get("error"):
        yield from_error(chunk["error"])
    elif event.event == "error" or chunk.get("object") == "error":
        yield from_error(chunk)
    else:
        yield from _chunk(chunk)


def _chunk(chunk: dict[str, Any]) -> Iterator[Happening]:
    choices = chunk.get("choices")
    for choice in choices if isinstance(choices, list) else []:
        if isinstance(choice, dict) and choice.get("index", 0) in (0, None):
            yield from _choice(choice)
    usage = usage_from_chat(chunk)
    if usage is not None:
        yield usage


def _choice(choice: dict[str, Any]) -> Iterator[Happening]:
    delta = choice.get("delta") or choice.get("message")
    if isinstance(delta, dict):
        yield from _delta(delta)
    least = least_logprob(choice)
    if least is not None:
        yield Sureness(least)
    reason = choice.get("finish_reason")
    if isinstance(reason, str) and reason:
        stop = choice.get("stop_reason")
        yield Finish(reason, stop if isinstance(stop, str) else None)


def _delta(delta: dict[str, Any]) -> Iterator[Happening]:
    thought = _words(delta.get("reasoning_content")) or _words(delta.get("reasoning"))
    if thought:
        yield Reasoning(thought)
    text = _words(delta.get("content"))
    if text:
        yield Text(text)
    calls = delta.get("tool_calls")
    for call in calls if isinstance(calls, list) else []:
        if isinstance(call, dict):
            yield _piece(call)


def _piece(call: dict[str, Any]) -> ToolPiece:
    function = call.get("function")
    function = function if isinstance(function, dict) else call
    index = call.get("index")
    return ToolPiece(
        index if isinstance(index, int) and not isinstance(index, bool) else None,
        _words(call.get("id")),
        _words(function.get("name")),
        _arguments(function.get("arguments")),
    )


def _arguments(given: Any) -> str:
    """Return arguments as text; some servers send the object itself."""
    return json.dumps(given, ensure_ascii=False) if isinstance(given, dict) else _words(given)


def _words(value: Any) -> str:
    """Return text, also from a list of parts; anything else counts as none."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(_words(part.get("text")) for part in value if isinstance(part, dict))
    return ""


def _decoded(data: bytes) -> Any:
    """Decode JSON, leniently where that loses no more than a broken character."""
    try:
        return msgspec.json.decode(data)
    except (ValueError, RecursionError):
        pass
    try:
        parsed = json.loads(data.decode("utf-8", "replace"), strict=False, parse_constant=_nothing)
        # A lone half of a character can stand in JSON, but never in the UTF-8 we send.
        return msgspec.json.decode(_without_halves(json.dumps(parsed, ensure_ascii=False)))
    except (ValueError, RecursionError):
        return None


def _without_halves(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _nothing(_name: str) -> None:
    """Read NaN and Infinity, which llama.cpp's timings can hold, as null."""
