"""Ollama's stream: one JSON object a line, read as happenings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from proxy.sse import EVENT_LIMIT_BYTES
from proxy.translate.decoded import decoded, words
from proxy.translate.errors import failure, from_error
from proxy.translate.happenings import Done, Finish, Happening, Reasoning, Sureness, Text, ToolPiece
from proxy.translate.plain import words_of_line
from proxy.translate.sureness import least_logprob
from proxy.translate.usage import usage_from_ollama

LOGPROBS_KEPT = 65536


class LineReader:
    """Turn a stream of lines into happenings; never raises. A stream that is cut has no line that is `done`."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._broken = False
        self._calls = 0
        self._said: list[str] = []
        self._logprobs: list[Any] = []

    def feed(self, chunk: bytes) -> list[Happening]:
        """Take the next bytes, and return what they tell."""
        if self._broken:
            return []
        head, newline, tail = chunk.rpartition(b"\n")
        found: list[Happening] = []
        if newline:
            whole, self._rest = bytes(self._rest) + head, bytearray()
            for line in whole.split(b"\n"):
                text = words_of_line(line)
                found += self._line(line) if text is None else self._words(text)
        self._rest += tail
        if len(self._rest) > EVENT_LIMIT_BYTES:
            self._broken = True
            self._rest.clear()
            found.append(failure("it sent an event too large to read"))
        return found

    def end(self) -> list[Happening]:
        """Take the end of the bytes: the last line may lack its end."""
        line, self._rest = bytes(self._rest), bytearray()
        return list(self._line(line))

    def _line(self, line: bytes) -> Iterator[Happening]:
        line = line.strip()
        if not line:
            return
        chunk = decoded(line)
        if not isinstance(chunk, dict):
            yield failure("it sent an event that cannot be read")
        elif chunk.get("error"):
            yield from_error(chunk["error"])
        else:
            yield from self._chunk(chunk)

    def _chunk(self, chunk: dict[str, Any]) -> Iterator[Happening]:
        message = chunk.get("message")
        if isinstance(message, dict):
            yield from self._message(message)
        logprobs = chunk.get("logprobs")
        if isinstance(logprobs, list) and len(self._logprobs) < LOGPROBS_KEPT:
            self._logprobs += logprobs
        if chunk.get("done") is True:
            yield from self._end(chunk)

    def _message(self, message: dict[str, Any]) -> Iterator[Happening]:
        thought = words(message.get("thinking"))
        if thought:
            yield Reasoning(thought)
        yield from self._words(words(message.get("content")))
        calls = message.get("tool_calls")
        for call in calls if isinstance(calls, list) else []:
            if isinstance(call, dict):
                yield self._call(call)

    def _words(self, text: str) -> tuple[Text, ...]:
        if not text:
            return ()
        self._said.append(text)
        return (Text(text),)

    def _call(self, call: dict[str, Any]) -> ToolPiece:
        """Read a call: it always comes whole, so each is one of its own."""
        self._calls += 1
        function = call.get("function")
        function = function if isinstance(function, dict) else {}
        given = function.get("arguments")
        arguments = json.dumps(given, ensure_ascii=False) if isinstance(given, dict | list) else words(given)
        return ToolPiece(self._calls, words(call.get("id")), words(function.get("name")), arguments)

    def _end(self, chunk: dict[str, Any]) -> Iterator[Happening]:
        """Read the last line: counts, times, and why it ends; the oldest servers do not say why."""
        usage = usage_from_ollama(chunk)
        if usage is not None:
            yield usage
        said = {"message": {"content": "".join(self._said)}, "logprobs": {"content": self._logprobs}}
        least = least_logprob(said)
        if least is not None:
            yield Sureness(least)
        yield Finish(words(chunk.get("done_reason")) or "stop")
        yield Done()
