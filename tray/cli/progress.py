"""Progress: what a long command is at, on stderr; a terminal sees its seconds counted, a file plain lines."""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType
from typing import IO

TICK_S = 1.0


class Progress:
    """Shows one step after the other; `with` it, so that its last line is taken away."""

    def __init__(self, to: IO[str] | None = None) -> None:
        self._to = to or sys.stderr
        self._on_terminal = self._to.isatty()
        self._step = ""
        self._since = 0.0
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._ticking: threading.Thread | None = None

    def step(self, said: str) -> None:
        """Show the step that begins."""
        with self._lock:
            self._step, self._since = said, time.monotonic()
            if not self._on_terminal:
                self._write(f"{said}\n")
                return
        self._show()
        if self._ticking is None:
            self._ticking = threading.Thread(target=self._tick, name="progress", daemon=True)
            self._ticking.start()

    def _tick(self) -> None:
        while not self._done.wait(TICK_S):
            self._show()

    def _show(self) -> None:
        with self._lock:
            seconds = int(time.monotonic() - self._since)
            self._write(f"\r\033[K{self._step} … {seconds} s")

    def _write(self, said: str) -> None:
        self._to.write(said)
        self._to.flush()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._done.set()
        if self._ticking is not None:
            self._ticking.join(TICK_S)
            self._write("\r\033[K")
