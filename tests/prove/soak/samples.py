"""Samples: how much memory, threads, descriptors and disk a process has while it works, and how that grows."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from tests.bench.process import PROC
from tests.prove.soak.inside import MB, Inside


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


@dataclass(frozen=True)
class Rest:
    """A look while nothing is asked; `agents` is how many had asked before, 0 before the first."""

    agents: int
    sample: Sample
    inside: Inside


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


def slope(rests: Sequence[Rest], memory: Callable[[Rest], float], requests: int = 10_000) -> float:
    """Fit lines through memory at rest, one for each number of agents, all as steep: MB for so many requests.

    0 where no number of agents was there twice.
    """
    pairs = [(rest.sample.requests - x, memory(rest) - y) for rest, x, y in _beside_its_mean(rests, memory)]
    spread = sum(across**2 for across, _ in pairs)
    return requests * sum(across * up for across, up in pairs) / (spread or 1)


def _beside_its_mean(rests: Sequence[Rest], memory: Callable[[Rest], float]) -> Iterator[tuple[Rest, float, float]]:
    """Give each rest with the means of requests and of memory of those after as many agents."""
    for rest in rests:
        alike = [one for one in rests if one.agents == rest.agents]
        yield rest, fmean(one.sample.requests for one in alike), fmean(map(memory, alike))


def _fields(path: Path) -> dict[str, int]:
    """Read lines such as `VmRSS:  1234 kB`."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    pairs = (line.split() for line in lines if ":" in line)
    return {words[0].rstrip(":"): int(words[1]) for words in pairs if len(words) > 1 and words[1].isdigit()}
