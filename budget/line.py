"""The waiting line: who asked first is admitted first, once running requests have given money back."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import takewhile

from pricing.money import ZERO, Money


def nothing() -> Money:
    """Keep nothing for others."""
    return ZERO


@dataclass(eq=False, slots=True)
class Ticket:
    """A place in the line; `ready` may be called more than once, from any thread, and must be quick.

    `keep` gives what must stay free beside the amount, as the day stands now: it changes while the ticket waits.
    """

    amount: Money
    ready: Callable[[], None]
    leaves_at: float
    keep: Callable[[], Money] = nothing


class Line:
    """First in, first out among those who must leave the same free; whoever must leave less passes those with more.

    So nobody waits for money behind somebody for whom it is not: what is kept for L3 keeps an L1 request waiting, and
    that one must not keep L3 waiting. To be passed costs it nothing, because what L3 takes of its share is no longer
    kept. With no shares, or all used, it is one plain line. Whoever heads those of its kind is called when its amount
    fits, and everyone when it can no longer fit.
    """

    def __init__(self, elapsed: Callable[[], float], *, grace_s: float = 5.0) -> None:
        self._elapsed = elapsed
        self._grace_s = grace_s
        self._tickets: deque[Ticket] = deque()
        self._lock = threading.Lock()
        self._free = self._best = 0

    def __len__(self) -> int:
        return len(self._tickets)

    def join(
        self,
        amount: Money,
        ready: Callable[[], None],
        *,
        wait_s: float = 60.0,
        keep: Callable[[], Money] = nothing,
    ) -> Ticket:
        """Take a place at the end; a ticket that overstays its time by the grace no longer blocks anyone."""
        ticket = Ticket(amount, ready, self._elapsed() + wait_s + self._grace_s, keep)
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

    def blocks(self, ticket: Ticket | None, keep: Money = ZERO) -> bool:
        """Say whether somebody stands before this ticket whom it may not pass; a newcomer (None) gives its keep."""
        if not self._tickets:
            return False
        with self._lock:
            self._drop_overstayed()
            mine = ticket.keep() if ticket else keep
            before = takewhile(lambda other: other is not ticket, self._tickets)
            return any(other.keep() <= mine for other in before)

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
            waiting = [(ticket, ticket.keep()) for ticket in self._tickets]
            called = [ticket for ticket, keep in _heads(waiting) if (ticket.amount + keep).picos <= self._free]
            called += [ticket for ticket, keep in waiting if (ticket.amount + keep).picos > self._best]
        for ticket in called:
            ticket.ready()

    def _drop_overstayed(self) -> None:
        now = self._elapsed()
        while self._tickets and self._tickets[0].leaves_at < now:
            self._tickets.popleft()


def _heads(waiting: list[tuple[Ticket, Money]]) -> list[tuple[Ticket, Money]]:
    """Give those with nobody before them whom they may not pass; who passes the others comes first."""
    heads: list[tuple[Ticket, Money]] = []
    for ticket, keep in waiting:
        if not heads or keep < heads[-1][1]:
            heads.append((ticket, keep))
    return heads[::-1]
