"""Jobs for the writer: something to hold, something to settle, something to command."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

from budget.admission import admit
from budget.book import Book
from budget.entries import Settled, Settlement
from budget.holds import Ask, Held, Refused
from budget.settlement import settle

T = TypeVar("T")

_log = logging.getLogger(__name__)


class Reserving:
    """A request that waits for its hold. Nobody waits for ever: whoever gave up has a hold voided, not leaked."""

    essential = False

    def __init__(self, ask: Ask, void: Callable[[int], object]) -> None:
        self._ask = ask
        self._void = void
        self._answered = threading.Lock()
        self._answered.acquire()
        self._turn = threading.Lock()
        self._left = False
        self._result: Held | Refused | Exception | None = None

    def work(self, book: Book) -> Held | Refused:
        """Admit or refuse."""
        return admit(book, self._ask)

    def done(self, result: Held | Refused) -> None:
        """Wake whoever waits."""
        with self._turn:
            self._result = result
            left = self._left
        self._answered.release()
        if left and isinstance(result, Held):
            self._void(result.hold_id)

    def failed(self, error: Exception) -> None:
        """Wake whoever waits, with what went wrong."""
        self._result = error
        self._answered.release()

    def wait(self, patience_s: float) -> Held | Refused | Exception | None:
        """Wait for the answer; None if it did not come in time, and then it never counts."""
        if self._answered.acquire(timeout=patience_s):
            return self._result
        with self._turn:
            self._left = self._result is None
            return self._result


class Settling:
    """A settlement under way: kept until it is written."""

    essential = True

    def __init__(self, hold_id: int, settlement: Settlement) -> None:
        self._hold_id = hold_id
        self._settlement = settlement
        self.future: Future[Settled] = _certain()

    def work(self, book: Book) -> Settled:
        """Turn the hold into its entry."""
        return settle(book, self._hold_id, self._settlement)

    def done(self, result: Settled) -> None:
        """Tell whoever asked."""
        self.future.set_result(result)

    def failed(self, error: Exception) -> None:
        """Tell whoever asked, and the log: nobody may be asking."""
        _log.error("ledger: hold %d was not settled: %s", self._hold_id, error)
        self.future.set_exception(error)


class Commanding(Generic[T]):
    """A person's command, answered when it is durable."""

    def __init__(self, command: Callable[[Book], T], *, essential: bool = False) -> None:
        self._command = command
        self.essential = essential
        self.future: Future[T] = _certain()

    def work(self, book: Book) -> T:
        """Do it."""
        return self._command(book)

    def done(self, result: T) -> None:
        """Answer."""
        self.future.set_result(result)

    def failed(self, error: Exception) -> None:
        """Answer that it was not done."""
        self.future.set_exception(error)


def _certain() -> Future[Any]:
    """Make a future that cannot be cancelled: what was handed in is written."""
    future: Future[Any] = Future()
    future.set_running_or_notify_cancel()
    return future
