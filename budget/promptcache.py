"""The prompt cache, simulated: what of a prompt Claude would have read, written, or taken as plain input.

The rules are Anthropic's documented ones (PRICING.md, "Honest savings", 1–5). Two things that no page says are taken
so: reading a prefix also keeps alive the shorter ones within it that the request marks; and where the longest marked
prefix reaches the model's minimum, the marked ones within it are written as well, however short.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

from budget.prompt import LOOKBACK, MOST_MARKS, Block, Level, Life, Mark, Prompt, Split

__all__ = ["LIFETIMES", "LOOKBACK", "MOST_MARKS", "Block", "Level", "Life", "Mark", "Prompt", "Simulator", "Split"]

LIFETIMES: dict[Life, float] = {"5m": 300.0, "1h": 3600.0}
"""Seconds from the start of the request that wrote or last read a prefix."""
MOST_KEPT = 16_384
"""Prefixes remembered of each lifetime; a busy day of one person has a few hundred alive at once."""


@dataclass(slots=True)
class _Entry:
    live_from: float
    expires: float


class Simulator:
    """Keeps which prefixes would be cached, of any number of sessions, models and workspaces; safe from any thread.

    Moments are seconds of one clock, whichever; requests come about in the order in which they start.
    """

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._kept: dict[Life, OrderedDict[bytes, _Entry]] = {life: OrderedDict() for life in LIFETIMES}
        self._most = most
        self._lock = Lock()

    def ask(self, prompt: Prompt, at: float, begins_at: float | None = None) -> Split:
        """Divide a request that starts at `at`, refresh what it reads and keep what it writes.

        What it writes can be read by requests that start at `begins_at` or later, when its answer begins; where that
        is not known yet, say it with `began`, or never if no answer comes.
        """
        with self._lock:
            self._forget(at)
            if not prompt.marks:
                return prompt.split(0, 0, 0)
            read = self._read(prompt, at)
            long, short = self._write(prompt, read, at, math.inf if begins_at is None else begins_at)
        return prompt.split(read, long, short)

    def began(self, prompt: Prompt, begins_at: float) -> None:
        """Let what a request wrote be read from now on: its answer has begun."""
        if not prompt.marks:
            return
        with self._lock:
            for place in prompt.marks:
                for kept in self._kept.values():
                    entry = kept.get(prompt.prefixes[place])
                    if entry:
                        entry.live_from = min(entry.live_from, begins_at)

    def __len__(self) -> int:
        """Count the prefixes that are remembered."""
        return sum(len(kept) for kept in self._kept.values())

    def _read(self, prompt: Prompt, at: float) -> int:
        """Find the longest prefix that is searched for and alive, as a number of blocks."""
        for mark in reversed(prompt.marks):
            for place in range(mark, max(-1, mark - LOOKBACK), -1):
                if self._refresh(prompt.prefixes[place], at):
                    for shorter in prompt.marks:
                        if shorter < place:
                            self._refresh(prompt.prefixes[shorter], at)
                    return place + 1
        return 0

    def _write(self, prompt: Prompt, read: int, at: float, begins_at: float) -> tuple[int, int]:
        """Keep the marked prefixes past what was read; give the longest of an hour and of five minutes, in blocks."""
        last = prompt.last_mark + 1
        if prompt.least is None or prompt.sums[last] < prompt.least:
            return read, read
        longest: dict[Life, int] = {"1h": read, "5m": read}
        for place, life in prompt.marks.items():
            if place >= read:
                self._keep(prompt.prefixes[place], life, at, begins_at)
                longest[life] = place + 1
        return longest["1h"], longest["5m"]

    def _keep(self, prefix: bytes, life: Life, at: float, begins_at: float) -> None:
        kept = self._kept[life]
        before = kept.get(prefix)
        if before and before.expires > at:  # Another that wrote it has not begun to answer, or was first to.
            begins_at = min(begins_at, before.live_from)
        kept[prefix] = _Entry(begins_at, at + LIFETIMES[life])
        kept.move_to_end(prefix)

    def _refresh(self, prefix: bytes, at: float) -> bool:
        """Tell whether a prefix is alive, and let it live on from now."""
        is_alive = False
        for life, kept in self._kept.items():
            entry = kept.get(prefix)
            if entry and entry.live_from <= at < entry.expires:
                entry.expires = max(entry.expires, at + LIFETIMES[life])
                kept.move_to_end(prefix)
                is_alive = True
        return is_alive

    def _forget(self, at: float) -> None:
        """Drop what has expired: of one lifetime, what was used longest ago is the first to go."""
        for kept in self._kept.values():
            while kept and (next(iter(kept.values())).expires <= at or len(kept) > self._most):
                kept.popitem(last=False)
