"""The figures that are measured, what each must be and what it shall be, and the arithmetic between runs and a table.

The limits are those of the project's speed goals, which were set beside nginx and other proxies on the same machine.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

FOREIGN = "foreign CPU"
"""How many cores others kept busy meanwhile."""
Row = dict[str, float]
"""Figures of one run by name; infinite is never, or lost."""


@dataclass(frozen=True)
class Figure:
    """One row of the table; `is_added` is told less what the same load takes without any proxy."""

    name: str
    unit: str
    must: float | None = None
    goal: float | None = None
    is_added: bool = False
    more_is_better: bool = False

    @property
    def has_ratio(self) -> bool:
        """Whether it says something to divide it by another program's."""
        return not self.is_added and self.unit in ("1/s", "MB/s", "MB", "ms", "s/100k events")

    def verdict(self, value: float | None) -> str:
        """Say which limit a value keeps: goal, must, MISSED, or nothing where there is no limit or no value."""
        if value is None or self.must is None or self.goal is None:
            return ""
        if self._keeps(value, self.goal):
            return "goal"
        return "must" if self._keeps(value, self.must) else "MISSED"

    def _keeps(self, value: float, limit: float) -> bool:
        return value >= limit if self.more_is_better else value <= limit


NOTICED = 5.0
"""Within so many seconds a client that left must be noticed; the proxy lets go of the upstream then."""

FIGURES = (
    Figure("TTFT p50", "+ms", 1.5, 0.5, is_added=True),
    Figure("TTFT p99", "+ms", 6, 3, is_added=True),
    Figure("small requests, 8 connections", "1/s", 600, 1500, more_is_better=True),
    Figure("small requests, 64 connections", "1/s", 600, 1500, more_is_better=True),
    Figure("CPU a small request", "ms"),
    Figure("CPU, 64 streams", "s/100k events", 6, 2.5),
    Figure("event lag p99, 64 streams", "ms", 3, 1),
    Figure("event lag p99, 256 streams", "ms", 10, 1),
    Figure("lost streams of 64 and 256", "", 0, 0),
    Figure("one fast stream", "MB/s", more_is_better=True),
    Figure("body 1 MB", "+ms", 8, 4, is_added=True),
    Figure("body 5 MB", "+ms", 40, 20, is_added=True),
    Figure("CPU a body of 5 MB", "ms"),
    Figure("RSS idle", "MB", 70, 50),
    Figure("RSS idle, with tray", "MB", 80, 60),
    Figure("RSS after load", "MB"),
    Figure("cold start to first 200", "s", 1, 0.4),
    Figure("idle CPU", "%", 0.5, 0.1),
    Figure("idle CPU, with tray", "%", 0.5, 0.1),
    Figure("translated: CPU, 64 streams", "s/100k events", 15, 6),
    Figure("translated: event lag p99, 64 streams", "ms", 10, 3),
    Figure("client left while active", "s", NOTICED, 0.1),
    Figure("client left while silent", "s", NOTICED, 0.1),
    Figure("client left while waiting", "s", NOTICED, 0.1),
    Figure("a million entries: status", "ms", 50, 10),
    Figure("a million entries: week", "s", 1, 0.3),
    Figure("a million entries: start", "s", 2, 0.5),
    Figure("a million entries: bursar report, the process", "s"),
    Figure(FOREIGN, "cores"),
)


def percentile(values: Iterable[float], part: float) -> float:
    """Give the value below which this part of them lies, the nearest rank; infinite where there are none."""
    found = sorted(values)
    return found[min(len(found) - 1, int(len(found) * part))] if found else math.inf


def medians(rows: Sequence[Mapping[str, float]]) -> Row:
    """Give the median of each figure over runs, of those that have it."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: median(row[name] for row in rows if name in row) for name in names}


def less(row: Mapping[str, float], direct: Mapping[str, float]) -> Row:
    """Take off each added figure what it is without any proxy."""
    added = {figure.name for figure in FIGURES if figure.is_added}
    return {name: value - direct.get(name, 0.0) if name in added else value for name, value in row.items()}


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Tell with which power of x y grows, by the least squares of the logarithms: 1 is in proportion.

    Points whose x or y is not above zero say nothing; fewer than two others give nan.
    """
    logs = [(math.log(x), math.log(y)) for x, y in points if x > 0 and y > 0]
    if len(logs) < 2:
        return math.nan
    middle_x, middle_y = (sum(values) / len(logs) for values in zip(*logs, strict=True))
    over = sum((x - middle_x) ** 2 for x, _ in logs)
    return sum((x - middle_x) * (y - middle_y) for x, y in logs) / over if over else math.nan
