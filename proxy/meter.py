"""The meter: reads what an answer cost as its bytes pass, without touching them."""

from __future__ import annotations

import json
import zlib
from typing import Any

from pricing.usage import fallen, fold
from proxy.sse import SseParser

MAX_DECODED = 64 * 1024 * 1024
"""An answer that unpacks to more is not read further, and charged as unmeterable (F08)."""
READ = frozenset({"message_start", "message_delta", "message_stop", "error"})
"""The events that are looked into; the others are only counted."""
DELTA = b"event: content_block_delta"
FIRST_DELTA, NEXT_DELTA = DELTA + b"\ndata: ", b"\n\n" + DELTA + b"\ndata: "
BLOCK = b"event: content_block_"
BLOCK_END = b"event: content_block_stop"
VISIBLE_BYTES_PER_TOKEN = 3.5
GZIP = 47
"""zlib's word for gzip or deflate with their usual heads."""
EVENT_OVERHEAD = 120
"""Bytes of a content_block_delta's event that are not its text, about."""


class Reading:
    """What is known of an answer so far; it starts from nothing and facts replace it."""

    def __init__(self) -> None:
        self.usage: dict[str, Any] | None = None
        """The provider's usage object, folded over all events; None before the first."""
        self.model = ""
        self.stop_reason: str | None = None
        self.is_complete = False
        """The counts are final: the last message_delta was seen, or the whole JSON."""
        self.has_ended = False
        """`message_stop`, or an error event, was seen: the stream's own end."""
        self.between_blocks = False
        self.visible_tokens = 0
        """Output seen so far, estimated from the size of the events."""
        self.is_unreadable = False
        """Something that was looked into could not be read."""
        self.is_blind = False
        """The events themselves cannot be seen, nor, therefore, whether the stream has ended."""
        self.fell = ""
        """Which running total became smaller, which none can; empty as long as none did."""


class StreamMeter:
    """Reads a stream of server-sent events, cut anywhere, packed or not."""

    def __init__(self, coding: str = "") -> None:
        self._reading = Reading()
        self._parser = SseParser(only=READ)
        self._inflate = Inflate(coding)
        self._is_between_events = False
        self._deltas = self._seen_bytes = 0
        self._has_output = False
        """A `message_delta` said how much was written."""

    @property
    def reading(self) -> Reading:
        """What is known so far."""
        if self._deltas:
            text_bytes = self._seen_bytes - EVENT_OVERHEAD * self._deltas
            self._reading.visible_tokens = max(self._deltas, int(text_bytes / VISIBLE_BYTES_PER_TOKEN))
        return self._reading

    def feed(self, data: bytes) -> None:
        """Take the bytes as they pass; never raises."""
        plain = self._inflate.feed(data) if self._inflate.is_packed else data
        if self._inflate.is_broken:
            self._reading.is_unreadable = self._reading.is_blind = True
        elif not self.passes(plain):
            self._read(plain)

    @property
    def is_packed(self) -> bool:
        """Tell whether the stream has to be unpacked before anything can be seen in it."""
        return self._inflate.is_packed

    def passes(self, plain: bytes) -> bool:
        """Count an unpacked piece that is nothing but whole deltas, in which nothing has to be read; else it is fed."""
        deltas = _only_deltas(plain) if self._is_between_events else 0
        if deltas:
            self._deltas += deltas
            self._seen_bytes += len(plain)
            self._reading.between_blocks = False
        return deltas > 0

    def _read(self, plain: bytes) -> None:
        for event in self._parser.feed(plain):
            self._take(event.event, event.data)
        self._is_between_events = self._parser.is_between_events
        if self._parser.broken:
            self._reading.is_unreadable = self._reading.is_blind = True
        last = plain.rfind(BLOCK)
        if last >= 0:
            self._reading.between_blocks = plain.startswith(BLOCK_END, last)
        first = 0 if self._deltas else plain.find(DELTA)
        if first >= 0:
            self._deltas += plain.count(DELTA)
            self._seen_bytes += len(plain) - first

    def _take(self, name: str, data: bytes) -> None:
        reading = self._reading
        if name == "message_stop":
            reading.has_ended = True
            return
        try:
            event = json.loads(data)
            if name == "message_start":
                reading.model = str(event["message"].get("model") or "")
                self._fold(event["message"]["usage"])
                if self._has_output:  # What came before was final, and may have been odd: it must not be covered up.
                    reading.fell = reading.fell or "the answer began again after its final count"
            elif name == "message_delta":
                told = event.get("usage") or {}
                self._fold(told)
                self._has_output = self._has_output or told.get("output_tokens") is not None
                reading.stop_reason = (event.get("delta") or {}).get("stop_reason") or reading.stop_reason
                reading.is_complete = reading.stop_reason is not None and self._has_output
            else:
                reading.has_ended = True
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            reading.is_unreadable = True

    def _fold(self, told: dict[str, Any]) -> None:
        """Lay counts over those that came before."""
        reading = self._reading
        before, reading.usage = reading.usage, fold(reading.usage, told)
        reading.fell = reading.fell or fallen(before, reading.usage)


def _only_deltas(plain: bytes) -> int:
    """Count the events of a piece that is nothing but whole deltas, as the API writes them; 0 of any other piece.

    Most pieces of a stream are one such event, and nothing in it has to be read.
    """
    if not plain.startswith(FIRST_DELTA) or not plain.endswith(b"\n\n") or b"\r" in plain:
        return 0
    events = 1 + plain.count(NEXT_DELTA)
    return events if plain.count(b"\n") == 3 * events else 0


class WholeMeter:
    """Reads one JSON answer when it is complete."""

    def __init__(self, coding: str = "") -> None:
        self.reading = Reading()
        self._inflate = Inflate(coding)

    def take(self, body: bytes) -> None:
        """Read the usage object of a complete answer; never raises."""
        plain = self._inflate.feed(body)
        try:
            if self._inflate.is_broken:
                raise ValueError("not readable")
            message = json.loads(plain)
            self.reading.model = str(message.get("model") or "")
            self.reading.usage = fold(None, message["usage"])
            self.reading.stop_reason = message.get("stop_reason")
            self.reading.is_complete = True
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            self.reading.is_unreadable = True


class Inflate:
    """Unpacks gzip or deflate as it comes, up to a cap; passes plain bytes on; anything else is broken."""

    def __init__(self, coding: str) -> None:
        coding = coding.strip().lower()
        self.is_broken = coding not in ("", "identity", "gzip", "x-gzip", "deflate")
        self.is_packed = coding not in ("", "identity")
        self._packed = zlib.decompressobj(GZIP) if self.is_packed else None
        self._size = 0

    def feed(self, data: bytes) -> bytes:
        """Give the plain bytes of the next piece, or nothing once it is broken."""
        if self.is_broken:
            return b""
        if self._packed is None:
            return data
        parts = []
        try:
            while data and not self.is_broken:
                if self._packed.eof:  # What was packed in several members goes on with the next one (RFC 1952 §2.2).
                    if not data.startswith(b"\x1f"):
                        break
                    self._packed = zlib.decompressobj(GZIP)
                parts.append(self._packed.decompress(data, MAX_DECODED - self._size + 1))
                self._size += len(parts[-1])
                self.is_broken = self._size > MAX_DECODED
                data = self._packed.unused_data
        except zlib.error:
            self.is_broken = True
        return b"" if self.is_broken else b"".join(parts)
