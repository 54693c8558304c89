"""Memory: what requests needed is given back to the system, for others to use.

The C library keeps what was freed in pools, one for each thread, and hands back only what lies at their ends: twenty
requests of 30 MB left gigabytes in them. There is one pool here, which is swept when nothing is under way. Large pieces
stay in it meanwhile: taken from the system one by one they cost a tenth more time. Source: mallopt(3), malloc_trim(3);
other systems' libraries give back by themselves.
"""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Callable

ARENA_MAX = -8


def take_sparingly() -> bool:
    """Have the C library keep what is freed in one pool; whether it can be told. Call it before threads begin."""
    library = _library()
    return library is not None and library.mallopt(ARENA_MAX, 1) == 1


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
