"""Sizes: how much of which sort of content stands in a block of a prompt, so that its tokens can be estimated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from pricing.tokens import Kind

IMAGE_TOKENS = 1500
"""What an image is taken for before any was counted; the API scales larger ones down to about this."""
TOOLS_TOKENS = 346
"""The hidden prompt that comes with any tools, as published for the models since Claude 4."""
TYPED_TOOL_TOKENS = 400
"""A tool that is named by a type has a definition that the request does not show: 245 to 735 tokens as published."""
BLOCK_BYTES = 12
"""What stands around a block, in bytes of its text."""

Sizes = dict[Kind, int]

_SAMPLE = 16_384
_ASCII = bytes(range(128))
_WORDS = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ \n\t\r"
_encode = msgspec.json.Encoder().encode


def kind_of(raw: bytes) -> Kind:
    """Tell what sort of text it is by its letters: of another script, prose, code, or figures and marks."""
    sample = raw[:_SAMPLE]
    if not sample:
        return Kind.prose
    foreign = len(sample.translate(None, _ASCII))
    if foreign * 5 > len(sample):
        return Kind.foreign
    marks = len(sample.translate(None, _WORDS)) * 100 // len(sample)
    return Kind.prose if marks < 10 else Kind.code if marks < 23 else Kind.data


def size_of_block(block: Mapping[str, Any], tools: Mapping[str, Any]) -> Sizes:
    """Measure one block of system or messages; `tools` are the definitions that it may refer to by name."""
    found: Sizes = {}
    _measure(block, tools, found)
    return found


def size_of_tool(tool: Mapping[str, Any]) -> Sizes:
    """Measure the definition of a tool; the model reads it as JSON."""
    hidden = {Kind.fixed: TYPED_TOOL_TOKENS} if tool.get("type") not in (None, "custom") else {}
    return {Kind.tools: len(_encode(tool)), **hidden}


def _measure(block: Mapping[str, Any], tools: Mapping[str, Any], found: Sizes) -> None:
    match block.get("type"):
        case "text" | None:
            _text(block.get("text"), found)
        case "tool_use":
            _add(found, Kind.calls, len(_encode([block.get("name"), block.get("input")])) + 3 * BLOCK_BYTES)
        case "tool_result":
            _content(block.get("content"), tools, found)
            _add(found, Kind.prose, 3 * BLOCK_BYTES)
        case "thinking" | "redacted_thinking":
            _add(found, Kind.thinking, _thought(block))
        case "image":
            _add(found, Kind.image, IMAGE_TOKENS)
        case "tool_reference":
            _add(found, Kind.tools, len(_encode(tools.get(str(block.get("tool_name"))))))
        case "document" if _is_coded(block.get("source")):
            # A page of a PDF is about 2,000 tokens, as text and as a picture, and 50 KB.
            _add(found, Kind.image, len(block["source"]["data"]) // 33)
        case _:
            _text(" ".join(_strings(block)), found)


def _content(content: Any, tools: Mapping[str, Any], found: Sizes) -> None:
    if isinstance(content, str):
        _text(content, found)
    for inner in content if isinstance(content, list) else ():
        if isinstance(inner, dict):
            _measure(inner, tools, found)


def _text(text: Any, found: Sizes) -> None:
    """Measure a text; of a run of blanks every second one, as a tokenizer takes many for one."""
    if isinstance(text, str) and text:
        raw = text.encode("utf-8", "replace")
        _add(found, kind_of(raw), len(raw) - raw.count(b"  ") + BLOCK_BYTES)


def _thought(block: Mapping[str, Any]) -> int:
    """Give the length of a thought in bytes; where it is not shown, its signature holds it in base64, and encrypted."""
    text, sealed = block.get("thinking"), block.get("signature") or block.get("data")
    if isinstance(text, str) and text:
        return len(text.encode("utf-8", "replace"))
    return len(sealed) * 3 // 4 if isinstance(sealed, str) else 0


def _is_coded(source: Any) -> bool:
    return isinstance(source, dict) and source.get("type") == "base64" and isinstance(source.get("data"), str)


def _strings(value: Any) -> list[str]:
    found, rest = list[str](), [value]
    while rest:
        node = rest.pop()
        if isinstance(node, str):
            found.append(node)
        elif isinstance(node, dict):
            rest.extend(v for k, v in node.items() if k not in ("signature", "encrypted_content", "encrypted_index"))
        elif isinstance(node, list):
            rest.extend(node)
    return found


def _add(found: Sizes, kind: Kind, units: int) -> None:
    found[kind] = found.get(kind, 0) + units
