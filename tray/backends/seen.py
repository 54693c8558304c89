"""Seen: whether a panel has shown the icon in good time."""

from __future__ import annotations

import time

UNSEEN_AFTER_S = 20.0


class Seen:
    """Notices once that no panel has shown the icon for a while after the start."""

    def __init__(self, after_s: float) -> None:
        self._after_s = after_s
        self._since: float | None = None
        self._is_settled = False

    def left_s(self) -> float | None:
        """Give the seconds until `is_missed` wants to be asked again; None when it needs not be."""
        if self._is_settled:
            return None
        if self._since is None:
            self._since = time.monotonic()
        return max(0.0, self._since + self._after_s - time.monotonic())

    def is_missed(self, has_host: bool) -> bool:
        """Tell whether this is the moment to say that nobody sees the icon: at most once."""
        is_late = self.left_s() == 0.0
        missed = is_late and not has_host
        self._is_settled = self._is_settled or has_host or is_late
        return missed
