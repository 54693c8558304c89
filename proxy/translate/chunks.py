"""A local server's stream, read as a few neutral happenings, whatever its habits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from proxy.sse import Event, SseParser
from proxy.translate.decoded import decoded, words
from proxy.translate.errors import failure, from_error
from proxy.translate.happenings import Done, Finish, Happening, Reasoning, Sureness, Text, ToolPiece
from proxy.translate.plain import words_of_chunk
from proxy.translate.sureness import least_logprob
from proxy.translate.usage import usage_from_chat
from proxy.translate.whole import Whole


class ChunkReader:
    """Turn a stream's bytes into happenings; also takes one whole JSON answer, from a server that does not stream.

    Never raises: what cannot be read is a Trouble, because text may be lost with it.
    """

    def __init__(self) -> None:
        self._parser = SseParser()
        self._whole = Whole()

    def feed(self, chunk: bytes) -> list[Happening]:
        """Take the next bytes, and return what they tell."""
        chunk = self._whole.begin(chunk)
        if self._whole.is_one:
            return self._whole.collect(chunk)
        found: list[Happening] = []
        for event in self._parser.feed(chunk):
            text = words_of_chunk(event.data) if event.event == "message" else None
            found += read_event(event) if text is None else [Text(text)] if text else ()
        return [*found, failure("it sent an event too large to read")] if self._parser.broken else found

    def end(self) -> list[Happening]:
        """Take the end of the bytes."""
        body = self._whole.take()
        return [] if body is None else [*read_event(Event("message", body)), Done()]


def read_event(event: Event) -> Iterator[Happening]:
    """Read one event: a chunk, an error in one of its forms, or the end mark."""
    data = event.data.strip()
    if not data:
        return
    if data == b"[DONE]":
        yield Done()
        return
    chunk = decoded(data)
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
    thought = words(delta.get("reasoning_content")) or words(delta.get("reasoning"))
    if thought:
        yield Reasoning(thought)
    text = words(delta.get("content"))
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
        words(call.get("id")),
        words(function.get("name")),
        _arguments(function.get("arguments")),
    )


def _arguments(given: Any) -> str:
    """Return arguments as text; some servers send the object itself."""
    return json.dumps(given, ensure_ascii=False) if isinstance(given, dict) else words(given)
