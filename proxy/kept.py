"""Kept: what was found once, by a key, the oldest forgotten first."""

from __future__ import annotations

from collections.abc import Hashable
from enum import Enum
from threading import Lock
from typing import Generic, Literal, TypeVar

_Found = TypeVar("_Found")


class Fresh(Enum):
    """Stands for what is not known yet; None may be what was found."""

    fresh = 0


FRESH = Fresh.fresh


class Kept(Generic[_Found]):
    """Remembers up to `most` findings; safe from any thread. Looking up takes no lock, as a dict's `get` is atomic."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._found: dict[Hashable, _Found] = {}
        self._lock = Lock()

    def get(self, key: Hashable) -> _Found | Literal[Fresh.fresh]:
        """Give what was found for a key; FRESH if nothing is known."""
        return self._found.get(key, FRESH)

    def put(self, key: Hashable, found: _Found) -> _Found:
        """Remember what was found, and give it back."""
        with self._lock:
            self._found[key] = found
            while len(self._found) > self._most:
                del self._found[next(iter(self._found))]
        return found
