"""Signals: being asked to leave, waited for without losing a request to."""

from __future__ import annotations

import signal
import socket
from contextlib import suppress

LEAVE = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")


class Signals:
    """The requests to leave, as bytes in a socket.

    The interpreter writes a byte the moment a signal arrives, in whichever thread. A handler in Python would run later
    and in the main thread only: one that waits for a lock just then sleeps on, and a lock it holds stays held.
    """

    def __init__(self) -> None:
        self._read, self._write = socket.socketpair()
        self._write.setblocking(False)
        self.is_coming_back = self._is_leaving = False

    def listen(self) -> None:
        """Take the signals of this process; main thread only."""
        for name in LEAVE:
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), _do_nothing)
        signal.set_wakeup_fd(self._write.fileno(), warn_on_full_buffer=False)

    def leave(self) -> None:
        """Ask to leave as a signal does; from any thread, and again for the second time."""
        self._ask()

    def begin_anew(self) -> None:
        """Ask to leave and to come back as the program that took this one's place; who leaves already, does not."""
        if not self._is_leaving:
            self.is_coming_back = True
            self._ask()

    def _ask(self) -> None:
        with suppress(BlockingIOError):  # Full: it was asked for more than once already.
            self._write.send(b"\0")

    def wait(self, at_most_s: float | None = None) -> bool:
        """Wait for one, for so long at most; tells whether it came."""
        self._read.settimeout(at_most_s)
        try:
            self._is_leaving = bool(self._read.recv(1))
            return self._is_leaving
        except (TimeoutError, BlockingIOError):
            return False


def _do_nothing(number: int, frame: object) -> None:
    """Stand where a handler must be for the interpreter to write its byte."""
