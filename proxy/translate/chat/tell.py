"""A stream of the Messages API, told as chunks of Chat Completions: bytes in, bytes out, cut anywhere."""

from __future__ import annotations

from typing import Any

import msgspec

from proxy.sse import Event, SseParser
from proxy.translate.chat.errors import error_object
from proxy.translate.chat.told import Told, arguments_of, finish_of

PING = b": ping\n\n"
"""A comment: a client of this dialect would take any event for a chunk."""
DONE = b"data: [DONE]\n\n"
UNREADABLE = {"type": "api_error", "message": "bursar: the answer holds something that cannot be read"}
CUT = {"type": "api_error", "message": "bursar: the answer broke off"}

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class ChatStream:
    """Tells one stream; what is told does not depend on how the bytes are cut. Never raises.

    The reason for its end is told with its last event, and `[DONE]` only by `end`: an answer that was cut has neither.
    """

    def __init__(self, told: Told) -> None:
        self._told = told
        self._parser = SseParser()
        self._usage: dict[str, Any] = {}
        self._reason: str | None = None
        self._call: int | None = None
        """The number of the call that is being told, None outside of one."""
        self._calls = 0
        self._given: Any = None
        """The call's input as its start gave it, until a piece of it has come."""
        self._has_begun = False
        self.has_ended = False
        """All was told but the end mark."""
        self.has_failed = False

    def feed(self, data: bytes) -> bytes:
        """Take the next bytes; give the chunks that they complete."""
        out = bytearray()
        for event in self._parser.feed(data):
            out += self._tell(event)
        if self._parser.broken:
            out += self.fail(UNREADABLE)
        return bytes(out)

    def end(self) -> bytes:
        """End the stream: with the end mark if all was told, else with an error."""
        return DONE if self.has_ended else self.fail(CUT)

    def cut(self) -> bytes:
        """Break the stream off: an error, if none was told, and never the end mark."""
        return self.fail(CUT)

    def fail(self, error: Any) -> bytes:
        """Tell an error, once; nothing follows it."""
        if self.has_failed or self.has_ended:
            return b""
        self.has_failed = True
        return _chunk(error_object(error))

    def _tell(self, event: Event) -> bytes:
        if self.has_failed or self.has_ended:
            return b""
        if event.event == "ping":
            return PING
        try:
            return self._tell_data(event.event, _decode(event.data))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return self.fail(UNREADABLE)

    def _tell_data(self, name: str, data: Any) -> bytes:
        match name:
            case "message_start":
                self._count(data["message"].get("usage"))
                return self._begin()
            case "content_block_start":
                return self._begin() + self._open(data["content_block"])
            case "content_block_delta":
                return self._piece(data["delta"])
            case "content_block_stop":
                return self._close()
            case "message_delta":
                self._reason = data["delta"].get("stop_reason") or self._reason
                self._count(data.get("usage"))
                return b""
            case "message_stop":
                return self._finish()
            case "error":
                return self.fail(data.get("error"))
        return b""

    def _begin(self) -> bytes:
        if self._has_begun:
            return b""
        self._has_begun = True
        return self._delta({"role": "assistant", "content": ""})

    def _open(self, block: dict[str, Any]) -> bytes:
        match block.get("type"):
            case "text":
                return self._words("content", block.get("text"))
            case "thinking":
                return self._words("reasoning_content", block.get("thinking"))
            case "tool_use":
                self._call, self._given = self._calls, block.get("input")
                self._calls += 1
                function = {"name": str(block["name"]), "arguments": ""}
                return self._of_call({"id": str(block["id"]), "type": "function", "function": function})
        return b""

    def _piece(self, delta: dict[str, Any]) -> bytes:
        match delta.get("type"):
            case "text_delta":
                return self._words("content", delta["text"])
            case "thinking_delta":
                return self._words("reasoning_content", delta["thinking"])
            case "input_json_delta" if self._call is not None:
                return self._arguments(str(delta["partial_json"]))
        return b""

    def _close(self) -> bytes:
        """End a block; a call without a piece has the input that it was opened with."""
        if self._call is None:
            return b""
        out = b"" if self._given is None else self._arguments(arguments_of(self._given))
        self._call = None
        return out

    def _finish(self) -> bytes:
        out = self._delta({}, finish_of(self._reason, has_calls=self._calls > 0))
        self.has_ended = True
        return out + (_chunk(self._told.counts(self._usage)) if self._told.include_usage else b"")

    def _words(self, name: str, text: Any) -> bytes:
        return self._delta({name: text}) if isinstance(text, str) and text else b""

    def _arguments(self, text: str) -> bytes:
        if not text:
            return b""
        self._given = None
        return self._of_call({"function": {"arguments": text}})

    def _of_call(self, call: dict[str, Any]) -> bytes:
        return self._delta({"tool_calls": [{"index": self._call, **call}]})

    def _delta(self, delta: dict[str, Any], finish: str | None = None) -> bytes:
        return _chunk(self._told.chunk(delta, finish))

    def _count(self, usage: Any) -> None:
        if isinstance(usage, dict):
            self._usage |= {name: value for name, value in usage.items() if value is not None}


def _chunk(value: dict[str, Any]) -> bytes:
    return b"data: " + _encode(value) + b"\n\n"
