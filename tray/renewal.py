"""Renewal: a packaged bursar whose program was replaced while it runs begins anew, as the program that took its place.

An upgrade of the Debian package does that. The process keeps its number, so that who started it is content; its agents
wait for as long as a start takes.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

from budget.clock import Elapsed
from tray.scheduler import Job, every

Identity = tuple[int, ...]
"""What tells one file from another that has its name: device, number, size, moment of writing."""

PAUSE = timedelta(seconds=10)
PATIENCE_S = 600.0
"""For how long an idle moment is waited for; then answers under way are given the time that a Quit gives them."""
TRIAL_S = 60.0

log = logging.getLogger(__name__)


class Renewal:
    """Watches the program's file; asks to begin anew, once, when another lies there, works, and nothing is under way.

    The file must have been the same twice: an upgrade that is half done may change it again.
    """

    def __init__(
        self,
        identity: Callable[[], Identity | None],
        is_busy: Callable[[], bool],
        works: Callable[[], bool],
        begin_anew: Callable[[], None],
        elapsed: Elapsed,
    ) -> None:
        """Take the file as it is now for the one that runs; no identity means that there is no file."""
        self._identity, self._is_busy, self._works = identity, is_busy, works
        self._begin_anew, self._elapsed = begin_anew, elapsed
        self._settled = self._seen = identity()
        self._since_s = elapsed()

    def look(self) -> None:
        """Look once; to be called again and again."""
        now = self._identity()
        if now is None or now == self._settled:
            self._seen = self._settled
        elif now != self._seen:
            self._seen, self._since_s = now, self._elapsed()
        elif not self._is_busy() or self._elapsed() - self._since_s >= PATIENCE_S:
            self._settled = now
            self._change_over()

    def _change_over(self) -> None:
        if self._works():
            log.info("the program was replaced; bursar begins anew")
            self._begin_anew()
        else:
            log.error("the program was replaced by one that cannot start here; bursar goes on as the one of before")


def renewal_jobs(
    is_busy: Callable[[], bool], begin_anew: Callable[[], None], elapsed: Elapsed, leaving: threading.Event
) -> tuple[Job, ...]:
    """Give the job that watches a packaged program; none from source, nor on Windows, where no running file changes.

    `leaving` ends a trial that is under way, so that nobody waits for it who has asked bursar to quit.
    """
    if not getattr(sys, "frozen", False) or sys.platform == "win32":
        return ()
    program = Path(sys.executable)
    renewal = Renewal(
        lambda: identity(program), is_busy, lambda: works(program, sys.argv[1:], leaving), begin_anew, elapsed
    )
    return (Job("renewal", renewal.look, every(PAUSE), PAUSE),)


def identity(program: Path) -> Identity | None:
    """Say which file lies there; None if none does."""
    try:
        found = program.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def works(program: Path, arguments: Sequence[str], leaving: threading.Event) -> bool:
    """Tell whether a program says that it could start; one that cannot would leave agents without bursar.

    An older one may not: it does not know what this one made of the ledger, or what stands in the settings by now.
    Once `leaving` is set, nobody waits for its answer any more, and it counts as none.
    """
    command = [str(program), *arguments, *(() if "serve" in arguments else ("serve",)), "--trial"]
    nothing = subprocess.DEVNULL
    try:
        trial = subprocess.Popen(command, stdin=nothing, stdout=nothing, stderr=nothing)
    except OSError:
        return False
    with trial:
        threading.Thread(target=_end_when, args=(trial, leaving), name="trial", daemon=True).start()
        try:
            return trial.wait(TRIAL_S) == 0
        except subprocess.TimeoutExpired:
            trial.kill()
            return False


def _end_when(trial: subprocess.Popen[bytes], leaving: threading.Event) -> None:
    """End a trial as soon as bursar leaves; it has nothing open that would be lost."""
    while trial.poll() is None:
        if leaving.wait(0.1):
            trial.kill()
            return


def start_anew() -> None:
    """Become the program that lies where this one's lay, with the same arguments; never comes back."""
    os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
