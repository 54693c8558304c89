"""A local attempt that was tried: what it came to, and its hold, which is settled once it is known what follows it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from threading import Lock
from typing import Any

from budget.ledger import Settlement
from proxy.escalate import Judgement
from proxy.wire.answer import Answer

Settle = Callable[[Settlement], Future[Any] | None]
MOST_FLAG = 120


class Tried:
    """One attempt. Whoever has it closes it: exactly one of the closings counts, from any thread."""

    def __init__(
        self,
        judgement: Judgement,
        settlement: Settlement,
        settle: Settle,
        answer: Callable[[Future[Any] | None, str], Answer],
    ) -> None:
        self.judgement = judgement
        self._settlement, self._settle, self._answer = settlement, settle, answer
        self._settled: Future[Any] | None = None
        self._is_closed = False
        self._lock = Lock()

    @property
    def is_usable(self) -> bool:
        """Whether there is a whole answer, though perhaps not a good one."""
        return self.judgement.trouble is None

    def close(self, *flags: str) -> Future[Any] | None:
        """Settle it with these last flags; what was closed before stays as it is."""
        with self._lock:
            if not self._is_closed:
                self._is_closed = True
                told = (*self._settlement.flags, *(flag[:MOST_FLAG] for flag in flags))
                self._settled = self._settle(replace(self._settlement, flags=told))
            return self._settled

    def during(self, step: Callable[[], Answer]) -> Answer:
        """Take a step that follows it; it gets its entry even if that fails inside bursar."""
        try:
            return step()
        except BaseException:
            self.close()
            raise

    def answer(self, reason: str = "") -> Answer:
        """Give what the agent gets of it: the answer for this reason, or the error that says why there is none."""
        return self._answer(self.close(), reason)
