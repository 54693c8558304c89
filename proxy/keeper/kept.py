"""Kept requests: the last one of each live conversation, in memory only, few and bounded."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from budget.holds import Labels
from pricing.bound import Shape
from pricing.rates import Rates
from proxy.keeper.pauses import Said
from proxy.keeper.replay import HOUR_S, LIFE_S, margin_s
from proxy.keeper.worth import Stake, stake_of
from proxy.wire.answer import Headers

MOST = 32
MOST_BYTES = 64 * 2**20


@dataclass(eq=False, slots=True)
class Kept:
    """A request as it went to Claude, and what is known of the prefix that it left in the cache there.

    Nothing of `headers` and `body` is ever shown, written or logged. `tokens` are those of its whole prompt, of which
    `prefix` are in the cache. `warm_at` is when a request that read or wrote the prefix began, and `warm_s` the same by
    a clock that nobody sets.
    """

    said: Said
    target: bytes
    headers: Headers = field(repr=False)
    body: bytes = field(repr=False)
    shape: Shape
    labels: Labels
    tokens: int
    prefix: int
    for_an_hour: bool
    warm_at: datetime
    warm_s: float
    pings: int = 0
    tried_s: float = float("-inf")
    """When a ping was last begun, or refused by the ledger."""
    is_under_way: bool = False
    """A ping is."""
    is_away: bool = False
    """Local models answer meanwhile."""

    @property
    def conversation(self) -> str:
        """Name the conversation with the model that Claude was asked for, as `proxy.case.conversation` does."""
        return f"{self.labels.session}/{self.labels.agent}/{self.shape.model}"

    @property
    def size(self) -> int:
        """The bytes that are kept alive."""
        return len(self.body) + sum(len(name) + len(value) for name, value in self.headers)

    @property
    def life_s(self) -> float:
        """How long its prefix lives from the start of a request that reads it."""
        return HOUR_S if self.for_an_hour else LIFE_S

    @property
    def due_at(self) -> datetime:
        """When it is read again at the earliest: as late as is safe."""
        return self.warm_at + timedelta(seconds=self.life_s - margin_s(self.life_s))

    def has_expired(self, now: datetime, elapsed_s: float) -> bool:
        """Tell whether its prefix may be gone by either clock: one may have been set, or stand still in a sleep."""
        safe_s = self.life_s - margin_s(self.life_s) / 4
        return (now - self.warm_at).total_seconds() >= safe_s or elapsed_s - self.warm_s >= safe_s

    def stake(self, rates: Rates) -> Stake:
        """Price a ping, and what it may save."""
        return stake_of(rates, self.prefix, self.tokens - self.prefix, for_an_hour=self.for_an_hour)


class Shelf:
    """Holds kept requests by conversation; what is not used goes first where there is no room. One thread at a time."""

    def __init__(self, most: int = MOST, most_bytes: int = MOST_BYTES) -> None:
        self._most, self._most_bytes = most, most_bytes
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    def put(self, kept: Kept) -> None:
        """Keep a request in place of its conversation's last one."""
        self.drop(kept.said.thread)
        self._kept[kept.said.thread] = kept
        self._bytes += kept.size
        while self._kept and (len(self._kept) > self._most or self._bytes > self._most_bytes):
            self.drop(next(iter(self._kept)))

    def of(self, thread: str) -> Kept | None:
        """Give the kept request of a conversation."""
        return self._kept.get(thread)

    def drop(self, thread: str) -> None:
        """Let a conversation go."""
        kept = self._kept.pop(thread, None)
        if kept is not None:
            self._bytes -= kept.size

    def all(self) -> list[Kept]:
        """List what is kept, the longest unused first."""
        return list(self._kept.values())

    def clear(self) -> None:
        """Let all go."""
        self._kept.clear()
        self._bytes = 0
