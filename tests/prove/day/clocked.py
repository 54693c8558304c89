"""A real bursar, from its composition root on, whose clock is told the moment: a day passes as fast as it can be sent.

`python -m tests.prove.day.clocked HOME` serves until stdin closes; each line of stdin is a moment of the day in seconds
and is answered by an empty line once all of bursar lives in it. Wall clock and elapsed time move together, as in a day
that is lived through. What waits for sockets waits in real time.
"""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

from tests.kit.bursar import Bursar
from tests.kit.canary import in_processes
from tests.kit.fake_claude import ROOT
from tray.app import build
from tray.paths import Paths
from tray.settings import load

MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)
"""The day whose prices are in force."""
BEGINS_S = 8 * 3600.0


class Moment:
    """The time of the day, in seconds."""

    def __init__(self) -> None:
        self.seconds = BEGINS_S

    def clock(self) -> datetime:
        """Give the wall clock's time."""
        return MIDNIGHT + timedelta(seconds=self.seconds)

    def elapsed(self) -> float:
        """Give the time that has passed."""
        return self.seconds


class Clocked(Bursar):
    """Runs it in a process of its own, by `module`; `turn_to` moves its clock."""

    module = "tests.prove.day.clocked"
    arguments: tuple[str, ...] = ()
    """More for the command line."""
    _process: subprocess.Popen[bytes] | None

    def turn_to(self, seconds: float) -> None:
        """Set bursar's clock to a moment of the day, and wait until it shows it."""
        self.order(str(seconds))

    def order(self, line: str) -> str:
        """Say a line to its stdin, and wait for the line that answers it."""
        assert self._process
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{line}\n".encode())
        self._process.stdin.flush()
        return self._process.stdout.readline().decode()

    def stop(self, seconds: float = 40) -> int:
        """Close its stdin, wait, and return its exit code."""
        assert self._process
        assert self._process.stdin
        assert self._process.stdout
        shown = in_processes(self.pid)
        self._process.stdin.close()
        code = self._process.wait(seconds)
        self._process.stdout.close()
        self._process = None
        self._has_kept_nothing(shown)
        return code

    def _begin(self, output: IO[bytes], environment: dict[str, str]) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", self.module, str(self.home), *self.arguments]
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": output}
        return subprocess.Popen(command, cwd=ROOT, env=environment, **pipes)


def main() -> None:
    """Serve."""
    moment, paths = Moment(), Paths.of({}, home=Path(sys.argv[1]))
    settings = load(paths.config_file, lambda: "UTC")
    app = build(lambda: settings, paths, clock=moment.clock, elapsed=moment.elapsed, environ={}, on_screen=False)
    app.start()
    for line in sys.stdin:
        moment.seconds = max(moment.seconds, float(line))
        print(flush=True)
    app.close(1.0)


if __name__ == "__main__":
    main()
