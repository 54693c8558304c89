"""Samples: how much memory, threads, descriptors and disk a process has while it works, and how that grows."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.process import PROC

MB = 1_000_000


@dataclass(frozen=True)
class Sample:
    """One look; memory in MB, disk in bytes."""

    requests: int
    rss: float
    pss: float
    threads: int
    descriptors: int
    log_bytes: int
    db_bytes: int


def look(pid: int, home: Path, requests: int) -> Sample:
    """Take a sample; memory, threads and descriptors only where there is /proc."""
    place = PROC / str(pid)
    status = _fields(place / "status")
    return Sample(
        requests,
        status.get("VmRSS", 0) * 1024 / MB,
        _fields(place / "smaps_rollup").get("Pss", 0) * 1024 / MB,
        status.get("Threads", 0),
        len(os.listdir(place / "fd")) if place.exists() else 0,
        sum(path.stat().st_size for path in home.glob("*.log*")),
        sum(path.stat().st_size for path in (home / "ledger").glob("ledger.db*")),
    )


def slope(samples: Sequence[Sample], requests: int = 10_000) -> float:
    """Fit a line through resident memory: MB for so many requests; 0 for fewer than three samples."""
    if len(samples) < 3:
        return 0.0
    count = len(samples)
    mean_x = sum(one.requests for one in samples) / count
    mean_y = sum(one.rss for one in samples) / count
    spread = sum((one.requests - mean_x) ** 2 for one in samples)
    return requests * sum((one.requests - mean_x) * (one.rss - mean_y) for one in samples) / (spread or 1)


def _fields(path: Path) -> dict[str, int]:
    """Read lines such as `VmRSS:  1234 kB`."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    pairs = (line.split() for line in lines if ":" in line)
    return {words[0].rstrip(":"): int(words[1]) for words in pairs if len(words) > 1 and words[1].isdigit()}
