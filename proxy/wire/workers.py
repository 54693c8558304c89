"""Workers: threads that take calls in turn, begun as they are needed."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue

from proxy.wire.faults import log_fault

log = logging.getLogger(__name__)

Call = Callable[[], object]


class Workers:
    """Has calls made in up to `most` threads; `submit` and `end` are called by one thread at a time.

    A call's result is nobody's, so that none has to be kept: that halves what a pool of futures costs.
    """

    def __init__(self, most: int, name: str) -> None:
        self._most, self._name = most, name
        self._calls: SimpleQueue[Call | None] = SimpleQueue()
        self._free: deque[None] = deque()
        """An entry for each thread that waits, and is not yet counted on for a call."""
        self._threads: list[threading.Thread] = []
        self._has_ended = False

    def submit(self, call: Call) -> None:
        """Have a thread make this call, in turn; raises RuntimeError once they have ended."""
        if self._has_ended:
            raise RuntimeError("the workers have ended")
        self._calls.put(call)
        if self._free:
            self._free.pop()
        elif len(self._threads) < self._most:
            name = f"{self._name}-{len(self._threads)}"
            self._threads.append(threading.Thread(target=self._work, name=name, daemon=True))
            self._threads[-1].start()

    def end(self, seconds: float) -> None:
        """Make no call that has not been begun, and wait so long for the others."""
        self._has_ended = True
        while not self._calls.empty():
            self._calls.get_nowait()
        for _ in self._threads:
            self._calls.put(None)
        until = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _work(self) -> None:
        while call := self._calls.get():
            try:
                call()
            except Exception as error:  # noqa: BLE001 - the top of a thread.
                log_fault(log, "a worker's call failed", error)
            del call  # It may hold a large request.
            self._free.append(None)
