"""Upstreams watched: which local servers died after they were healthy, and which came back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from proxy.upstream.local_model import LocalUpstream

SURE_AFTER = 2
"""So many looks in a row must find a server dead: one that is only started anew is no news."""
GONE = "nothing answers at its address"


@dataclass(frozen=True, slots=True)
class Change:
    """A server that died, and why; or one that is back."""

    name: str
    is_back: bool
    why: str = ""


class Watched:
    """Remembers which servers were healthy; `down` names those that a person was told of already."""

    def __init__(self, down: set[str]) -> None:
        self._down = set(down)
        self._healthy: set[str] = set()
        self._misses: dict[str, int] = {}

    def see(self, upstreams: Sequence[LocalUpstream]) -> Iterator[Change]:
        """Take in one look, and give what changed. A server that was found by itself and is gone has died too."""
        seen = {one.name: one for one in upstreams}
        for name in sorted(self._healthy | self._down | set(seen)):
            one = seen.get(name)
            if one is not None and one.healthy:
                yield from self._is_well(name)
            elif name in self._healthy:
                yield from self._is_missed(name, one.why if one else GONE)

    def _is_well(self, name: str) -> Iterator[Change]:
        self._healthy.add(name)
        self._misses.pop(name, None)
        if name in self._down:
            self._down.discard(name)
            yield Change(name, is_back=True)

    def _is_missed(self, name: str, why: str) -> Iterator[Change]:
        self._misses[name] = self._misses.get(name, 0) + 1
        if self._misses[name] >= SURE_AFTER:
            self._healthy.discard(name)
            self._misses.pop(name)
            self._down.add(name)
            yield Change(name, is_back=False, why=why)
