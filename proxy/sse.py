"""Server-sent events: bytes to events and back, sans I/O, cut anywhere.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html (§ parsing and interpretation).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

import msgspec

EVENT_LIMIT_BYTES = 16 * 1024 * 1024
_BOM = b"\xef\xbb\xbf"
_encode = msgspec.json.Encoder().encode


class Event(NamedTuple):
    """One dispatched event; its type is `message` where the stream named none."""

    event: str
    data: bytes


class SseParser:
    """Turn the bytes of a stream into events, however they are cut; never raises.

    With `only`, events of other types are skipped unread, which costs a third of parsing them.
    An event larger than `limit_bytes` makes the parser `broken`: it keeps quiet from then on and holds no memory.
    An event that the stream ends in the middle of is never given out, as the standard wants.
    """

    def __init__(self, *, only: Collection[str] | None = None, limit_bytes: int = EVENT_LIMIT_BYTES) -> None:
        self.broken = False
        self._limit = limit_bytes
        self._only = None if only is None else frozenset(only)
        self._wanted = tuple(f"event: {name}\n".encode() for name in only or ())
        # What has come of the next event, newlines made LF; never starts with a newline.
        self._rest = bytearray()
        self._searched = 0
        self._after_cr = False
        self._start: bytes | None = b""

    def feed(self, chunk: bytes) -> list[Event]:
        """Take the next bytes, and return the events that they complete."""
        if self.broken:
            return []
        if self._start is not None:
            chunk = self._without_bom(chunk)
        ready = self._complete(self._with_lf(chunk))
        if not ready:
            return []
        return self._read(ready) if self._only is None else self._scan(ready, self._only)

    @property
    def is_between_events(self) -> bool:
        """Tell whether the next byte is the first of an event: what follows can then be left out without a trace."""
        return not (self._rest or self._after_cr or self.broken) and self._start is None

    @property
    def pending(self) -> bool:
        """Tell whether part of an event has come and not its end."""
        return bool(self._rest)

    def _without_bom(self, chunk: bytes) -> bytes:
        """Drop a byte order mark at the very start, also when it comes in pieces."""
        start = (self._start or b"") + chunk
        if len(start) < len(_BOM) and _BOM.startswith(start):
            self._start = start
            return b""
        self._start = None
        return start.removeprefix(_BOM)

    def _with_lf(self, chunk: bytes) -> bytes:
        """Make every line end one LF; a CR LF may be cut in two."""
        if self._after_cr and chunk:
            chunk = chunk.removeprefix(b"\n")
            self._after_cr = False
        if b"\r" in chunk:
            self._after_cr = chunk.endswith(b"\r")
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return chunk

    def _complete(self, chunk: bytes) -> bytes:
        """Return all complete events that have come, and keep the rest."""
        if not self._rest:
            chunk = chunk.lstrip(b"\n")
            if chunk.endswith(b"\n\n"):
                return chunk
            end = chunk.rfind(b"\n\n") + 2
            self._keep(chunk if end < 2 else chunk[end:])
            return b"" if end < 2 else chunk[:end]
        self._rest += chunk
        end = self._rest.rfind(b"\n\n", self._searched) + 2
        if end < 2:
            self._searched = len(self._rest) - 1
            self._break_above_limit(len(self._rest) - 1)
            return b""
        ready = bytes(self._rest[:end])
        self._keep(bytes(self._rest[end:]))
        return ready

    def _keep(self, rest: bytes) -> None:
        self._rest = bytearray(rest)
        self._searched = max(0, len(rest) - 1)
        self._break_above_limit(len(rest) - 1)

    def _break_above_limit(self, size: int) -> bool:
        if size > self._limit:
            self.broken = True
            self._rest = bytearray()
        return self.broken

    def _read(self, ready: bytes) -> list[Event]:
        events = []
        for block in ready[:-2].split(b"\n\n"):
            if len(block) > self._limit and self._too_large(block):
                break
            event = _event(block)
            if event is not None:
                events.append(event)
        return events

    def _scan(self, ready: bytes, only: frozenset[str]) -> list[Event]:
        events = []
        at = 0
        while (end := ready.find(b"\n\n", at)) >= 0:
            if end - at > self._limit and self._too_large(ready[at:end]):
                break
            if ready.startswith(self._wanted, at) or not _named_once(ready, at, end):
                event = _event(ready[at:end])
                if event is not None and event.event in only:
                    events.append(event)
            at = end + 2
        return events

    def _too_large(self, block: bytes) -> bool:
        """Break on an event above the limit; empty lines around it do not count."""
        return self._break_above_limit(len(block.strip(b"\n")))


def frame(event: str, data: Any) -> bytes:
    """Write one event in the API's shape: its type, its JSON on one line, an empty line."""
    return b"event: %b\ndata: %b\n\n" % (event.encode(), _encode(data))


def _named_once(ready: bytes, at: int, end: int) -> bool:
    """Tell whether an event has its type in the first of its two lines, as the API writes them."""
    return ready.startswith(b"event: ", at) and ready.count(b"\n", at, end) == 1


def _event(block: bytes) -> Event | None:
    """Read the lines of one event; None when it has no data, such as a comment."""
    first, newline, second = block.partition(b"\n")
    if first.startswith(b"data: ") and not newline:
        return Event("message", first[6:])
    if first.startswith(b"event: ") and second.startswith(b"data: ") and b"\n" not in second:
        return Event(first[7:].decode("utf-8", "replace") or "message", second[6:])
    return _event_of_lines(block.split(b"\n"))


def _event_of_lines(lines: list[bytes]) -> Event | None:
    """Read an event by the letter of the standard: any fields in any order, the last type, all data joined."""
    name, data = b"", []
    for line in lines:
        field, _, value = line.partition(b":")
        if field == b"data":
            data.append(value.removeprefix(b" "))
        elif field == b"event":
            name = value.removeprefix(b" ")
    if not data:
        return None
    return Event(name.decode("utf-8", "replace") or "message", b"\n".join(data))
