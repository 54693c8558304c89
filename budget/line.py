"""The waiting line: who asked first is admitted first, once running requests have given money back."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from pricing.money import Money


@dataclass(eq=False, slots=True)
class Ticket:
    """A place in the line; `ready` may be called more than once, from any thread, and must be quick."""

    amount: Money
    ready: Callable[[], None]
    leaves_at: float


class Line:
    """First in, first out; the head is called when its amount fits, and everyone when it can no longer fit."""

    def __init__(self, elapsed: Callable[[], float], *, grace_s: float = 5.0) -> None:
        self._elapsed = elapsed
        self._grace_s = grace_s
        self._tickets: deque[Ticket] = deque()
        self._lock = threading.Lock()
        self._free = self._best = 0

    def __len__(self) -> int:
        return len(self._tickets)

    def join(self, amount: Money, ready: Callable[[], None], *, wait_s: float = 60.0) -> Ticket:
        """Take a place at the end; a ticket that overstays its time by the grace no longer blocks anyone."""
        ticket = Ticket(amount, ready, self._elapsed() + wait_s + self._grace_s)
        with self._lock:
            self._tickets.append(ticket)
        self._call()
        return ticket

    def change(self, ticket: Ticket, amount: Money) -> None:
        """Wait for another amount on the same place: what a request needs may be bounded anew while it waits."""
        if ticket.amount != amount:
            ticket.amount = amount
            self._call()

    def leave(self, ticket: Ticket) -> None:
        """Give the place up, admitted or not; leaving twice is harmless."""
        with self._lock:
            if ticket not in self._tickets:
                return
            self._tickets.remove(ticket)
        self._call()

    def blocks(self, ticket: Ticket | None) -> bool:
        """Say whether somebody stands before this ticket; for a newcomer (None), whether anybody waits."""
        if not self._tickets:
            return False
        with self._lock:
            self._drop_overstayed()
            return bool(self._tickets) and self._tickets[0] is not ticket

    def room(self, free: int, best: int) -> None:
        """Learn how much fits now, and how much could if every running request cost nothing, in picodollars.

        Calls who is concerned.
        """
        self._free, self._best = free, best
        if self._tickets:
            self._call()

    def _call(self) -> None:
        with self._lock:
            self._drop_overstayed()
            hopeless = [ticket for ticket in self._tickets if ticket.amount.picos > self._best]
            head = [ticket for ticket in list(self._tickets)[:1] if ticket.amount.picos <= self._free]
        for ticket in head + hopeless:
            ticket.ready()

    def _drop_overstayed(self) -> None:
        now = self._elapsed()
        while self._tickets and self._tickets[0].leaves_at < now:
            self._tickets.popleft()
