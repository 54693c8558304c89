"""How long `bursar serve` takes to its first /health: `python -m tests.bench.start_speed [--entries N] [--times T]`.

The ledger holds so many entries, with all that real ones have, over 550 days up to today; the first start after them
finds the files in the system's memory, as after a log-out. Also told: `bursar status` as a whole process and over the
wire, and what an entry takes on disk.
"""

import argparse
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from tests.bench.report_speed import settle_sums
from tests.bench.savings_speed import DAYS, fill
from tests.kit.bursar import Bursar
from tests.kit.fake_claude import ROOT

NOBODY = "http://127.0.0.1:9"


def filled(bursar: Bursar, entries: int) -> None:
    """Let it make its ledger, and fill that up to today."""
    with bursar:
        pass
    today = datetime.now(UTC).date()
    fill(bursar.database, entries, today - timedelta(days=DAYS - 1))
    settle_sums(bursar.database)


def starts(bursar: Bursar, times: int) -> None:
    """Start it so often, and print how long that takes."""
    took, busy, asked, whole = [], [], [], []
    for _ in range(times):
        began = time.perf_counter()
        bursar.start()
        took.append(time.perf_counter() - began)
        busy.append(_processor_s(bursar.pid))
        for _ in range(9):
            asked.append(_timed(bursar.status))
        command = [sys.executable, "-m", "tray", "--home", str(bursar.home), "status"]
        whole.append(_timed(lambda c=command: subprocess.run(c, check=True, capture_output=True, cwd=ROOT)))  # type: ignore[misc]
        bursar.stop()
    bursar.start()
    bursar.kill()
    killed = [_timed(bursar.start)]
    bursar.stop()
    for what, figures in (
        ("after kill -9", killed),
        ("serve to /health", took),
        ("of it on the processor", busy),
        ("GET /api/status", asked),
        ("bursar status, the process", whole),
    ):
        print(f"  {what:32} median {median(figures) * 1000:8.1f} ms, worst {max(figures) * 1000:8.1f} ms")


def sizes(database: Path, entries: int) -> None:
    """Print what an entry takes, by table and index."""
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute(
            "SELECT name, sum(pgsize) FROM dbstat GROUP BY name ORDER BY 2 DESC LIMIT 8"
        ).fetchall()
    for name, size in [("all", database.stat().st_size), *rows]:
        print(f"  {name:32} {size / entries:8.0f} bytes an entry")


def _processor_s(pid: int) -> float:
    """Tell for how long a process has had the processor so far: what a busy machine does not change; zero elsewhere."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return 0.0
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main() -> None:
    """Fill a ledger, start on it, and weigh it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bursar = Bursar(Path(folder) / "home", NOBODY, mode=None, is_searched=False)
        filled(bursar, asked.entries)
        print(f"{asked.entries:,} entries over {DAYS} days, {bursar.database.stat().st_size / 1e6:,.0f} MB")
        starts(bursar, asked.times)
        sizes(bursar.database, asked.entries)


if __name__ == "__main__":
    main()
