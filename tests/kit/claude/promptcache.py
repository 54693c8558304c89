"""The fake's prompt cache: which tokens of a request it reads, writes or takes as plain input.

Written from the documented behaviour alone, independent of anything in `budget/`. A token is four bytes of text here,
rounded up for each block: deterministic, and never more than one token a byte. Where no page says what happens, it does
this: a marked prefix within one that is read lives on with it.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

LOOKBACK = 20  # Positions searched before each breakpoint, the breakpoint itself included.
LIFETIMES = {"5m": 300.0, "1h": 3600.0}
TOOLS_OVERHEAD = 346  # Tokens of the hidden prompt that comes with any tools, before the first of them.
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
        # Too short a prompt is not cached at all; of one that is long enough, each marked part is.
        fresh = [at for at in marks if read_to is None or at > read_to] if marks and sums[marks[-1]] >= minimum else []
        for at in fresh:
            self._store(blocks[at], now, live)
        long_end = max([read, *(sums[at] for at in fresh if blocks[at].mark == "1h")])
        short_end = max([long_end, *(sums[at] for at in fresh if blocks[at].mark == "5m")])
        return Split(total - short_end, short_end - long_end, long_end - read, read)

    def _read(self, blocks: list[Block], marks: list[int], now: float) -> int | None:
        for mark in reversed(marks):
            for at in range(mark, max(-1, mark - LOOKBACK), -1):
                if self._lives(blocks[at], now):
                    for used in (at, *(m for m in marks if m < at and self._lives(blocks[m], now))):
                        entry = self.entries[blocks[used].digest]
                        entry.expires = max(entry.expires, now + entry.lifetime)
                    return at
        return None

    def _lives(self, block: Block, now: float) -> bool:
        entry = self.entries.get(block.digest)
        return entry is not None and entry.live_from <= now < entry.expires

    def _store(self, block: Block, now: float, live: float) -> None:
        life, before = LIFETIMES[block.mark or "5m"], self.entries.get(block.digest)
        if before and now < before.expires:  # Written by another request that has not begun to answer.
            life, live = max(life, before.lifetime), min(live, before.live_from)
        self.entries[block.digest] = _Entry(live, now + life, life)


def blocks_of(body: dict[str, Any], counted: Callable[[object], int] | None = None) -> list[Block]:
    """Lay a request out as positions: tools, then system, then messages, digests cumulative.

    `counted` counts the tokens of a block's content; without it, a token is four bytes.
    """
    blocks: list[Block] = []
    markable = -1
    tools = {str(tool.get("name")): tool for tool in body.get("tools") or []}
    hidden = TOOLS_OVERHEAD if tools else 0
    digest = _chain(b"", [body.get("model")])
    for part, settings in _parts(body):
        digest = _chain(digest, settings)
        for role, value in part:
            bare = {k: v for k, v in value.items() if k != "cache_control"}
            digest = _chain(digest, [role, bare])
            shown = [bare, *(tools[name] for name in _referenced(bare) if name in tools)]
            tokens, hidden = hidden + sum(map(counted or count, shown)), 0
            markable = len(blocks) if _may_be_marked(value) else markable
            blocks.append(Block(tokens, digest, _mark(value) if _may_be_marked(value) else None))
    if body.get("cache_control") and markable >= 0:
        last = blocks[markable]
        blocks[markable] = Block(last.tokens, last.digest, last.mark or _mark(body))
    return blocks


def prompt_tokens(body: dict[str, Any]) -> int:
    """Count a whole prompt, as `count_tokens` does."""
    return sum(block.tokens for block in blocks_of(body))


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
        (iter([("tool", tool) for tool in body.get("tools") or [] if not tool.get("defer_loading")]), []),
        (_system(body.get("system")), [body.get("speed"), (body.get("output_config") or {}).get("format")]),
        (_messages(body.get("messages") or []), _message_settings(body)),
    ]


def _message_settings(body: dict[str, Any]) -> list[object]:
    effort = (body.get("output_config") or {}).get("effort")
    images = any(_shows_image(block) for _, block in _messages(body.get("messages") or []))
    return [body.get("tool_choice"), body.get("thinking"), effort, images]


def _shows_image(block: dict[str, Any]) -> bool:
    inner = block.get("content")
    return block.get("type") == "image" or (isinstance(inner, list) and any(map(_shows_image, inner)))


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


def _referenced(block: dict[str, Any]) -> list[str]:
    """Name the tools whose definitions stand where a result refers to them."""
    inner = block.get("content")
    every = [x for x in inner if isinstance(x, dict)] if isinstance(inner, list) else []
    return [str(x.get("tool_name")) for x in every if x.get("type") == "tool_reference"]


def _may_be_marked(block: dict[str, Any]) -> bool:
    return block.get("type") not in ("thinking", "redacted_thinking") and block.get("text") != ""


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
