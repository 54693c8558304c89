"""The Messages API as local servers speak it: its stream, or its one message, read as happenings.

Thoughts are read as such and go no further: what signs them elsewhere would be refused by the real API later.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from proxy.sse import Event, SseParser
from proxy.translate.decoded import decoded, words
from proxy.translate.errors import failure, from_error
from proxy.translate.happenings import Done, Finish, Happening, Reasoning, Text, ToolPiece
from proxy.translate.plain import words_of_event
from proxy.translate.usage import usage_from_messages
from proxy.translate.whole import Whole

REASONS = {"tool_use": "tool_calls", "refusal": "content_filter"}
"""The API's reasons to stop that Chat Completions words differently."""


class EventReader:
    """Turn the bytes of an answer into happenings; never raises."""

    def __init__(self) -> None:
        self._parser = SseParser()
        self._whole = Whole()
        self._usage: dict[str, Any] = {}

    def feed(self, chunk: bytes) -> list[Happening]:
        """Take the next bytes, and return what they tell."""
        chunk = self._whole.begin(chunk)
        if self._whole.is_one:
            return self._whole.collect(chunk)
        found: list[Happening] = []
        for event in self._parser.feed(chunk):
            text = words_of_event(event.data) if event.event == "content_block_delta" else None
            found += self._event(event) if text is None else [Text(text)] if text else ()
        return [*found, failure("it sent an event too large to read")] if self._parser.broken else found

    def end(self) -> list[Happening]:
        """Take the end of the bytes."""
        body = self._whole.take()
        return [] if body is None else [*self._event(Event("message", body)), Done()]

    def _event(self, event: Event) -> Iterator[Happening]:
        data = event.data.strip()
        if not data or data == b"[DONE]":
            return
        fields = decoded(data)
        if not isinstance(fields, dict):
            yield failure("it sent an event that cannot be read")
        elif fields.get("error") or event.event == "error":
            yield from_error(fields.get("error") or fields)
        else:
            yield from self._told(fields)

    def _told(self, fields: dict[str, Any]) -> Iterator[Happening]:
        match fields:
            case {"type": "message_start", "message": dict(message)}:
                self._count(message)
            case {"type": "content_block_start", "content_block": dict(block)}:
                yield from _block(block, _index(fields), is_whole=False)
            case {"type": "content_block_delta", "delta": dict(delta)}:
                yield from _delta(delta, _index(fields))
            case {"type": "message_delta"}:
                yield from self._end(fields.get("delta"), fields)
            case {"type": "message_stop"}:
                yield Done()
            case {"type": "message", "content": list(blocks)}:
                for at, block in enumerate(blocks):
                    yield from _block(block, at, is_whole=True)
                yield from self._end(fields, fields)

    def _end(self, said: Any, counted: dict[str, Any]) -> Iterator[Happening]:
        self._count(counted)
        usage = usage_from_messages(self._usage)
        if usage is not None:
            yield usage
        reason = said.get("stop_reason") if isinstance(said, dict) else None
        if isinstance(reason, str) and reason:
            yield Finish(REASONS.get(reason, reason), words(said.get("stop_sequence")) or None)

    def _count(self, message: dict[str, Any]) -> None:
        """Take counts; later ones are totals and replace earlier ones."""
        usage = message.get("usage")
        if isinstance(usage, dict):
            self._usage |= {key: value for key, value in usage.items() if value is not None}


def _index(fields: dict[str, Any]) -> int | None:
    index = fields.get("index")
    return index if isinstance(index, int) and not isinstance(index, bool) else None


def _block(block: Any, index: int | None, *, is_whole: bool) -> Iterator[Happening]:
    """Read a block; in a stream what a call is given follows in pieces, unless the server sends it at once."""
    if not isinstance(block, dict):
        return
    match block.get("type"):
        case "text":
            if text := words(block.get("text")):
                yield Text(text)
        case "thinking":
            if thought := words(block.get("thinking")):
                yield Reasoning(thought)
        case "tool_use":
            given = block.get("input")
            has_given = isinstance(given, dict) and (bool(given) or is_whole)
            arguments = json.dumps(given, ensure_ascii=False) if has_given else ""
            yield ToolPiece(index, words(block.get("id")), words(block.get("name")), arguments)


def _delta(delta: dict[str, Any], index: int | None) -> Iterator[Happening]:
    match delta:
        case {"type": "text_delta", "text": str(text)} if text:
            yield Text(text)
        case {"type": "thinking_delta", "thinking": str(thought)} if thought:
            yield Reasoning(thought)
        case {"type": "input_json_delta", "partial_json": str(piece)}:
            yield ToolPiece(index, "", "", piece)
