"""What a long ledger costs a person: starting on it, asking for today, and for the week."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from tests.bench.figures import Row
from tests.bench.start_speed import NOBODY, filled
from tests.kit.bursar import Bursar
from tests.kit.fake_claude import ROOT

ASKED = 9


def million(folder: Path, entries: int, times: int = 3) -> Row:
    """Fill a ledger with so many entries over 550 days, and time what reads it; medians, each week after a start."""
    bursar = Bursar(folder / f"ledger-{entries}", NOBODY, mode=None, is_searched=False)
    filled(bursar, entries)
    starts, asked, weeks, whole = [], [], [], []
    for _ in range(times):
        began = time.perf_counter()
        with bursar:
            starts.append(time.perf_counter() - began)
            asked += [timed(bursar.status) for _ in range(ASKED)]
            weeks.append(timed(lambda: bursar.api("/api/report")))
            command = [sys.executable, "-m", "tray", "--home", str(bursar.home), "report"]
            whole.append(timed(lambda c=command: subprocess.run(c, check=True, capture_output=True, cwd=ROOT)))  # type: ignore[misc]
    return {
        "a million entries: status": median(asked) * 1000,
        "a million entries: week": median(weeks),
        "a million entries: bursar report, the process": median(whole),
        "a million entries: start": median(starts),
    }


def timed(work: Callable[[], object]) -> float:
    """Do something, and give the seconds that it took."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
