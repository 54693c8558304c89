"""What bursar adds, beside nothing at all and beside nginx, in one run: `python -m tests.bench.run [--seconds S]`.

The targets take turns in each scenario. Figures under `+` are less the direct one. CPU figures are the ones to trust
on a busy machine. The upstream, the load and the targets share the machine's cores.
"""

import argparse
import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.bench import client, process
from tests.kit.bursar import Bursar, free_ports
from tests.kit.fake_claude import ROOT

NGINX = """daemon off; master_process off; pid {home}/pid; error_log stderr; worker_rlimit_nofile 4096;
events {{ worker_connections 2048; }}
http {{ access_log off; client_body_temp_path {home}/body; proxy_temp_path {home}/proxy; client_max_body_size 64m;
  fastcgi_temp_path {home}/f; uwsgi_temp_path {home}/u; scgi_temp_path {home}/s; client_body_buffer_size 8m;
  keepalive_requests 1000000000;
  upstream up {{ server 127.0.0.1:{upstream}; keepalive 512; keepalive_requests 1000000000; }}
  server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://up; proxy_http_version 1.1; proxy_buffering off;
    proxy_set_header Connection ""; }} }} }}
"""


@dataclass(frozen=True)
class Target:
    """Something to measure: its address and its process, 0 for none."""

    name: str
    url: str
    pid: int
    upstream: str


Row = dict[str, float]


def small(target: Target, seconds: float) -> Row:
    """Eight connections, short whole answers."""
    found, cpu = _measured(
        target, client.closed_loop(target.url, client.body("n=12 size=400", stream=False), 8, seconds)
    )
    return {"small req/s": len(found) / seconds, "CPU ms/req": cpu * 1000 / len(found)}


def first_token(target: Target, seconds: float) -> Row:
    """One connection, short streams: the time to the first event."""
    found, _ = _measured(target, client.closed_loop(target.url, client.body("n=3 size=20", stream=True), 1, seconds))
    times = sorted((timed.first - timed.start) / 1e6 for timed in found)
    return {"TTFT p50 ms": median(times), "TTFT p99 ms": times[int(len(times) * 0.99)]}


def paced(target: Target, seconds: float, streams: int) -> Row:
    """Many streams of fifty events a second: how late each event is, and what it costs."""
    order = f"n={int(seconds * 50)} delay=20 size=30"
    found, cpu = _measured(target, client.at_once(target.url, client.body(order, stream=True), streams))
    lags = sorted(lag / 1e6 for timed in found for lag in timed.lags)
    assert all(timed.ok for timed in found), f"{target.name} lost a stream"
    figures = {f"lag p99 ms, {streams}": lags[int(len(lags) * 0.99)]}
    return figures | ({"CPU s/100k events": cpu * 1e5 / len(lags)} if streams == 64 else {})


def fast(target: Target, seconds: float) -> Row:
    """One stream at full speed."""
    found, _ = _measured(target, client.at_once(target.url, client.body("n=40000 size=30", stream=True), 1, 0))
    return {"fast MB/s": found[0].size / (found[0].end - found[0].start) * 1000}


def big(target: Target, seconds: float, megabytes: int) -> Row:
    """One connection, large bodies."""
    data = client.body("n=1", stream=False, size=megabytes << 20)
    found, _ = _measured(target, client.closed_loop(target.url, data, 1, seconds))
    return {f"body {megabytes} MB ms": median(timed.added / 1e6 for timed in found)}


def left(target: Target, seconds: float) -> Row:
    """A client that leaves: how long until the upstream is let go, with bytes flowing, none, and none yet."""
    cases = {"active": ("n=500 delay=20", 10), "silent": ("n=2 delay=9000", 1), "waiting": ("n=1 ttft=9000", 0)}
    return {f"left {name} ms": asyncio.run(_left(target, *case)) for name, case in cases.items()}


async def _left(target: Target, order: str, after: int) -> float:
    timed = await client.Connection(target.url).ask(client.body(order, stream=True), leave_after=after)
    for _ in range(100):
        await asyncio.sleep(0.05)
        gone = [at for at in await client.gone(target.upstream) if at > timed.end]
        if gone:
            return (gone[0] - timed.end) / 1e6
    return float("inf")


SCENARIOS: tuple[Callable[[Target, float], Row], ...] = (
    small,
    first_token,
    lambda target, seconds: paced(target, seconds, 64),
    lambda target, seconds: paced(target, seconds, 256),
    fast,
    lambda target, seconds: big(target, seconds, 1),
    lambda target, seconds: big(target, seconds, 5),
    left,
)


def main() -> None:
    """Measure all targets and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        upstream = stack.enter_context(_upstream())
        base = f"http://127.0.0.1:{upstream}"
        targets = [Target("direct", base, 0, base)]
        if shutil.which("nginx"):
            targets.append(stack.enter_context(_nginx(Path(folder), upstream)))
        targets.append(stack.enter_context(_bursar(Path(folder) / "bursar", upstream)))
        idle = {target.name: process.rss_mb(target.pid) for target in targets if target.pid}
        table = _rounds(targets, options.rounds, options.seconds)
        for name, row in table.items():
            row["RSS idle MB"] = idle.get(name, 0)
        _print(table)


def _rounds(targets: list[Target], rounds: int, seconds: float) -> dict[str, Row]:
    """Let the targets take turns; return the median of each figure."""
    rows: dict[str, list[Row]] = {target.name: [] for target in targets}
    for _ in range(rounds):
        for scenario in SCENARIOS:
            for target in targets:
                rows[target.name].append(scenario(target, seconds))
    return {name: _medians(found) for name, found in rows.items()}


def _medians(rows: list[Row]) -> Row:
    keys = {key: None for row in rows for key in row}
    return {key: median(row[key] for row in rows if key in row) for key in keys}


def _measured(target: Target, load: object) -> tuple[list[client.Timed], float]:
    before = process.cpu_s(target.pid) if target.pid else 0.0
    found: list[client.Timed] = asyncio.run(load)  # type: ignore[arg-type]
    time.sleep(0.3)  # What it writes after an answer belongs to the answer.
    return found, (process.cpu_s(target.pid) - before if target.pid else 0.0)


@contextmanager
def _upstream() -> Iterator[int]:
    command = [sys.executable, "-m", "tests.bench.upstream"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdin
        assert running.stdout
        try:
            yield int(running.stdout.readline())
        finally:
            running.stdin.close()


@contextmanager
def _nginx(folder: Path, upstream: int) -> Iterator[Target]:
    (port,) = free_ports(1)
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(home=folder, upstream=upstream, port=port), encoding="utf-8")
    with subprocess.Popen(["nginx", "-p", str(folder), "-c", str(config)], env=os.environ) as running:
        time.sleep(0.5)
        try:
            yield Target("nginx", f"http://127.0.0.1:{port}", running.pid, f"http://127.0.0.1:{upstream}")
        finally:
            running.terminate()


@contextmanager
def _bursar(home: Path, upstream: int) -> Iterator[Target]:
    base = f"http://127.0.0.1:{upstream}"
    with Bursar(home, base, budget="100000.00") as running:
        yield Target("bursar", running.url, running.pid, base)


def _print(table: dict[str, Row]) -> None:
    names = list(table)
    print(f"{'':20}" + "".join(f"{name:>12}" for name in names) + f"{'+ bursar':>12}")
    for key in table["bursar"]:
        row = [table[name].get(key, 0.0) for name in names]
        print(f"{key:20}" + "".join(f"{value:12.2f}" for value in row) + f"{row[-1] - row[0]:12.2f}")


if __name__ == "__main__":
    main()
