"""Errands: a thread that runs what takes its time, so that the bus is never kept waiting."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)

MOST = 32  # Clicks that a person can have waiting.


class Errands:
    """Jobs, run one after the other in the order they came in."""

    def __init__(self) -> None:
        self._jobs: queue.Queue[Callable[[], None] | None] = queue.Queue(MOST)
        self._thread = threading.Thread(target=self._run, name="tray-errands", daemon=True)
        self._thread.start()

    def give(self, job: Callable[[], None]) -> None:
        """Have a job run soon; when too many are waiting, it is left out and the log says so."""
        try:
            self._jobs.put_nowait(job)
        except queue.Full:
            log.warning("the tray is too busy for a click")

    def give_if_idle(self, job: Callable[[], None]) -> None:
        """Have a job run soon, unless others wait; for what may be left out."""
        if self._jobs.empty():
            self.give(job)

    def end(self, timeout_s: float = 5.0) -> None:
        """Let what was given finish, but do not wait for ever."""
        self.give_last()
        self._thread.join(timeout_s)

    def give_last(self) -> None:
        """Say that nothing more comes; a full queue loses its oldest job for it."""
        while True:
            try:
                return self._jobs.put_nowait(None)
            except queue.Full:
                self._jobs.get()

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                job()
            except Exception:  # The top of a thread: the next click must still work.
                log.exception("a click in the tray failed")
