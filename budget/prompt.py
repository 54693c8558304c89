"""A prompt as its cache sees it: blocks in order, their marks, and how their tokens divide."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from hashlib import blake2b
from itertools import accumulate
from operator import attrgetter
from typing import Any, Literal, cast

from pricing.usage import Usage

Life = Literal["5m", "1h"]
Mark = Literal["", "5m", "1h"]

LOOKBACK = 20
"""Positions that are searched from each breakpoint back, itself included."""
MOST_MARKS = 4


class Level(IntEnum):
    """The order in which a prompt is laid out; what changes on one level invalidates it and all after it."""

    tools = 0
    system = 1
    messages = 2


@dataclass(frozen=True, slots=True)
class Block:
    """One position of a prompt; `digest` is of its content alone, in which `cache_control` does not count.

    A block that is not `eligible` (thinking, empty text) cannot end a cached prefix, whatever its mark says.
    """

    level: Level
    digest: bytes
    tokens: int
    mark: Mark = ""
    eligible: bool = True


@dataclass(frozen=True)
class Prompt:
    """A request as its cache sees it; levels never go back from block to block.

    `least` is the shortest prefix that the model caches, in tokens (None: it caches nothing). `settings` are what
    besides blocks invalidates from each level down, as any text. `automatic` is the mark on the request itself.
    `measured` says of some leading numbers of blocks how many tokens they really have, both ascending.
    """

    model: str
    blocks: Sequence[Block]
    least: int | None
    settings: tuple[str, str, str] = ("", "", "")
    automatic: Mark = ""
    workspace: str = ""
    measured: tuple[tuple[int, int], ...] = ()

    @cached_property
    def sums(self) -> list[int]:
        """Tokens of the first 0, 1, 2 … blocks."""
        return _fitted(list(accumulate(map(_tokens, self.blocks), initial=0)), self.measured)

    @cached_property
    def digests(self) -> tuple[bytes, ...]:
        """Those of the blocks, in order."""
        return tuple(map(_digest, self.blocks))

    @cached_property
    def marks(self) -> dict[int, Life]:
        """The breakpoints: where they stand, first to last, and for how long each asks to be kept."""
        asked: dict[int, Mark] = {place: block.mark for place, block in enumerate(self.blocks) if block.mark}
        places = [place for place in asked if self.blocks[place].eligible]
        if self.automatic:
            last = next((i for i in range(len(self.blocks) - 1, -1, -1) if self.blocks[i].eligible), None)
            if last is not None and last not in places:
                asked[last] = self.automatic
                places.append(last)
        return {place: cast("Life", asked[place]) for place in places[-MOST_MARKS:]}

    @property
    def last_mark(self) -> int:
        """Where the last breakpoint stands; -1 if there is none."""
        return max(self.marks, default=-1)

    @cached_property
    def prefixes(self) -> dict[int, bytes]:
        """Digests of all that comes up to a position and includes it, where one may be looked for.

        That is LOOKBACK positions back from each breakpoint and from the end.
        """
        ends = [*self.marks, len(self.blocks) - 1]
        wanted = {place for end in ends for place in range(max(0, end - LOOKBACK + 1), end + 1)}
        every = list(self.digests)
        for level in (Level.messages, Level.system):
            first = bisect_left(self.blocks, level, key=_level)
            every[first : first + 1] = [_told(self.settings[level]) + digest for digest in every[first : first + 1]]
        running, done, found = blake2b(_told(self.workspace, self.model, self.settings[0]), digest_size=16), 0, {}
        for place in sorted(wanted):
            running.update(b"".join(every[done : place + 1]))
            done, found[place] = place + 1, running.copy().digest()
        return found

    def fitted(self, measured: tuple[tuple[int, int], ...]) -> Prompt:
        """Give the same prompt with other places measured."""
        if measured == self.measured:
            return self
        made = self._as_measured(measured)
        # What does not depend on it need not be worked out again: the digests take the most time of all.
        made.__dict__.update(marks=self.marks, prefixes=self.prefixes, digests=self.digests)
        return made

    def lasting(self, life: Life) -> Prompt:
        """Give the same prompt with all its breakpoints asking for one lifetime."""
        if all(asked == life for asked in self.marks.values()):
            return self
        made = self._as_measured(self.measured)
        made.__dict__.update(marks=dict.fromkeys(self.marks, life), prefixes=self.prefixes, sums=self.sums)
        return made

    def _as_measured(self, measured: tuple[tuple[int, int], ...]) -> Prompt:
        return Prompt(
            self.model, self.blocks, self.least, self.settings, self.automatic, self.workspace, measured
        )  # A fifth of the time of `replace`.

    def split(self, read: int, long: int, short: int) -> Split:
        """Divide the prompt after so many blocks: read, then written for an hour, then for five minutes."""
        found = self._splits.get((read, long, short))
        if found is None:
            cuts = (read, max(read, long), max(read, long, short))
            found = self._splits[read, long, short] = _split(self.sums, cuts)
        return found

    @cached_property
    def _splits(self) -> dict[tuple[int, int, int], Split]:
        """How it was divided so far: several caches often hold the same of it."""
        return {}


@dataclass(frozen=True, slots=True)
class Split:
    """How a prompt divides, in tokens; `cuts` are the numbers of blocks after which it does."""

    input: int
    read: int
    write_5m: int
    write_1h: int
    cuts: tuple[int, int, int] = (0, 0, 0)

    @property
    def prompt(self) -> int:
        """All tokens of the prompt."""
        return self.input + self.read + self.write_5m + self.write_1h

    def tokens(self, output: int) -> Usage:
        """Give the tokens of an answer with so many by class."""
        return Usage(self.input, self.write_5m, self.write_1h, self.read, output)

    def usage(self, output: int) -> dict[str, Any]:
        """Write it as the provider's usage object of an answer with so many tokens, to be priced as real ones are."""
        return {
            "input_tokens": self.input,
            "cache_read_input_tokens": self.read,
            "cache_creation_input_tokens": self.write_5m + self.write_1h,
            "cache_creation": {
                "ephemeral_5m_input_tokens": self.write_5m,
                "ephemeral_1h_input_tokens": self.write_1h,
            },
            "output_tokens": output,
        }


def _split(sums: Sequence[int], cuts: tuple[int, int, int]) -> Split:
    read, long, short = cuts
    return Split(
        input=sums[-1] - sums[short],
        read=sums[read],
        write_5m=sums[short] - sums[long],
        write_1h=sums[long] - sums[read],
        cuts=cuts,
    )


_level, _digest, _tokens = attrgetter("level"), attrgetter("digest"), attrgetter("tokens")


def _told(*parts: str) -> bytes:
    """Write texts one after another so that none can be taken for two."""
    return b"".join(len(raw).to_bytes(4, "big") + raw for raw in (part.encode() for part in parts))


def _fitted(sums: list[int], measured: Sequence[tuple[int, int]]) -> list[int]:
    """Stretch what lies between two measured places to fit; what lies past the last one keeps its own sizes."""
    fitted, from_place, from_tokens = list[int](), 0, 0
    for place, tokens in measured:
        guessed = sums[place] - sums[from_place]
        if guessed <= 0 or tokens < from_tokens:
            continue
        really, begin = tokens - from_tokens, sums[from_place]
        fitted += [from_tokens + (s - begin) * really // guessed for s in sums[from_place:place]]
        from_place, from_tokens = place, tokens
    longer = from_tokens - sums[from_place]
    return fitted + [s + longer for s in sums[from_place:]]
