"""CPU time and memory of a process and its children, from /proc; zero where there is no /proc."""

import os
import time
from pathlib import Path

PROC = Path("/proc")
TICK = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


def tree(pid: int) -> list[int]:
    """Return a process and all that descend from it."""
    found = [pid]
    for at in found:
        for task in PROC.glob(f"{at}/task/*/children"):
            found += [int(child) for child in task.read_text().split()]
    return found


def cpu_s(pid: int) -> float:
    """Return the CPU seconds used so far, children included."""
    return sum(_fields(p) for p in tree(pid))


def rss_mb(pid: int) -> float:
    """Return the resident memory in megabytes."""
    pages = sum(int((PROC / str(p) / "statm").read_text().split()[1]) for p in tree(pid) if (PROC / str(p)).exists())
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6 if pages else 0.0


def _fields(pid: int) -> float:
    try:
        stat = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, stat[11:15])) / TICK


def busy_s() -> float:
    """Return the CPU seconds that all cores of the machine have been busy since it started."""
    try:
        fields = [int(field) for field in (PROC / "stat").read_text().splitlines()[0].split()[1:9]]
    except OSError:
        return 0.0
    return (sum(fields) - fields[3] - fields[4]) / TICK  # Without idle, and waiting for a disk.


def settle(pid: int, limit_s: float = 2.0) -> None:
    """Wait until a process has nothing left to do, at most so long."""
    end, before = time.monotonic() + limit_s, cpu_s(pid)
    while time.monotonic() < end:
        time.sleep(0.2)
        now = cpu_s(pid)
        if now - before <= 1 / TICK:
            return
        before = now
