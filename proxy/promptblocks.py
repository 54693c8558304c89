"""Prompt blocks: from a request's fields to its prompt as the cache sees it; keyed digests and sizes, never text.

A conversation is sent again whole with every request, so what was seen of a message is remembered by a hash of it: only
what is new is digested and measured.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from threading import Lock
from typing import Any

import msgspec

from budget.prompt import Block, Level, Mark, Prompt
from pricing.table import PriceTable
from pricing.tokens import Kind, Ratios
from pricing.usage import Usage
from proxy.conversation import Conversation, Key, conversation_of, key_of
from proxy.promptlengths import Laid, Lengths
from proxy.promptsizes import TOOLS_TOKENS, Sizes, size_of_block, size_of_tool

MOST_PARTS = 8192
"""Messages remembered, as many as the reader does: 8 MB; a conversation of a megabyte has about five hundred."""
LEAST_UNKNOWN = 1024
"""The shortest prefix that an unknown model is taken to cache, in tokens; most models' is this or half of it."""
BILLING_LINE = "x-anthropic-billing-header"

_encode = msgspec.json.Encoder().encode
_THOUGHTS = ("thinking", "redacted_thinking")  # No set: an agent may send a type that is a list.


@dataclass(frozen=True, slots=True)
class CachedModel:
    """What of a model decides its cache: its own id, its tokenizer's generation, the shortest prefix it caches."""

    id: str
    generation: str
    least: int | None

    @classmethod
    def of(cls, table: PriceTable, model: str, at: datetime) -> CachedModel:
        """Look a model up as it was at a moment; an unknown one is taken for a usual one of its own kind."""
        found = table.find(model)
        return cls(found.id, found.tokenizer, found.min_cacheable(at)) if found else cls(model, "", LEAST_UNKNOWN)


@dataclass(slots=True)
class _Part:
    """What is remembered of a message, of all tools, or of the system.

    The tokens of its blocks were estimated with the ratios of a generation in a version of them.
    """

    blocks: tuple[Block, ...]
    sizes: tuple[Sizes, ...]
    has_image: bool
    estimated: tuple[str, int] = ("", -1)


class Prompts:
    """Makes prompts of requests, and learns their lengths from the answers; safe from any thread.

    `key` is that of the digests; it is made up anew for each run and kept nowhere.
    """

    def __init__(self, ratios: Ratios | None = None, *, key: bytes | None = None, most: int = MOST_PARTS) -> None:
        self.ratios = ratios or Ratios()
        self._key = key or secrets.token_bytes(16)
        self._most = most
        self._parts: OrderedDict[Key, _Part] = OrderedDict()
        self._lengths = Lengths(self.ratios)
        self._lock = Lock()

    def of(self, fields: Mapping[str, Any], model: CachedModel, workspace: str = "") -> Laid:
        """Lay a request out as its cache would see it; `fields` are those of a request to the Messages API.

        `workspace` is a name of whoever pays (a digest of the key they sent): caches are not shared between them.
        """
        with self._lock:
            blocks, sizes, has_images = list[Block](), list[Sizes](), False
            begins, messages = list[int](), conversation_of(fields.get("messages") or ())
            estimated = (model.generation, self.ratios.version)
            for part in self._laid(fields, messages):
                if part.estimated != estimated:
                    self._estimate(part, *estimated)
                begins.append(len(blocks))
                blocks += part.blocks
                sizes += part.sizes
                has_images = has_images or part.has_image
            settings = _settings(fields, has_images=has_images)
            prompt = Prompt(model.id, blocks, model.least, settings, _mark(fields), workspace)
            begins = begins[2:]  # Before the messages come two parts: all tools, and the system.
            answer = messages.last_of("assistant")
            asked_before = 0 if answer is None else begins[answer]
            return self._lengths.fitted(prompt, sizes, model.generation, begins, asked_before)

    def heard(self, laid: Laid, usage: Mapping[str, Any], told: Usage | None = None) -> None:
        """Learn from the usage object of a complete answer how long the prompt and its parts really were.

        `told` is what it says, where it was read already.
        """
        with self._lock:
            self._lengths.heard(laid, usage, told)

    def _laid(self, fields: Mapping[str, Any], messages: Conversation) -> Iterator[_Part]:
        """Give the parts of a prompt in order; those that were seen before from memory."""
        tools = fields.get("tools") or ()
        named = {str(tool.get("name")): tool for tool in tools}
        # A message is an object, tools are a list of them, and the system is a list in one.
        upfront = [tool for tool in tools if not tool.get("defer_loading")]
        system = [[fields.get("system")]]
        for level, value in ((Level.tools, upfront), (Level.system, system)):
            key = key_of(_encode(value))
            yield self._known(key) or self._new(key, level, value, {})
        for place, key in enumerate(messages.keys):
            yield self._known(key) or self._new(key, Level.messages, messages[place], named)

    def _known(self, key: Key) -> _Part | None:
        part = self._parts.get(key)
        if part:
            self._parts.move_to_end(key)
        return part

    def _new(self, key: Key, level: Level, value: Any, tools: Mapping[str, Any]) -> _Part:
        part = self._parts[key] = self._read(level, value, tools)
        if len(self._parts) > self._most:
            self._parts.popitem(last=False)
        return part

    def _read(self, level: Level, value: Any, tools: Mapping[str, Any]) -> _Part:
        """Digest and measure what was not seen before."""
        found, sizes = list[Block](), list[Sizes]()
        role, blocks = _blocks_of(level, value)
        for block in blocks:
            bare = _bare(block)
            digest = blake2b(_encode([role, bare]), key=self._key, digest_size=16).digest()
            may_end = block.get("type") not in _THOUGHTS and block.get("text") != ""
            found.append(Block(level, digest, 0, _mark(block) or _mark_within(block), may_end))
            sizes.append(size_of_tool(bare) if level is Level.tools else size_of_block(bare, tools))
        if level is Level.tools and sizes:
            sizes[0][Kind.fixed] = sizes[0].get(Kind.fixed, 0) + TOOLS_TOKENS
        return _Part(tuple(found), tuple(sizes), any(map(_shows_image, blocks)))

    def _estimate(self, part: _Part, generation: str, version: int) -> None:
        """Estimate the tokens of a part's blocks, anew whenever the ratios have moved."""
        part.estimated = (generation, version)
        part.blocks = tuple(
            Block(b.level, b.digest, self.ratios.tokens(generation, size).likely, b.mark, b.eligible)
            for b, size in zip(part.blocks, part.sizes, strict=True)
        )


def _blocks_of(level: Level, value: Any) -> tuple[str, list[dict[str, Any]]]:
    """Give the role and blocks of a part; a bare string is the same to the cache as one block of text.

    The line of the system that changes with each request is no part of the prompt.
    """
    if level is Level.tools:
        return "tool", value
    if level is Level.messages:
        return str(value.get("role")), _as_blocks(value.get("content"))
    blocks = _as_blocks(value[0][0])
    return "", [block for block in blocks if not str(block.get("text", "")).startswith(BILLING_LINE)]


def _as_blocks(content: Any) -> list[dict[str, Any]]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    return [block for block in content or () if isinstance(block, dict)]


def _inner(block: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give the blocks that lie in a block, such as a tool's result."""
    content = block.get("content")
    return [inner for inner in content if isinstance(inner, dict)] if isinstance(content, list) else []


def _bare(block: Mapping[str, Any]) -> dict[str, Any]:
    """Give a block without its marks."""
    bare = {name: value for name, value in block.items() if name != "cache_control"}
    if any("cache_control" in inner for inner in _inner(block)):
        bare["content"] = [_bare(inner) for inner in _inner(block)]
    return bare


def _shows_image(block: Mapping[str, Any]) -> bool:
    return block.get("type") == "image" or any(map(_shows_image, _inner(block)))


def _settings(fields: Mapping[str, Any], *, has_images: bool) -> tuple[str, str, str]:
    """Give what invalidates from each level down, as text: speed and the form of the answer, then how to answer."""
    config = fields.get("output_config")
    config = config if isinstance(config, dict) else {}
    speed = fields.get("speed")
    form = config.get("format") or fields.get("output_format")
    system = [None if speed == "standard" else speed, form]
    messages = [fields.get("tool_choice"), fields.get("thinking"), config.get("effort"), has_images]
    return "", _encode(system).decode(), _encode(messages).decode()


def _mark(value: Mapping[str, Any]) -> Mark:
    """Tell for how long a block asks to be cached; a lifetime that we do not know is taken for the longer one."""
    control = value.get("cache_control")
    if not isinstance(control, dict):
        return ""
    return "5m" if control.get("ttl") in (None, "5m") else "1h"


def _mark_within(block: Mapping[str, Any]) -> Mark:
    """Tell the same of what lies in a tool's result: it is cached with the whole of it."""
    return next((mark for mark in map(_mark, reversed(_inner(block))) if mark), "")
