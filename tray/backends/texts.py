"""Texts cut to what a system takes."""

from __future__ import annotations


def cut(text: str, most: int) -> str:
    """Keep at most so many UTF-16 units, and whole characters; an ellipsis says that something is missing."""
    if units(text) <= most:
        return text
    kept = text[: most - 1]
    while units(kept) > most - 1:
        kept = kept[:-1]
    return f"{kept}…"


def units(text: str) -> int:
    """Count UTF-16 units, which is how Windows counts."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
