"""Which reader understands which form of answer."""

from __future__ import annotations

from proxy.translate.chunks import ChunkReader
from proxy.translate.events import EventReader
from proxy.translate.happenings import Reader
from proxy.translate.lines import LineReader
from proxy.translate.translated import Wire


def reader_for(wire: Wire) -> Reader:
    """Make the reader of an answer that comes in the form `wire`."""
    match wire:
        case "sse" | "json":
            return ChunkReader()
        case "ndjson":
            return LineReader()
        case "messages":
            return EventReader()
