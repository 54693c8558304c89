"""Written: how long a JSON text is in its shortest form, and which caches it has written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

_KEY = b'"cache_control":'


@dataclass(frozen=True, slots=True)
class Written:
    """The bytes of a text in canonical JSON, and whether anything in it is marked to be cached, for how long."""

    size: int
    for_5m: bool = False
    for_1h: bool = False

    @classmethod
    def of(cls, canonical: bytes) -> Written:
        """Look at a text for each `cache_control`, at any level of it.

        In canonical JSON the quotes of a key are never escaped, so a mention inside a string is no match.
        """
        five, hour, at = False, False, 0
        while (at := canonical.find(_KEY, at)) >= 0:
            at += len(_KEY)
            if canonical.startswith(b"null", at):
                continue
            mark = canonical[at : canonical.find(b"}", at) + 1]
            # A lifetime that we do not know is taken for the dearer one.
            long = b'"ttl":' in mark and b'"ttl":"5m"' not in mark and b'"ttl":null' not in mark
            five, hour = five or not long, hour or long
        return cls(len(canonical), five, hour)

    @classmethod
    def together(cls, parts: Iterable[Written], more: int) -> Written:
        """Add up the parts of a text, and `more` bytes that stand between them."""
        parts = list(parts)
        size = sum(part.size for part in parts) + more
        return cls(size, any(part.for_5m for part in parts), any(part.for_1h for part in parts))
