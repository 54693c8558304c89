"""How cost grows: `python -m tests.bench.growth [--quick] [--only AXIS…] [--json FILE]`.

With the size of bodies (10 KB to 5 MB), with streams at once (1 to 256), with the ledger's entries (a thousand to a
million), with sessions (1 to 1,000). Added times are less those of the same load without a proxy. Beside each figure:
with which power of the size it grows over the upper half of the points; 1 is in proportion, more is worse than that.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench import client, process
from tests.bench.asked import asked
from tests.bench.figures import FOREIGN, Row, medians, percentile, slope
from tests.bench.machine import ends_when_told, machine
from tests.bench.million import timed
from tests.bench.programs import Program, bursar, upstream
from tests.bench.scenarios import Around, measured, paced, small
from tests.bench.start_speed import filled
from tests.bench.table import said
from tests.kit.bursar import Bursar

SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000, 5_000_000)
STREAMS = (1, 4, 16, 64, 128, 256)
ENTRIES = (1_000, 10_000, 100_000, 1_000_000)
SESSIONS = (1, 10, 100, 1_000)
SESSION_BYTES = 30_000
MEASURED_REQUESTS = 1_000
ADDED, CPU = "added ms", "CPU ms a request"
STEEP = 1.15
"""A power above this is told as more than in proportion; below it is what measuring wobbles."""


@dataclass(frozen=True)
class Run:
    """What every axis needs: where to work, the upstream, seconds a point, rounds."""

    folder: Path
    around: Around
    rounds: int
    is_quick: bool

    def points(self, whole: Sequence[int]) -> Sequence[int]:
        """Take the points of an axis; a quick run leaves the largest out."""
        return whole[:-1] if self.is_quick else whole


def bodies(run: Run) -> dict[int, Row]:
    """One connection, bodies of each size in turn."""
    with _started(run, "bodies") as program:
        direct = Program("direct", run.around.upstream)
        return _rounds(run, SIZES, lambda size: _sized(program, direct, run.around, size))


def _sized(program: Program, direct: Program, around: Around, size: int) -> Row:
    data = [asked("n=1", stream=False, size=size)]
    plain, _, _ = measured(direct, around, lambda: client.closed_loop(direct.door, data, 1, around.seconds / 2))
    found, cpu_s, row = measured(program, around, lambda: client.closed_loop(program.door, data, 1, around.seconds))
    assert all(one.is_answered for one in found)
    return row | {
        ADDED: median(one.added_ms for one in found) - median(one.added_ms for one in plain),
        CPU: cpu_s * 1000 / len(found),
    }


def streams(run: Run) -> dict[int, Row]:
    """So many streams of fifty events a second at once."""
    with _started(run, "streams") as program:
        return _rounds(run, STREAMS, lambda count: _streamed(program, run.around, count))


def _streamed(program: Program, around: Around, count: int) -> Row:
    events = int(max(around.seconds, 1) * 50) * count
    before = process.cpu_s(program.pid)
    row = paced(program, around, count)
    used = process.cpu_s(program.pid) - before
    assert row["lost streams of 64 and 256"] == 0
    return {
        FOREIGN: row[FOREIGN],
        "event lag p99 ms": row[f"event lag p99, {count} streams"],
        "CPU s/100k events": used * 1e5 / events,
        "RSS MB": process.rss_mb(program.pid),
    }


def entries(run: Run) -> dict[int, Row]:
    """A ledger of so many entries: to start on it, to ask it, and what a request costs."""
    return {count: _on_ledger(run, count) for count in run.points(ENTRIES)}


def _on_ledger(run: Run, count: int) -> Row:
    kept = Bursar(
        run.folder / f"entries-{count}", run.around.upstream, mode="cloud", budget="100000.00", is_searched=False
    )
    filled(kept, count)
    starts, asks, weeks = [], [], []
    for _ in range(run.rounds):
        began = time.perf_counter()
        with kept:
            starts.append(time.perf_counter() - began)
            asks += [timed(kept.status) for _ in range(9)]
            weeks.append(timed(lambda: kept.api("/api/report")))
    with kept:
        program = Program("bursar", kept.url, running=kept.pid)
        row = medians([small(program, run.around, 8) for _ in range(run.rounds)])
        size = process.rss_mb(kept.pid)
    costs = {CPU: row["CPU a small request"], "RSS MB": size, FOREIGN: row[FOREIGN]}
    return costs | {"start s": median(starts), "status ms": median(asks) * 1000, "week s": median(weeks)}


def sessions(run: Run) -> dict[int, Row]:
    """Requests of so many sessions in turn, each known already, each set on a bursar of its own."""
    return {count: _of_sessions(run, count) for count in SESSIONS}


def _of_sessions(run: Run, count: int) -> Row:
    names = [f"{number:08x}-1111-4222-8333-444455556666" for number in range(count)]
    data = [asked("n=1", stream=False, size=SESSION_BYTES, session=name) for name in names]
    wanted = MEASURED_REQUESTS // (4 if run.is_quick else 1)
    direct = Program("direct", run.around.upstream)
    plain = client.each(direct.door, itertools.islice(itertools.cycle(data), wanted), 4)
    with _started(run, f"sessions-{count}") as program:
        client.each(program.door, data, 4)
        again = list(itertools.islice(itertools.cycle(data), wanted))
        found, cpu_s, row = measured(program, run.around, lambda: client.each(program.door, again, 4))
        assert all(one.is_answered for one in found)
        return row | {
            CPU: cpu_s * 1000 / len(found),
            ADDED: percentile([one.added_ms for one in found], 0.5) - percentile([one.added_ms for one in plain], 0.5),
            "RSS MB": process.rss_mb(program.pid),
        }


AXES: dict[str, Callable[[Run], dict[int, Row]]] = {
    "bodies": bodies,
    "streams": streams,
    "entries": entries,
    "sessions": sessions,
}


def _rounds(run: Run, points: Sequence[int], measure: Callable[[int], Row]) -> dict[int, Row]:
    """Take each point once a round, and the medians over the rounds."""
    rows: dict[int, list[Row]] = {point: [] for point in points}
    for _ in range(run.rounds):
        for point in points:
            rows[point].append(measure(point))
    return {point: medians(found) for point, found in rows.items()}


@contextmanager
def _started(run: Run, name: str) -> Iterator[Program]:
    folder = run.folder / name
    folder.mkdir()
    program = bursar(folder, run.around.upstream)
    program.start()
    try:
        yield program
    finally:
        program.stop()


def power(points: dict[int, Row], figure: str) -> float:
    """Tell with which power of the size a figure grows, over the upper half of the points."""
    upper = sorted(points)[len(points) // 2 - (len(points) % 2 == 0) :]
    return slope([(point, points[point][figure]) for point in upper])


def written(axis: str, points: dict[int, Row]) -> str:
    """Write one axis as markdown, with the powers below."""
    names = [name for name in next(iter(points.values())) if name != FOREIGN]
    rows = [[f"{point:,}", *(said(row[name]) for name in names), said(row[FOREIGN])] for point, row in points.items()]
    grown = [power(points, name) for name in names]
    rows.append(["grows with power", *("–" if math.isnan(one) else f"{one:.2f}" for one in grown), ""])
    lines = [[axis, *names, FOREIGN], ["---:"] * (len(names) + 2), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def main() -> None:
    """Measure the axes, print and write them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", choices=list(AXES), default=list(AXES))
    parser.add_argument("--quick", action="store_true", help="short, one round, no million entries")
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    seconds, rounds = (0.5, 1) if options.quick else (options.seconds, options.rounds)
    found: dict[str, Any] = {}
    ends_when_told()
    with tempfile.TemporaryDirectory(prefix="growth") as folder, upstream() as (base, pid):
        run = Run(Path(folder), Around(base, pid, seconds), rounds, options.quick)
        for axis in options.only:
            found[axis] = AXES[axis](run)
            print(written(axis, found[axis]), end="\n\n", flush=True)
    if options.json:
        whole = {"machine": machine(), "options": {"seconds": seconds, "rounds": rounds}, "axes": found}
        options.json.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
