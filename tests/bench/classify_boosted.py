"""Boosted trees in plain Python: each small tree is grown to what the ones before it got wrong; no library.

Columns are sparse: for each trait and each of a few limits the rows that are above it. Every tree sees a part of the
rows and of the columns, drawn by a seed, so that the same input gives the same forest.
"""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from proxy.classify.forest import UNIT

Row = dict[str, float]
LIMITS = 5
"""Limits tried of one trait, zero among them."""


@dataclass(frozen=True)
class Settings:
    """How a forest is grown."""

    trees: int = 400
    depth: int = 3
    pace: float = 0.04
    columns: float = 0.12
    rows: float = 0.6
    least_rows: int = 4
    ridge: float = 1.0
    seed: int = 1


@dataclass
class Column:
    """The rows in which a trait is above a limit."""

    trait: str
    limit: int
    rows: list[int]


@dataclass
class Tally:
    """Sums over the rows of a node: how far off they are, how fast that would change, and their number."""

    off: float = 0.0
    bend: float = 0.0
    rows: int = 0

    def less(self, other: Tally) -> Tally:
        """Give what is left without another tally."""
        return Tally(self.off - other.off, self.bend - other.bend, self.rows - other.rows)

    def worth(self, ridge: float) -> float:
        """Tell how much a leaf of these rows would explain."""
        return self.off * self.off / (self.bend + ridge)


Leaf = dict[str, Any]


def grow(rows: Sequence[Row], wanted: Sequence[float], weights: Sequence[float], settings: Settings) -> dict[str, Any]:
    """Grow a forest that tells `wanted` (0 or 1) from traits; gives `start` and `trees` with traits by name."""
    chance, columns = random.Random(settings.seed), _columns(rows)
    total = sum(weights)
    share = sum(w * y for w, y in zip(weights, wanted, strict=True)) / total
    start = math.log(share / (1 - share))
    scores, trees = [start] * len(rows), []
    for _ in range(settings.trees):
        chances = [1 / (1 + math.exp(-score)) for score in scores]
        off = [w * (y - p) for w, y, p in zip(weights, wanted, chances, strict=True)]
        bend = [w * p * (1 - p) for w, p in zip(weights, chances, strict=True)]
        drawn = [chance.random() < settings.rows for _ in rows]
        tried = [column for column in columns if chance.random() < settings.columns]
        tree, leaves = _tree(tried, off, bend, drawn, settings)
        if isinstance(tree, list):
            trees.append(tree)
        scores = [score + leaves[number] for number, score in enumerate(scores)]
    return {"start": round(start * UNIT), "trees": trees}


def _columns(rows: Sequence[Row]) -> list[Column]:
    having = defaultdict[str, list[tuple[float, int]]](list)
    for number, row in enumerate(rows):
        for trait, value in row.items():
            having[trait].append((value, number))
    columns = []
    for trait, found in sorted(having.items()):
        if len(found) < 6:
            continue
        values = sorted(value for value, _ in found)
        steps = {0} | {math.floor(values[len(values) * n // LIMITS] * UNIT) for n in range(1, LIMITS)}
        for limit in sorted(steps):
            above = [number for value, number in found if value * UNIT > limit]
            if len(above) >= 6 and (limit == 0 or len(above) < len(found)):
                columns.append(Column(trait, limit, above))
    return columns


def _tree(
    columns: list[Column], off: list[float], bend: list[float], drawn: list[bool], settings: Settings
) -> tuple[Any, list[float]]:
    """Grow one tree level by level; gives it and what it adds to each row."""
    place = [0] * len(off)
    root: Leaf = {}
    nodes = [root]
    for level in range(settings.depth + 1):
        totals = _totals(place, off, bend, drawn, len(nodes))
        for node, tally in zip(nodes, totals, strict=True):
            node["value"] = settings.pace * tally.off / (tally.bend + settings.ridge)
        if level == settings.depth:
            break
        nodes = _split(nodes, totals, columns, place, off, bend, drawn, settings)
    added = [nodes[at]["value"] for at in place]
    return _as_list(root), added


def _totals(place: list[int], off: list[float], bend: list[float], drawn: list[bool], count: int) -> list[Tally]:
    totals = [Tally() for _ in range(count)]
    for number, at in enumerate(place):
        if drawn[number]:
            tally = totals[at]
            tally.off += off[number]
            tally.bend += bend[number]
            tally.rows += 1
    return totals


def _split(
    nodes: list[Leaf],
    totals: list[Tally],
    columns: list[Column],
    place: list[int],
    off: list[float],
    bend: list[float],
    drawn: list[bool],
    settings: Settings,
) -> list[Leaf]:
    """Split each node by its best column; rows move to the new places. A node without a good one stays whole."""
    best: list[tuple[float, Column | None]] = [(1e-9, None)] * len(nodes)
    for column in columns:
        for at, above in _above(column, place, off, bend, drawn).items():
            below = totals[at].less(above)
            if min(above.rows, below.rows) >= settings.least_rows:
                gain = above.worth(settings.ridge) + below.worth(settings.ridge) - totals[at].worth(settings.ridge)
                if gain > best[at][0]:
                    best[at] = (gain, column)
    following: list[Leaf] = []
    moves = list[tuple[int, int, set[int]]]()
    for node, (_, chosen) in zip(nodes, best, strict=True):
        low = len(following)
        if chosen is None:
            following.append(node)
            moves.append((low, low, set()))
            continue
        node.update(trait=chosen.trait, limit=chosen.limit, low={}, high={})
        following += [node["low"], node["high"]]
        moves.append((low, low + 1, set(chosen.rows)))
    for number, at in enumerate(place):
        low, high, above_rows = moves[at]
        place[number] = high if number in above_rows else low
    return following


def _above(
    column: Column, place: list[int], off: list[float], bend: list[float], drawn: list[bool]
) -> dict[int, Tally]:
    found = dict[int, Tally]()
    for number in column.rows:
        if drawn[number]:
            tally = found.get(place[number])
            if tally is None:
                tally = found[place[number]] = Tally()
            tally.off += off[number]
            tally.bend += bend[number]
            tally.rows += 1
    return found


def _as_list(node: Leaf) -> Any:
    """Write a node as the file has it, but for the name of its trait; a leaf is its value."""
    value = round(node["value"] * UNIT)
    if "trait" not in node:
        return value
    return [node["trait"], node["limit"], value, _as_list(node["low"]), _as_list(node["high"])]
