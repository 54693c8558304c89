"""The curtain: what of a local answer nobody is shown yet, because it may still turn out to be a bad one."""

from __future__ import annotations

from collections.abc import Callable

from proxy.toolcalls.signals import has_raw_markers, repeats_itself

FIRST_CHARS = 200
"""So much of a text has to be well before it is shown as it comes."""
MOST_HELD = 32 * 1024 * 1024
"""Bytes kept for one answer; more is no answer."""

_ROLES = ("assistant\n", "assistant:", "<|assistant", "user\n", "human:")
"""How a text begins that goes on with the prompt's form instead of answering it."""


class Curtain:
    """Keeps an answer's bytes back: all of them where it `stays` shut, else until the beginning has proved good."""

    def __init__(self, *, stays: bool) -> None:
        self.is_open = False
        self.stays = stays
        self._behind: list[bytes] = []
        self._size = 0

    @property
    def is_full(self) -> bool:
        """Tell whether more came than is kept."""
        return self._size > MOST_HELD

    def take(self, data: bytes, text: Callable[[], str]) -> bytes:
        """Take the next bytes, of an answer whose text so far is `text()`; give those that may be shown now."""
        if self.is_open:
            return data
        if data and not self.is_full:
            self._behind.append(data)
            self._size += len(data)
        if self.stays or not self._has_begun_well(text()):
            return b""
        self.is_open = True
        return self.rest()

    def rest(self) -> bytes:
        """Give all that was kept back."""
        data, self._behind, self._size = b"".join(self._behind), [], 0
        return data

    def _has_begun_well(self, text: str) -> bool:
        """Tell whether enough is there and nothing is wrong with it; what is stays behind to the end."""
        if len(text) < FIRST_CHARS:
            return False
        self.stays = has_raw_markers(text) or repeats_itself(text) or begins_wrong(text)
        return not self.stays


def begins_wrong(text: str) -> bool:
    """Tell whether a text begins as no answer does: with the role of who speaks, or with a broken character."""
    start = text.lstrip()[:20].lower()
    return start.startswith(_ROLES) or "�" in text[:20]
