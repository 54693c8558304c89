"""A real bursar whose clock is told the moment, with the pings that are due on the way: `… day.keeping HOME FAKE`.

As in `clocked`, each line of stdin is a moment in seconds. Before it is reached the keeper looks at each moment at
which something is due, with the fake Claude told the same moment; the answer is an empty line.
"""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import IO, Any

from proxy.keeper.keeper import Keeper
from tests.kit.fake_claude import ROOT
from tests.kit.telling import turn_fake
from tests.prove.day.clocked import MIDNIGHT, Clocked, Moment
from tray.app import build
from tray.paths import Paths
from tray.settings import load


class Kept(Clocked):
    """Runs it in a process of its own."""

    def __init__(self, home: Path, cloud: str, **settings: Any) -> None:
        self._cloud_url = cloud
        super().__init__(home, cloud, **settings)

    def kill(self) -> None:
        """End it at once, and the pipes to it."""
        assert self._process
        pipes = self._process.stdin, self._process.stdout
        super().kill()
        for pipe in pipes:
            assert pipe
            pipe.close()

    def _begin(self, output: IO[bytes], environment: dict[str, str]) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.prove.day.keeping", str(self.home), self._cloud_url]
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": output}
        return subprocess.Popen(command, cwd=ROOT, env=environment, **pipes)


def pass_time(keeper: Keeper, moment: Moment, until: float, fake: str) -> None:
    """Let time pass up to a moment, and the keeper look at whatever is due on the way."""
    while (due := keeper.next_due()) is not None:
        at = max((due - MIDNIGHT) / timedelta(seconds=1), moment.seconds)
        if at >= until:
            break
        turn(moment, at, fake)
        keeper.tick()
        while keeper.is_busy():
            time.sleep(0.001)
        if keeper.next_due() == due:
            break  # Nothing was decided: there is no room, or a request is under way.
    turn(moment, until, fake)


def turn(moment: Moment, seconds: float, fake: str) -> None:
    """Set both clocks."""
    moment.seconds = max(moment.seconds, seconds)
    turn_fake(fake, moment.seconds)


def main() -> None:
    """Serve."""
    moment, paths = Moment(), Paths.of({}, home=Path(sys.argv[1]))
    app = build(
        lambda: load(paths.config_file, lambda: "UTC"),
        paths,
        clock=moment.clock,
        elapsed=moment.elapsed,
        environ={},
        on_screen=False,
    )
    app.start()
    keeper = app.services.keeper
    assert keeper is not None
    for line in sys.stdin:
        pass_time(keeper, moment, float(line), sys.argv[2])
        print(flush=True)
    app.close(1.0)


if __name__ == "__main__":
    main()
