"""Progress: what the bench is at, for whoever watches it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """What begins now, the seconds that have gone, and those that may be left at most."""

    doing: str
    elapsed_s: float
    left_s: float


Tell = Callable[[Progress], None]
