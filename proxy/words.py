"""Words: lists of plain words, written as one text."""

from __future__ import annotations


def words(text: str) -> tuple[str, ...]:
    """Split a text at its blanks and lines."""
    return tuple(text.split())
