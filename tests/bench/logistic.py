"""Logistic regression in plain Python: few rows, few columns, no library."""

from __future__ import annotations

import math
from collections.abc import Sequence

Row = dict[str, float]
BIAS = "bias"


def fit(rows: Sequence[Row], wanted: Sequence[float], weights: Sequence[float], *, ridge: float) -> Row:
    """Find the weights of traits by Newton's steps; the same input gives the same weights."""
    names = [*sorted({name for row in rows for name in row}), BIAS]
    place = {name: number for number, name in enumerate(names)}
    sparse = [[(place[name], value) for name, value in row.items()] + [(len(names) - 1, 1.0)] for row in rows]
    found = [0.0] * len(names)
    for _ in range(12):
        step = _step(sparse, wanted, weights, found, ridge)
        found = [old - change for old, change in zip(found, step, strict=True)]
        if max(abs(change) for change in step) < 1e-4:
            break
    return dict(zip(names, found, strict=True))


def _step(
    sparse: Sequence[Sequence[tuple[int, float]]],
    wanted: Sequence[float],
    weights: Sequence[float],
    found: Sequence[float],
    ridge: float,
) -> list[float]:
    size = len(found)
    slope = [ridge * value for value in found[:-1]] + [0.0]
    bend = [[0.0] * size for _ in range(size)]
    for number in range(size):
        bend[number][number] = ridge if number < size - 1 else 1e-6
    for row, aim, weight in zip(sparse, wanted, weights, strict=True):
        if not weight:
            continue
        chance = 1 / (1 + math.exp(-max(-30.0, min(30.0, sum(found[at] * value for at, value in row)))))
        off, curve = weight * (chance - aim), weight * chance * (1 - chance)
        for at, value in row:
            slope[at] += off * value
            line, scaled = bend[at], curve * value
            for other, second in row:
                line[other] += scaled * second
    return _solved(bend, slope)


def _solved(matrix: list[list[float]], right: list[float]) -> list[float]:
    """Solve a positive definite system by elimination; both arguments are used up."""
    size = len(right)
    for pivot in range(size):
        row, head = matrix[pivot], matrix[pivot][pivot]
        for below in range(pivot + 1, size):
            factor = matrix[below][pivot] / head
            if factor:
                line = matrix[below]
                matrix[below] = line[: pivot + 1] + [
                    a - factor * b for a, b in zip(line[pivot + 1 :], row[pivot + 1 :], strict=True)
                ]
                right[below] -= factor * right[pivot]
    answer = [0.0] * size
    for pivot in range(size - 1, -1, -1):
        rest = sum(a * b for a, b in zip(matrix[pivot][pivot + 1 :], answer[pivot + 1 :], strict=True))
        answer[pivot] = (right[pivot] - rest) / matrix[pivot][pivot]
    return answer
