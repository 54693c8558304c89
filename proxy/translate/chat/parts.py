"""Content of chat messages – a text, or parts – as blocks of the Messages API."""

from __future__ import annotations

import re
from typing import Any

from proxy.request import BadRequest

Block = dict[str, Any]

_DATA_URL = re.compile(r"data:(image/[a-z0-9.+-]+);base64,", re.I | re.A)
MEDIA = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})


def text_block(text: str) -> Block:
    """Make a text block."""
    return {"type": "text", "text": text}


def blocks_of(content: Any, where: str) -> list[Block]:
    """Read the content of a message; texts of nothing but blanks are left out, because the API refuses them."""
    if content is None:
        return []
    if isinstance(content, str):
        return [text_block(content)] if content.strip() else []
    if not isinstance(content, list):
        raise BadRequest(f"{where}.content is neither a text nor a list of parts", "field")
    read = (_block(part, f"{where}.content[{place}]") for place, part in enumerate(content))
    return [block for block in read if block is not None]


def text_of(content: Any, where: str) -> str:
    """Read a content that can only be text, such as a system message's."""
    blocks = blocks_of(content, where)
    if any(block["type"] != "text" for block in blocks):
        raise BadRequest(f"{where}.content may hold only text", "field")
    return "".join(block["text"] for block in blocks)


def _block(part: Any, where: str) -> Block | None:
    match part:
        case {"type": "text", "text": str(text)} | {"type": "refusal", "refusal": str(text)}:
            return text_block(text) if text.strip() else None
        case {"type": "image_url", "image_url": {"url": str(url)}} | {"type": "image_url", "image_url": str(url)}:
            return {"type": "image", "source": _source(url, where)}
        case {"type": "input_audio"}:
            raise BadRequest(f"{where} is audio, which no model here can hear; send its text", "field")
        case {"type": "file"}:
            raise BadRequest(
                f"{where} is a file, which is not taken in this dialect; send its text, or use POST /v1/messages",
                "field",
            )
    raise BadRequest(f"{where} is no part that is known here; known are text and image_url", "field")


def _source(url: str, where: str) -> dict[str, str]:
    if url.lower().startswith(("https://", "http://")):
        return {"type": "url", "url": url}
    head = _DATA_URL.match(url)
    if head is None or head.group(1).lower() not in MEDIA:
        raise BadRequest(f"{where} is no https:// image and no base64 data: URL of a JPEG, PNG, GIF or WebP", "field")
    return {"type": "base64", "media_type": head.group(1).lower(), "data": url[head.end() :]}
