"""Slots: how many requests a local model takes at once, and who waits for it – first come, first served.

A slot is given back as soon as its request is dropped, though the server may work on at it for a while: llama.cpp looks
once a second whether the client of an answer in one piece has left, and not at all while another answer streams. Then
the next request waits inside the server, for what is left of at most `WHOLE_ANSWER_TOKENS`. To keep the slot meanwhile
would make others wait for an end that nobody tells; and at a model that takes one request at a time nothing streams.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Limits = Mapping[str, int | None]
"""Places, each a model at a server, and how many requests each takes at once; None is without a limit."""


@dataclass(eq=False, slots=True)
class Slot:
    """The right to have one request at one place; given back once, more often is harmless."""

    place: str
    _slots: Slots
    _is_free: bool = False

    def free(self) -> None:
        """Give it back: who waits longest for this place gets it."""
        self._slots._free(self)

    def passed_on(self) -> Slot:
        """Hand the same right to another owner: this one has nothing left to give back."""
        return self._slots._passed_on(self)


@dataclass(eq=False, slots=True)
class Waiter:
    """A request that waits for the first of some places, the best first; `slot` is there once it has its turn."""

    limits: Limits
    slot: Slot | None = None
    ready: Callable[[], None] = lambda: None


class Slots:
    """The places of all local models; safe from any thread, and nobody is called while the lock is held.

    A slot that comes free is handed to its next waiter at once, so that no newcomer overtakes and no wake-up is lost.
    """

    def __init__(self) -> None:
        self._used: Counter[str] = Counter()
        self._most: dict[str, int | None] = {}
        self._waiting: list[Waiter] = []
        self._lock = threading.Lock()

    def take(self, place: str, most: int | None) -> Slot | None:
        """Take a slot if there is one and nobody waits for it."""
        with self._lock:
            self._most[place] = most
            if any(place in waiter.limits for waiter in self._waiting):
                return None
            return self._give(place)

    def join(self, waiter: Waiter, ready: Callable[[], None]) -> None:
        """Wait at the end of the line for the first of some places; `ready` is called once, from any thread."""
        waiter.ready = ready
        with self._lock:
            self._most.update(waiter.limits)
            self._waiting.append(waiter)
            called = self._call()
        _wake(called)

    def leave(self, waiter: Waiter) -> None:
        """Stop waiting; a slot that was handed over meanwhile goes to the next."""
        with self._lock:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
            slot, waiter.slot = waiter.slot, None
        if slot:
            slot.free()

    def claim(self, waiter: Waiter) -> Slot | None:
        """Take what the wait has brought, and stop waiting: the slot, or None if there is none yet."""
        with self._lock:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
            slot, waiter.slot = waiter.slot, None
            return slot

    def is_busy(self, upstream: str, model: str) -> bool:
        """Tell whether a model works at requests of agents."""
        return self._used.get(place_of(upstream, model), 0) > 0

    def ahead(self, upstream: str, model: str, most: int | None) -> float:
        """Say for how many whole answers a newcomer would wait, about; one under way is half done, on average."""
        place = place_of(upstream, model)
        with self._lock:
            if most is None or self._used[place] < most:
                return 0.0
            return (sum(place in waiter.limits for waiter in self._waiting) + 0.5) / most

    def used(self) -> dict[str, int]:
        """Tell how many requests each place has now."""
        with self._lock:
            return {place: number for place, number in self._used.items() if number}

    def __len__(self) -> int:
        """Tell how many wait."""
        return len(self._waiting)

    def _free(self, slot: Slot) -> None:
        with self._lock:
            if slot._is_free:
                return
            slot._is_free = True
            self._used[slot.place] -= 1
            called = self._call()
        _wake(called)

    def _passed_on(self, slot: Slot) -> Slot:
        with self._lock:
            new = Slot(slot.place, self, slot._is_free)
            slot._is_free = True
            return new

    def _call(self) -> list[Waiter]:
        """Hand every free slot to who waits longest for it."""
        called = []
        for waiter in list(self._waiting):
            waiter.slot = next((slot for slot in map(self._give, waiter.limits) if slot), None)
            if waiter.slot:
                self._waiting.remove(waiter)
                called.append(waiter)
        return called

    def _give(self, place: str) -> Slot | None:
        most = self._most.get(place)
        if most is not None and self._used[place] >= most:
            return None
        self._used[place] += 1
        return Slot(place, self)


def place_of(upstream: str, model: str) -> str:
    """Name the place of a model at a server."""
    return f"{upstream}/{model}"


def _wake(waiters: list[Waiter]) -> None:
    for waiter in waiters:
        waiter.ready()
