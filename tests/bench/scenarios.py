"""The loads: what each one sends through a program, and which figures come of it."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from tests.bench import client, process
from tests.bench.asked import asked
from tests.bench.client import Timed
from tests.bench.figures import FOREIGN, NOTICED, Row, percentile
from tests.bench.programs import Program
from tests.bench.wire import MARK_BYTES

LEAVERS = 4
LEFT_AFTER_S = 0.4
LOOKED_AT_CHARS = 200
"""So much of a local answer bursar looks at before it shows any of it: these events come late on purpose."""
_ids = itertools.count()


@dataclass(frozen=True)
class Around:
    """What a load needs to know: the upstream behind the program, and for how long to measure."""

    upstream: str
    upstream_pid: int
    seconds: float


Scenario = Callable[[Program, Around], Row]


def first_token(program: Program, around: Around) -> Row:
    """One connection, short streams: the time to the first event."""
    bodies = [asked("n=3 size=20", stream=True)]
    found, _, row = measured(program, around, lambda: client.closed_loop(program.door, bodies, 1, around.seconds))
    times = [timed.first_token_ms for timed in found if timed.is_answered]
    return row | {"TTFT p50": percentile(times, 0.5), "TTFT p99": percentile(times, 0.99)}


def small(program: Program, around: Around, connections: int) -> Row:
    """So many connections, short whole answers."""
    bodies = [asked("n=12 size=400", stream=False)]
    found, cpu_s, row = measured(
        program, around, lambda: client.closed_loop(program.door, bodies, connections, around.seconds)
    )
    good = sum(timed.is_answered for timed in found)
    spent = max(timed.end for timed in found) - min(timed.start for timed in found)
    row[f"small requests, {connections} connections"] = good / spent * 1e9
    return row | ({"CPU a small request": cpu_s * 1000 / good} if connections == 8 and good else {})


def paced(program: Program, around: Around, streams: int) -> Row:
    """Many streams of fifty events a second: how late each event is, and what it costs."""
    events = int(max(around.seconds, 1) * 50)
    body = asked(f"n={events} delay=20 size=30", stream=True)
    limit_s = around.seconds + 20
    found, cpu_s, row = measured(program, around, lambda: client.at_once(program.door, body, streams, limit_s))
    looked_at = math.ceil(LOOKED_AT_CHARS / (MARK_BYTES + 30)) if program.translates else 0
    lags = [lag / 1e6 for timed in found for lag in timed.lags[looked_at:]]
    before = "translated: " if program.translates else ""
    row[f"{before}event lag p99, {streams} streams"] = percentile(lags, 0.99)
    if streams == 64 and lags:
        row[f"{before}CPU, 64 streams"] = cpu_s * 1e5 / sum(len(timed.lags) for timed in found)
    lost = streams - sum(timed.ok and len(timed.lags) == events for timed in found)
    return row | ({} if program.translates else {"lost streams of 64 and 256": float(lost)})


def fast(program: Program, around: Around) -> Row:
    """One stream at full speed."""
    body = asked("n=40000 size=30", stream=True)
    found, _, row = measured(program, around, lambda: client.at_once(program.door, body, 1, 30, 0))
    good = [timed.size / (timed.end - timed.start) * 1000 for timed in found if timed.is_answered]
    return row | {"one fast stream": good[0] if good else 0.0}


def big(program: Program, around: Around, megabytes: int) -> Row:
    """One connection, large bodies."""
    bodies = [asked("n=1", stream=False, size=megabytes * 10**6)]
    found, cpu_s, row = measured(program, around, lambda: client.closed_loop(program.door, bodies, 1, around.seconds))
    times = [timed.added_ms for timed in found if timed.is_answered]
    if megabytes == 5 and times:
        row["CPU a body of 5 MB"] = cpu_s * 1000 / len(times)
    return row | {f"body {megabytes} MB": median(times) if times else math.inf}


def left(program: Program, around: Around, kind: str) -> Row:
    """Clients that leave: how long until the upstream is let go, the slowest of them; infinite if one never was."""
    order = {"active": "n=500 delay=20", "silent": "n=2 delay=9000", "waiting": "n=1 ttft=9000"}[kind]
    names = [f"left{next(_ids)}" for _ in range(LEAVERS)]
    bodies = [asked(f"{order} id={name}", stream=True) for name in names]
    found = client.left(program.door, bodies, LEFT_AFTER_S)
    ends = dict(zip(names, (timed.end for timed in found), strict=True))
    until, gone = time.monotonic() + NOTICED, dict[str, int]()
    while time.monotonic() < until and not ends.keys() <= gone.keys():
        time.sleep(0.05)
        gone = client.gone(around.upstream)
    took = [max(0, gone[name] - end) / 1e9 if name in gone else math.inf for name, end in ends.items()]
    return {f"client left while {kind}": max(took)}


def measured(program: Program, around: Around, load: Callable[[], list[Timed]]) -> tuple[list[Timed], float, Row]:
    """Run a load; gives what came, the program's CPU seconds with those just after it, and what others used."""
    pids = [pid for pid in (program.pid, around.upstream_pid) if pid]
    cpu, busy, began = _cpu_s(program), process.busy_s(), time.monotonic()
    ours = time.process_time() + sum(map(process.cpu_s, pids))
    found = load()
    took, used = time.monotonic() - began, process.busy_s() - busy
    others = used - (time.process_time() + sum(map(process.cpu_s, pids)) - ours)
    if program.pid:
        process.settle(program.pid)  # What it writes after an answer belongs to the answer.
    return found, _cpu_s(program) - cpu, {FOREIGN: max(0.0, others / took)}


def _cpu_s(program: Program) -> float:
    return process.cpu_s(program.pid) if program.pid else 0.0


def _of(load: Callable[..., Row], *more: object) -> Scenario:
    return lambda program, around: load(program, around, *more)


SCENARIOS: dict[str, Scenario] = {
    "first token": first_token,
    "small, 8": _of(small, 8),
    "small, 64": _of(small, 64),
    "paced, 64": _of(paced, 64),
    "paced, 256": _of(paced, 256),
    "fast": fast,
    "big, 1": _of(big, 1),
    "big, 5": _of(big, 5),
}
"""Repeated each round."""

ABORTS: dict[str, Scenario] = {kind: _of(left, kind) for kind in ("active", "silent", "waiting")}
"""Run once: what they find does not depend on the moment."""

TRANSLATED: dict[str, Scenario] = {"paced, 64": SCENARIOS["paced, 64"]}
"""What programs that translate take part in."""
