"""One run of a fuzzer: what it may try, what it counted, and the inputs that broke a promise."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Kind = Literal["5xx", "leak", "hang", "traceback", "hold", "wrong"]
KINDS: tuple[Kind, ...] = ("5xx", "leak", "hang", "traceback", "hold", "wrong")
"""What may never be: an error of our own; a byte upstream for a refused request; no answer and no end; a fault in the
log or a process that ended; money still held; any other broken promise."""
MOST_KEPT = 50
"""Violations that are kept with their input; the others are only counted."""


@dataclass(frozen=True)
class Violation:
    """One broken promise, and the input that broke it; `number` and the run's seed make that input again."""

    kind: Kind
    number: int
    why: str
    data: bytes


@dataclass
class Run:
    """How much a fuzzer may try, by inputs or by seconds, and what came of it.

    `folder` is an empty one of its own. Input `number` depends on nothing but the seed and that number, so that one
    input can be tried again: `first` is its number and `inputs` 1.
    """

    name: str
    folder: Path
    seed: int = 1
    inputs: int | None = None
    seconds: float | None = None
    first: int = 0
    tried: int = 0
    counts: Counter[Kind] = field(default_factory=Counter)
    violations: list[Violation] = field(default_factory=list)
    ends: Counter[str] = field(default_factory=Counter)
    """How the inputs ended, in the fuzzer's own words."""
    began: float = field(default_factory=time.monotonic)

    def cases(self) -> Iterator[tuple[int, random.Random]]:
        """Give the inputs' numbers, each with the dice to make it, until the run has tried enough."""
        number = self.first
        while self._goes_on(number - self.first):
            yield number, random.Random(f"{self.name} {self.seed} {number}")
            number += 1
            self.tried = number - self.first

    def wrong(self, kind: Kind, number: int, why: str, data: bytes) -> None:
        """Note a broken promise."""
        self.counts[kind] += 1
        if len(self.violations) < MOST_KEPT:
            self.violations.append(Violation(kind, number, why, data))

    @property
    def seconds_taken(self) -> float:
        """The time since it began."""
        return time.monotonic() - self.began

    def _goes_on(self, done: int) -> bool:
        if self.inputs is not None and done >= self.inputs:
            return False
        return self.seconds is None or self.seconds_taken < self.seconds


Fuzzer = Callable[[Run], None]
"""Tries the run's cases and notes what is wrong; raises only if the harness itself is broken."""
