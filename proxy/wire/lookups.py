"""Lookups of names, in threads that nobody waits for at the end: a resolver that hangs holds up no exit."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any

_Call = Callable[[], None]


class Lookups(ThreadPoolExecutor):
    """An executor of daemon threads; asyncio takes none that is not of this class.

    The interpreter joins the threads of a plain one before it ends, which is minutes where no resolver answers.
    """

    def __init__(self, most: int, name: str) -> None:
        super().__init__(1)
        self._most, self._name = most, name
        self._waiting: SimpleQueue[_Call | None] = SimpleQueue()
        self._changing = threading.Lock()
        self._started = self._busy = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Have a thread call this; another one is begun while all are busy and there are not too many."""
        future: Future[Any] = Future()
        with self._changing:
            self._busy += 1
            if self._busy > self._started < self._most:
                self._started += 1
                threading.Thread(target=self._work, name=f"{self._name}-{self._started}", daemon=True).start()
        self._waiting.put(lambda: _run(future, lambda: fn(*args, **kwargs)))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let the threads end once they are done; waits for none."""
        for _ in range(self._started):
            self._waiting.put(None)

    def _work(self) -> None:
        while call := self._waiting.get():
            call()
            with self._changing:
                self._busy -= 1


def _run(future: Future[Any], call: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        found = call()
    except BaseException as error:  # noqa: BLE001 - the top of a thread: whoever asked hears of it.
        future.set_exception(error)
    else:
        future.set_result(found)
