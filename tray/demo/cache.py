"""The made-up Claude's prompt cache: a marked beginning of a prompt lives five minutes from when it was last read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tray.demo.words import BYTES_PER_TOKEN

LIVES_S = 300.0
LOOKS_BACK = 20
"""So many blocks before a mark may still be found as the end of what is cached."""


@dataclass(frozen=True, slots=True)
class Split:
    """How a prompt divides, in tokens."""

    new: int
    written: int
    read: int


@dataclass
class Cache:
    """The beginnings that are kept, by digest, and until when."""

    kept: dict[bytes, float] = field(default_factory=dict)

    def split(self, asked: dict[str, Any], least: int, now_s: float) -> Split:
        """Divide a prompt: read the longest beginning that lives, write up to the last mark, take the rest as it is."""
        sums, marks = _sums(asked)
        total = sums[-1][0]
        if not marks or sums[marks[-1]][0] < least:
            return Split(total, 0, 0)
        read = next((sums[at] for at in _looks(marks) if self.kept.get(sums[at][1], 0.0) > now_s), (0, b""))
        last = sums[marks[-1]]
        self.kept |= dict.fromkeys((read[1], *(sums[mark][1] for mark in marks)), now_s + LIVES_S)
        return Split(total - last[0], last[0] - read[0], read[0])


def tokens_of(asked: dict[str, Any]) -> int:
    """Count the tokens of a prompt."""
    return _sums(asked)[0][-1][0]


def _looks(marks: list[int]) -> Iterator[int]:
    """List the blocks to look at, from the last mark backwards."""
    for mark in reversed(marks):
        yield from range(mark, max(-1, mark - LOOKS_BACK), -1)


def _sums(asked: dict[str, Any]) -> tuple[list[tuple[int, bytes]], list[int]]:
    """Give each block's running number of tokens and digest of all up to it, and which blocks are marked."""
    sums: list[tuple[int, bytes]] = []
    marks: list[int] = []
    size, digest = 0, hashlib.blake2b(str(asked.get("model")).encode())
    for block in _blocks(asked):
        if "cache_control" in block:
            marks.append(len(sums))
        written = json.dumps({key: value for key, value in block.items() if key != "cache_control"}).encode()
        digest.update(written)
        size += -(-len(written) // BYTES_PER_TOKEN)
        sums.append((size, digest.digest()))
    return sums or [(0, b"")], marks


def _blocks(asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from asked.get("tools") or []
    yield from asked.get("system") or []
    for message in asked["messages"]:
        content = message["content"]
        yield from [{"type": "text", "text": content}] if isinstance(content, str) else content
