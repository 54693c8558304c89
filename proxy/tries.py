"""The local tries of one request: the best answer so far, and the one whose entry says what followed it."""

from __future__ import annotations

from collections.abc import Callable

from proxy.tried import Tried
from proxy.wire.answer import Answer


class Tries:
    """Keeps what was tried for one request; one thread at a time, the steps of its admission."""

    def __init__(self) -> None:
        self.best: Tried | None = None
        """No answer was good, or there would be no next try; this one is the least bad."""
        self._open: Tried | None = None

    @property
    def is_usable(self) -> bool:
        """Whether there is a whole answer to fall back on."""
        return self.best is not None and self.best.is_usable

    def keep(self, tried: Tried, *, is_open: bool = True) -> None:
        """Keep an answer if it is the best; its entry stays open until it is known what follows."""
        if self.best is None or tried.judgement.badness < self.best.judgement.badness:
            self.best = tried
        self._open = tried if is_open else None

    def followed(self, *, by_claude: bool) -> None:
        """Tell on the last entry that another attempt has its hold."""
        last, self._open = self._open, None
        if last:
            last.close(*([f"escalated: {last.judgement.why}"] if by_claude else []))

    def lost(self, why: str = "the agent left") -> None:
        """Tell on the last entry that nothing follows after all."""
        last, self._open = self._open, None
        if last:
            last.close(f"not escalated: {why}")

    def during(self, step: Callable[[], Answer]) -> Answer:
        """Take a step; the last entry is written even if that fails inside bursar."""
        try:
            return step()
        except BaseException:
            self.lost("bursar failed")
            raise

    def give_best(self, reason: str, why: str) -> Answer:
        """Give the best answer, or its error, because of `why` nothing better follows."""
        assert self.best is not None
        return self.best.answer(f"{reason}; {self._end(why)}")

    def _end(self, why: str) -> str:
        last, self._open = self._open, None
        told = f"kept: {why}" if self.is_usable else f"not escalated: {why}"
        if last:
            last.close(told)
        return told
