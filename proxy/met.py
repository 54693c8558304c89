"""Met: what is met among the blocks of a request that decides its cost, or that only the cloud can take."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

MOST_REASONS = 8
"""Reasons why only the cloud can take a request that are named."""

_SIMPLE = frozenset({"text", "tool_use", "thinking"})
_PLAIN = frozenset({"text", "image", "tool_use", "tool_result", "thinking", "redacted_thinking", "tool_reference"})
"""Blocks whose cost their own bytes bound (images: their number, references: the tools they name)."""

_FILES = frozenset({"document", "container_upload"})
_COUNTABLE = frozenset({"document"})


@dataclass(slots=True)
class Met:
    """What a walk over blocks has met; `cloud` are the reasons why no local model can take them, in their order."""

    blocks: int = 0
    images: int = 0
    image_bytes: int = 0
    references: list[str] = field(default_factory=list)
    files: int = 0
    unknown: int = 0
    cloud: dict[str, None] = field(default_factory=dict)

    def look_at(self, content: Any) -> None:
        """Take note of the blocks of a content; nearly all are of kinds in which there is nothing to see."""
        if not isinstance(content, list):
            return
        for block in content:
            if isinstance(block, dict):
                self.blocks += 1
                kind = block.get("type")
                if kind == "tool_result":
                    self.look_at(block.get("content"))
                elif not isinstance(kind, str):
                    self._look("", block)
                elif kind not in _SIMPLE:
                    self._look(kind, block)

    def add(self, others: Iterable[Met]) -> None:
        """Take note of what was met elsewhere."""
        for other in others:
            self.blocks += other.blocks
            self.images += other.images
            self.image_bytes += other.image_bytes
            self.references += other.references
            self.files += other.files
            self.unknown += other.unknown
            self.cloud |= other.cloud

    def _look(self, kind: str, block: dict[str, Any]) -> None:
        """Take note of a block that is not simple."""
        if kind == "image":
            self._look_at_image(block.get("source"))
        elif kind == "tool_reference":
            self.references.append(str(block.get("tool_name")))
        elif kind in _FILES:
            self.files += kind in _COUNTABLE
            self.unknown += kind not in _COUNTABLE
            self.cloud[f"a {kind} block"] = None
        elif kind not in _PLAIN:
            self.unknown += 1
            self.cloud[f"a {plain_word(kind)} block"] = None

    def _look_at_image(self, source: Any) -> None:
        self.images += 1
        kind = source.get("type") if isinstance(source, dict) else None
        data = source.get("data") if isinstance(source, dict) else None
        if kind == "base64" and isinstance(data, str):
            self.image_bytes += len(data)
        elif kind == "file":
            self.cloud["an image that lies at the provider"] = None


def plain_word(kind: Any) -> str:
    """Show a type's name, unless it is no plain one."""
    plain = isinstance(kind, str) and len(kind) <= 64 and kind.replace("_", "").replace("-", "").isalnum()
    return str(kind) if plain and kind.isascii() else "nameless"
