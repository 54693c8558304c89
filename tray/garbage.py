"""Garbage: how often Python looks for what has become garbage in a circle; all else goes at once by itself."""

from __future__ import annotations

import gc


def rarely_while_starting() -> None:
    """Look once for so many new objects: nearly all that a start makes stays, and to look is a tenth of its work."""
    gc.set_threshold(50_000)


def aside_from_what_stays() -> None:
    """Leave out what is there by now: to walk all of that takes 20 ms, in which no event of any stream passes."""
    gc.freeze()
    gc.set_threshold(10_000)
