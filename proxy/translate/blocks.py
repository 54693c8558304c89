"""Content blocks of Anthropic messages, as text and as Chat Completions parts."""

from __future__ import annotations

import json
from typing import Any

from proxy.translate.refusal import CannotTranslate, refuse_block

Block = dict[str, Any]
Part = dict[str, Any]

IMAGE_NOTE = "[image: it follows the tool results]"


def blocks_of(content: Any, where: str) -> list[Block]:
    """Read `content`, a string or a list of blocks, as blocks; empty text is left out."""
    if content is None or content == "":
        return []
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    if not isinstance(content, list) or not all(isinstance(block, dict) for block in content):
        raise CannotTranslate(f"the content of {where} is neither text nor blocks")
    return [block for block in content if block.get("type") != "text" or text_of(block) != ""]


def text_of(block: Block) -> str:
    """Return a text block's text; anything that is no text counts as none."""
    text = block.get("text")
    return text if isinstance(text, str) else ""


def parts_of(blocks: list[Block], where: str, *, vision: bool) -> list[Part]:
    """Turn the blocks of a user message, tool results apart, into content parts."""
    return [part for block in blocks for part in _parts(block, where, vision=vision)]


def content_of(parts: list[Part]) -> str | list[Part]:
    """Join parts into one string where there are no images: lists of parts break some chat templates."""
    if any(part["type"] == "image_url" for part in parts):
        return parts
    return "\n\n".join(part["text"] for part in parts)


def result_of(block: Block, where: str, *, vision: bool) -> tuple[str, list[Part]]:
    """Turn a tool result into its text, and the images that have to follow in a user message."""
    inner = parts_of(blocks_of(block.get("content"), where), where, vision=vision)
    images = [part for part in inner if part["type"] == "image_url"]
    text = "\n".join(part["text"] if part["type"] == "text" else IMAGE_NOTE for part in inner)
    if block.get("is_error") is True and not _says_error(text):
        text = f"Error: {text}" if text else "Error: the tool failed and said nothing."
    return text, images


def arguments_of(call: Block) -> str:
    """Return a tool call's input as JSON text.

    Claude Code keeps an input that was no JSON as `__unparsedToolInput`; no template could render that.
    """
    given = call.get("input")
    if not isinstance(given, dict):
        return "{}"
    if "__unparsedToolInput" in given:
        return _parsed_or_empty(given["__unparsedToolInput"])
    return json.dumps(given, ensure_ascii=False)


def _parts(block: Block, where: str, *, vision: bool) -> list[Part]:
    match block.get("type"):
        case "text":
            return [_text(text_of(block))]
        case "image":
            return [_image(block, vision=vision)]
        case "document":
            return _document(block, where, vision=vision)
        case "search_result":
            return _search_result(block, where, vision=vision)
        case "tool_reference":
            return [_text(f"Tool {block.get('tool_name', '')} is now available; call it directly.")]
        case kind:
            raise refuse_block(kind, where)


def _text(text: str) -> Part:
    return {"type": "text", "text": text}


def _image(block: Block, *, vision: bool) -> Part:
    if not vision:
        raise CannotTranslate("it holds an image, and the local model reads text only")
    match block.get("source"):
        case {"type": "base64", "media_type": str(media), "data": str(data)}:
            return {"type": "image_url", "image_url": {"url": f"data:{media};base64,{data}"}}
        case {"type": "url", "url": str(url)}:
            return {"type": "image_url", "image_url": {"url": url}}
    raise CannotTranslate("an image from the cloud's file store needs the cloud")


def _document(block: Block, where: str, *, vision: bool) -> list[Part]:
    match block.get("source"):
        case {"type": "text", "data": str(text)}:
            body = [_text(text)]
        case {"type": "content", "content": content}:
            body = parts_of(blocks_of(content, where), where, vision=vision)
        case _:
            raise CannotTranslate("a PDF or a stored document needs the cloud")
    return [_text(str(block[name])) for name in ("title", "context") if block.get(name)] + body


def _search_result(block: Block, where: str, *, vision: bool) -> list[Part]:
    head = [_text(block[name]) for name in ("title", "source") if isinstance(block.get(name), str)]
    return head + parts_of(blocks_of(block.get("content"), where), where, vision=vision)


def _says_error(text: str) -> bool:
    return text.lstrip().lower().startswith(("error", "<tool_use_error"))


def _parsed_or_empty(kept: Any) -> str:
    raw = kept.get("raw") if isinstance(kept, dict) else kept
    try:
        return str(raw) if isinstance(json.loads(str(raw)), dict) else "{}"
    except (ValueError, RecursionError):
        return "{}"
