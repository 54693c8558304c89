"""The writer's inbox: what was put first is taken first, by whoever has the turn to write."""

from __future__ import annotations

import queue
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class Inbox(Generic[T]):
    """Jobs, and a bell for whoever writes them. They stay in it until they are taken, so that nobody overtakes."""

    def __init__(self) -> None:
        self._jobs: deque[T] = deque()
        self._bell: queue.SimpleQueue[None] = queue.SimpleQueue()

    def __len__(self) -> int:
        return len(self._jobs)

    def put(self, job: T) -> None:
        """Put a job at the end, without a sound."""
        self._jobs.append(job)

    def wait(self, timeout_s: float) -> None:
        """Wait for the bell; it may have rung for a job that someone else has taken meanwhile."""
        try:
            self._bell.get(timeout=timeout_s)
            # Silence what rang for the same group.
            while True:
                self._bell.get_nowait()
        except queue.Empty:
            return

    def wake(self) -> None:
        """Ring for whoever waits, or waits next."""
        self._bell.put(None)

    def take(self, most: int) -> list[T]:
        """Take what has come, oldest first; for the one who has the turn."""
        return [self._jobs.popleft() for _ in range(min(most, len(self._jobs)))]
