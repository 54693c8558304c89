"""The fake's prompt cache: which tokens of a request it reads, writes or takes as plain input.

Written from the documented behaviour alone, independent of anything in `budget/`. A token is four bytes of text here,
rounded up for each block: deterministic, and never more than one token a byte.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

LOOKBACK = 20  # Positions searched before each breakpoint, the breakpoint itself included.
LIFETIMES = {"5m": 300.0, "1h": 3600.0}
TOOLS_OVERHEAD = 346  # Tokens of the hidden prompt that comes with any tools.
IMAGE_TOKENS = 1_334
BILLING_LINE = "x-anthropic-billing-header:"


@dataclass(frozen=True)
class Block:
    """One position of the prompt: its size, its content's digest and the life its mark asks for."""

    tokens: int
    digest: bytes
    mark: str | None  # "5m", "1h" or None.


@dataclass(frozen=True)
class Split:
    """How the prompt of one request divides, in tokens."""

    input: int
    write_5m: int
    write_1h: int
    read: int


@dataclass
class _Entry:
    live_from: float
    expires: float
    lifetime: float


@dataclass
class PromptCache:
    """The prefixes one workspace has cached, by digest; moments are the caller's seconds."""

    entries: dict[bytes, _Entry] = field(default_factory=dict)

    def split(self, blocks: list[Block], minimum: int, now: float, answers_at: float | None = None) -> Split:
        """Divide a request that starts at `now`, refresh what it reads and store what it writes.

        What it writes can be read by requests that start at `answers_at` or later (default: at once).
        """
        live = now if answers_at is None else answers_at
        sums = _running(blocks)
        marks = [i for i, block in enumerate(blocks) if block.mark]
        total = sums[-1] if sums else 0
        read_to = self._read(blocks, marks, now)
        read = sums[read_to] if read_to is not None else 0
        after_1h = self._write(blocks, sums, marks, "1h", minimum, now, live)
        after_5m = self._write(blocks, sums, marks, "5m", minimum, now, live)
        long_end = max(read, after_1h)
        short_end = max(long_end, after_5m)
        return Split(total - short_end, short_end - long_end, long_end - read, read)

    def _read(self, blocks: list[Block], marks: list[int], now: float) -> int | None:
        for mark in reversed(marks):
            for at in range(mark, max(-1, mark - LOOKBACK), -1):
                entry = self.entries.get(blocks[at].digest)
                if entry and entry.live_from <= now < entry.expires:
                    entry.expires = now + entry.lifetime
                    return at
        return None

    def _write(
        self, blocks: list[Block], sums: list[int], marks: list[int], life: str, minimum: int, now: float, live: float
    ) -> int:
        """Store each prefix marked with this life that is long enough; return the size of the longest."""
        longest = 0
        for at in marks:
            if blocks[at].mark != life or sums[at] < minimum:
                continue
            known = self.entries.get(blocks[at].digest)
            if not known or not known.live_from <= now < known.expires:
                self.entries[blocks[at].digest] = _Entry(live, now + LIFETIMES[life], LIFETIMES[life])
            longest = max(longest, sums[at])
        return longest


def blocks_of(body: dict[str, Any]) -> list[Block]:
    """Lay a request out as positions: tools, then system, then messages, digests cumulative."""
    blocks: list[Block] = []
    digest = _chain(b"", [body.get("model"), body.get("speed")])
    for part, settings in _parts(body):
        digest = _chain(digest, settings)
        for role, value in part:
            bare = {k: v for k, v in value.items() if k != "cache_control"}
            digest = _chain(digest, [role, bare])
            blocks.append(Block(count(bare), digest, _mark(value)))
    if body.get("cache_control") and blocks:
        blocks[-1] = Block(blocks[-1].tokens, blocks[-1].digest, _mark(body))
    return blocks


def prompt_tokens(body: dict[str, Any]) -> int:
    """Count a whole prompt, as `count_tokens` does."""
    return overhead(body) + sum(block.tokens for block in blocks_of(body))


def overhead(body: dict[str, Any]) -> int:
    """Count what the provider adds by itself: plain input, never cached."""
    return TOOLS_OVERHEAD if body.get("tools") else 0


def count(value: object) -> int:
    """Count the tokens of one block: four bytes of its text each, an image at its fixed size."""
    if isinstance(value, dict) and value.get("type") == "image":
        return IMAGE_TOKENS
    inner = value.get("content") if isinstance(value, dict) else None
    images = [x for x in inner if isinstance(x, dict) and x.get("type") == "image"] if isinstance(inner, list) else []
    return -(-_text_bytes(value) // 4) + IMAGE_TOKENS * len(images)


def _text_bytes(value: object) -> int:
    if isinstance(value, str):
        return len(value.encode("utf-8", "surrogatepass"))
    if isinstance(value, dict):
        if value.get("type") == "image":
            return 0
        return sum(len(key) + _text_bytes(v) for key, v in value.items())
    if isinstance(value, list):
        return sum(_text_bytes(v) for v in value)
    return 0 if value is None else len(str(value))


Part = tuple[Iterator[tuple[str, dict[str, Any]]], list[object]]


def _parts(body: dict[str, Any]) -> list[Part]:
    """Yield tools, system and messages, each with the settings that invalidate from its level down."""
    return [
        (iter([("tool", tool) for tool in body.get("tools") or []]), []),
        (_system(body.get("system")), []),
        (_messages(body.get("messages") or []), _message_settings(body)),
    ]


def _message_settings(body: dict[str, Any]) -> list[object]:
    effort = (body.get("output_config") or {}).get("effort")
    images = any(block.get("type") == "image" for _, block in _messages(body.get("messages") or []))
    return [body.get("tool_choice"), body.get("thinking"), effort, images]


def _system(system: object) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(system, str):
        system = [{"type": "text", "text": system}]
    for block in system if isinstance(system, list) else []:
        if not str(block.get("text", "")).startswith(BILLING_LINE):
            yield "system", block


def _messages(messages: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for message in messages:
        content = message["content"]
        if isinstance(content, str):
            content = [{"type": "text", "text": content}]
        for block in content:
            yield message["role"], block


def _mark(value: dict[str, Any]) -> str | None:
    control = value.get("cache_control")
    return control.get("ttl", "5m") if isinstance(control, dict) else None


def _chain(before: bytes, value: object) -> bytes:
    return hashlib.sha256(before + json.dumps(value, sort_keys=True).encode()).digest()


def _running(blocks: list[Block]) -> list[int]:
    sums, total = [], 0
    for block in blocks:
        total += block.tokens
        sums.append(total)
    return sums
