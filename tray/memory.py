"""Memory: what requests needed is given back to the system, for others to use.

The C library keeps what was freed in pools, one for each thread, and hands back only what lies at their ends: after
twenty requests of 30 MB that was most of a gigabyte. With one pool, and large pieces taken from the system one by one,
it stays with what is in use. Source: mallopt(3), malloc_trim(3); other systems' libraries do so by themselves.
"""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Callable

ARENA_MAX, MMAP_THRESHOLD, TRIM_THRESHOLD = -8, -3, -1
LARGE = 1 << 20
"""Bytes from which on a piece is taken from the system by itself, and given back as soon as it is freed."""


def take_sparingly() -> bool:
    """Have the C library keep little of what is freed; whether it can be told. Call it before threads begin."""
    library = _library()
    if library is None:
        return False
    settings = ((ARENA_MAX, 1), (MMAP_THRESHOLD, LARGE), (TRIM_THRESHOLD, LARGE))
    return bool(min(library.mallopt(name, value) for name, value in settings))


class Tidying:
    """Gives back what was used, once nothing is under way: looking for it takes a moment, and no stream shall wait."""

    def __init__(self, done: Callable[[], int], is_busy: Callable[[], bool]) -> None:
        """Take how many requests there were so far, and whether any is being answered."""
        self._done, self._is_busy = done, is_busy
        self._tidied = done()
        self._library = _library()
        self.times = 0
        """How often it has tidied up."""

    def look(self) -> None:
        """Tidy up if anything was asked since the last time, and nothing is just now."""
        done = self._done()
        if done == self._tidied or self._is_busy():
            return
        self._tidied, self.times = done, self.times + 1
        gc.collect()
        if self._library is not None:
            self._library.malloc_trim(0)


def _library() -> ctypes.CDLL | None:
    """Load the C library where it is GNU's."""
    if not sys.platform.startswith("linux"):
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "mallopt") and hasattr(library, "malloc_trim") else None
