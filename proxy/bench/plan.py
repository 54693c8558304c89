"""What is measured, in which order, and when the time is up: pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

POWERS = tuple(1024 * 2**step for step in (0, *range(2, 12)))
"""1 k, 4 k, 8 k, 16 k, 32 k, … tokens: what agents' requests have."""

LEAST_TOKENS = 256
"""A shorter prompt tells nothing of an agent's."""

MARGIN = 0.97
ROOM_LEFT = 128
"""Tokens that are kept free behind prompt and answer."""

GROWTH = 1.15
"""A prompt k times as long takes about k to this power as long to read, attention included."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How thorough a bench is; `seconds` is the time for all of it, tasks included."""

    seconds: float
    repeats: int
    output_tokens: int
    every: int
    batches: tuple[int, ...]
    tasks_each: int
    speed_share: float = 0.55

    def sizes(self, most: int) -> tuple[int, ...]:
        """List the prompt sizes up to `most` tokens, the largest that fits included."""
        found = [size for size in POWERS[:: self.every] if size <= most]
        if most >= LEAST_TOKENS and (not found or most >= found[-1] * 1.2):
            found.append(most)
        return tuple(found)


QUICK = Plan(seconds=60, repeats=1, output_tokens=64, every=2, batches=(2,), tasks_each=1)
FULL = Plan(seconds=300, repeats=3, output_tokens=192, every=1, batches=(2, 4), tasks_each=99)


class Time:
    """The time that a bench may take, on a clock that was handed in."""

    def __init__(self, seconds: float, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._begun = monotonic()
        self._until = self._begun + seconds

    @property
    def gone(self) -> float:
        """Seconds since the beginning."""
        return self._monotonic() - self._begun

    @property
    def left(self) -> float:
        """Seconds to the end; never less than none."""
        return max(0.0, self._until - self._monotonic())

    def forgive(self, seconds: float) -> None:
        """Give time back that was not the bench's own."""
        self._until += seconds

    def part(self, share: float) -> Time:
        """Take a share of the time that is left."""
        return Time(self.left * share, self._monotonic)


def largest(context: int, output_tokens: int, counted: int, guessed: int) -> int:
    """Give the longest prompt, in the server's tokens, that bursar would send into this context.

    bursar guesses a prompt's tokens before it sends it, high rather than low, and the guess has to fit. `counted` and
    `guessed` are what the server and bursar said of the same prompt.
    """
    room = context - output_tokens - ROOM_LEFT
    return max(0, int(room * min(1.0, counted / max(1, guessed)) * MARGIN))


def forecast(seen: Sequence[tuple[int, float]], size: int) -> float:
    """Guess how many seconds a prompt of `size` tokens takes, by the largest one measured; 0 when there is none."""
    if not seen:
        return 0.0
    tokens, seconds = max(seen)
    return float(seconds * (size / tokens) ** (GROWTH if size > tokens else 1.0))


def chars_for(tokens: int, seen: Sequence[tuple[int, int]]) -> int:
    """Give the characters that make a prompt of so many tokens, by the shortest and the longest one counted so far.

    `seen` holds characters and the server's tokens for them; what its template adds to every prompt is in both.
    """
    (few, at_few), (many, at_many) = min(seen), max(seen)
    if at_many <= at_few:
        return int(tokens * many / max(1, at_many))
    return max(1, round(few + (tokens - at_few) * (many - few) / (at_many - at_few)))
