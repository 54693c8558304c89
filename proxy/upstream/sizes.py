"""Bytes of text that a model's tokenizer makes one token of, as its answers count them; rather too few than too many.

A prompt is fitted into a context by this figure, so the densest text lately seen decides: it falls at once, and rises
by a twentieth of the difference with each answer.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

MOST_KEPT = 256
"""Models remembered; the least recently heard are forgotten."""
RISE = 0.05
TELLING = 0.01
"""A smaller change than this share is kept, and not worth telling."""
LEAST, MOST = 0.25, 16.0
"""Bytes a token outside of this are no tokenizer's."""


class TokenSizes:
    """The figures of all models, by their identity, in memory; safe from any thread."""

    def __init__(self, *, most: int = MOST_KEPT) -> None:
        self._most = most
        self._known: OrderedDict[str, float] = OrderedDict()
        self._told: dict[str, float] = {}
        self._lock = threading.Lock()

    def add(self, model: str, bytes_per_token: float) -> bool:
        """Take in one answer's figure; tell whether what `of` gives has changed."""
        if not LEAST <= bytes_per_token <= MOST:
            return False
        with self._lock:
            before = self._known.get(model, bytes_per_token)
            now = min(bytes_per_token, before + RISE * (bytes_per_token - before))
            self._known[model] = now
            self._known.move_to_end(model)
            while len(self._known) > self._most:
                gone, _ = self._known.popitem(last=False)
                self._told.pop(gone, None)
            told = self._told.get(model)
            if told is not None and now >= told and now - told < TELLING * told:
                return False
            self._told[model] = now
            return now != told

    def of(self, model: str) -> float | None:
        """Give a model's figure; None where none is known."""
        with self._lock:
            return self._told.get(model)
