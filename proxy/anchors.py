"""Anchors: a measured request bounds the next one that begins with the same bytes (LEDGER.md, "Hold size").

If an earlier body, measured at N tokens, shares its first k bytes with a new one, the new one has at most
N + (length − k) tokens: no token is shorter than a byte.
"""

from __future__ import annotations

import threading
from array import array
from collections import OrderedDict
from dataclasses import dataclass

BLOCK = 4096
"""Bytes between two hashes: what is compared, and so how much of the shared part may be missed."""
MAX_KEPT = 512
"""Sessions remembered; a 5 MB body takes 10 KB."""
SEAM = 64
"""Tokens for what a different ending may add where the shared part ends."""


@dataclass(frozen=True, slots=True)
class Print:
    """Running hashes of a body after each block of 4 KiB, and its length: nothing that the body says.

    Python's own keyed hash: it never leaves the process, and takes 0.3 ms a MB.
    """

    length: int
    hashes: array[int]

    @classmethod
    def of(cls, body: bytes) -> Print:
        """Take the print of a body."""
        hashes = array("q")
        running = 0
        for start in range(0, len(body) - BLOCK + 1, BLOCK):
            running = hash((running, body[start : start + BLOCK]))
            hashes.append(running)
        return cls(len(body), hashes)

    def shared(self, other: Print) -> int:
        """Give the number of leading bytes that are surely the same in both."""
        low, high = 0, min(len(self.hashes), len(other.hashes))
        while low < high:  # Hashes run on: if block k is the same, so are all before it.
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self.hashes[middle - 1] == other.hashes[middle - 1] else (low, middle - 1)
        return low * BLOCK


class Anchors:
    """Remembers the last measured request of each session and agent; safe from any thread."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, _Anchor] = OrderedDict()
        self._lock = threading.Lock()

    def bound(self, key: str, body: Print, images: int) -> int | None:
        """Bound a body's input tokens by what was measured; None if nothing was, or if there are new images.

        An image may have more tokens than bytes, so that the difference in bytes does not bound it.
        """
        with self._lock:
            kept = self._kept.get(key)
        if kept is None or images > kept.images:
            return None
        shared = kept.body.shared(body)
        return kept.input_tokens + (body.length - shared) + SEAM if shared else None

    def measured(self, key: str, body: Print, images: int, input_tokens: int) -> None:
        """Keep what the provider counted for a body."""
        with self._lock:
            self._kept[key] = _Anchor(body, images, input_tokens)
            self._kept.move_to_end(key)
            if len(self._kept) > MAX_KEPT:
                self._kept.popitem(last=False)


@dataclass(frozen=True, slots=True)
class _Anchor:
    body: Print
    images: int
    input_tokens: int
