"""An answer in one piece: one JSON object where a stream may come as well; its first byte tells."""

from __future__ import annotations

from proxy.translate.errors import failure
from proxy.translate.happenings import Happening

WHOLE_LIMIT_BYTES = 64 * 1024 * 1024
"""An answer in one piece may hold a logprob for each of its tokens, which makes it some fifty times as long."""


class Whole:
    """Collects such an answer; `is_one` once its first byte has shown that it is one."""

    def __init__(self) -> None:
        self._body: bytearray | None = None
        self._begun = False

    @property
    def is_one(self) -> bool:
        """Tell whether the answer is one object."""
        return self._body is not None

    def begin(self, chunk: bytes) -> bytes:
        """Look at the first byte that is no blank, and return what follows the blanks."""
        if self._begun:
            return chunk
        chunk = chunk.lstrip(b" \t\r\n")
        if chunk:
            self._begun = True
            self._body = bytearray() if chunk.startswith(b"{") else None
        return chunk

    def collect(self, chunk: bytes) -> list[Happening]:
        """Keep the next bytes, within reason."""
        assert self._body is not None
        self._body += chunk
        if len(self._body) <= WHOLE_LIMIT_BYTES:
            return []
        self._body.clear()
        return [failure("it sent an answer too large to read")]

    def take(self) -> bytes | None:
        """Return the whole body at its end; None where it was a stream."""
        body, self._body = self._body, None
        return None if body is None else bytes(body)
