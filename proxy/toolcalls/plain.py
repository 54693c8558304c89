"""What is looked at of an answer's text: its beginning and its end, without the code in it.

Signs are looked for in the moment an answer ends. Of a long one the middle tells little more, and would cost the more.
"""

from __future__ import annotations

import re

HEAD_CHARS, TAIL_CHARS = 4096, 8192

_FENCE = "```"
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)


def plain(text: str) -> str:
    """Return the words of a text outside code; of a long one, those of its head and its tail."""
    if len(text) <= HEAD_CHARS + TAIL_CHARS:
        return without_code(text)
    head, tail = text[:HEAD_CHARS], text[-TAIL_CHARS:]
    # A fence that is open where the tail begins closes in it, and must not be taken for one that opens.
    opened = _FENCE if text.count(_FENCE, 0, len(text) - TAIL_CHARS) % 2 else ""
    return f"{without_code(head)}\n{without_code(opened + tail)}"


def without_code(text: str) -> str:
    """Put a mark in the place of each piece of code."""
    return _CODE.sub(" ` ", text)
