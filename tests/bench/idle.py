"""What bursar takes while nothing happens, with its icon shown: `python -m tests.bench.idle [--minutes M] [--threads]`.

Prints CPU as a share of one core, resident memory of the whole app, wake-ups a second (voluntary context switches), and
from the start of the process: until the panel has the icon, until the first request was answered through the proxy.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.process import PROC, cpu_s, rss_mb, tree
from tests.kit.bursar import Bursar
from tests.kit.desktop import Panel, PrivateBus
from tests.kit.fake_claude import FakeClaude
from tests.kit.raw import Client, message

SETTLES_S = 10.0
"""Until what a start brings has been done."""


def measure(home: Path, minutes: float, *, by_thread: bool) -> None:
    """Start, look at the icon once, wait, and tell."""
    with FakeClaude() as fake, desktop() as (bus, panel):
        here = {"DBUS_SESSION_BUS_ADDRESS": bus.address, "DISPLAY": ":no"}
        bursar = Bursar(home / "home", fake.url, mode=None, desktop=here)
        began = time.monotonic()
        seen: list[float] = []
        watch = threading.Thread(target=lambda: (panel.item(), seen.append(time.monotonic() - began)))
        watch.start()
        with bursar:
            with Client(bursar.url) as client:
                assert client.ask(message("hello")).status == 200
            answered = time.monotonic() - began
            watch.join()
            panel.properties()
            panel.read()
            print(f"start to icon {seen[0]:.2f} s, to the first answer through the proxy {answered:.2f} s")
            idle(bursar.pid, minutes, by_thread=by_thread)


def idle(pid: int, minutes: float, *, by_thread: bool) -> None:
    """Watch a process that has nothing to do."""
    time.sleep(SETTLES_S)
    cpu, woken, since = cpu_s(pid), wake_ups(pid), time.monotonic()
    time.sleep(minutes * 60)
    took = time.monotonic() - since
    now = wake_ups(pid)
    rate = sum(now.values()) - sum(woken.values())
    print(
        f"{minutes:g} minutes idle: CPU {(cpu_s(pid) - cpu) / took:.2%}, {rss_mb(pid):.1f} MB resident"
        f" ({private_mb(pid):.1f} MB of it no file's), {rate / took:.2f} wake-ups/s, {len(now)} threads"
    )
    if by_thread:
        for name in sorted(now, key=lambda name: woken.get(name, 0) - now[name]):
            print(f"    {(now[name] - woken.get(name, 0)) / took:6.2f} wake-ups/s  {name}")


def wake_ups(pid: int) -> dict[str, int]:
    """Count how often each thread has gone to wait, by its number and name."""
    found = {}
    for process in tree(pid):
        for task in (PROC / str(process) / "task").iterdir():
            status = dict(line.split(":\t", 1) for line in (task / "status").read_text().splitlines())
            found[f"{task.name} {status['Name']}"] = int(status["voluntary_ctxt_switches"])
    return found


def private_mb(pid: int) -> float:
    """Return the resident memory that is no file's, in megabytes."""
    rows = [(PROC / str(process) / "statm").read_text().split() for process in tree(pid)]
    return sum(int(row[1]) - int(row[2]) for row in rows) * os.sysconf("SC_PAGE_SIZE") / 1e6


@contextmanager
def desktop() -> Iterator[tuple[PrivateBus, Panel]]:
    """A desktop without a screen, and its panel."""
    bus = PrivateBus()
    bus.start()
    panel = Panel(bus.address)
    try:
        yield bus, panel
    finally:
        panel.close()
        bus.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--threads", action="store_true", help="tell which threads wake up")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="idle") as home:
        measure(Path(home), given.minutes, by_thread=given.threads)


if __name__ == "__main__":
    main()
