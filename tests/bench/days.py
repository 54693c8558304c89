"""Days to replay: drawn by our own generator, or by another one that a path names; and how to change them."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from proxy.replay import Call, call_of
from proxy.replay.taking import drawn
from tests.kit import traffic

BEGINS = datetime(2026, 11, 20, tzinfo=UTC)
"""The day whose prices are taken."""

NEWER = {
    "claude-opus-4-6": "claude-opus-5-5",
    "claude-sonnet-4-6": "claude-sonnet-5-5",
    "claude-haiku-4-5": "claude-haiku-5-5",
}
SONNET = {"4.6": "claude-sonnet-4-6", "5.5": "claude-sonnet-5-5"}

Day = Sequence[Call]


def days(count: int, seed: int, usd: float = 100.0, generator: Path | None = None) -> list[Day]:
    """Draw days with seeds in a row, each of about so many dollars at the prices of the 4.6 models.

    `generator` is a Python file with `gen(seed, usd)` that gives rows; without it the tests' own is asked.
    """
    rows = rows_of(generator)
    # Sessions are named anew, so that no two days draw a classifier's errors alike.
    return [
        [replace(call, session=f"{n}.{call.session}") for call in map(call_of, rows(seed + n, usd))]
        for n in range(count)
    ]


def rows_of(generator: Path | None) -> Callable[[int, float], Iterable[Mapping[str, Any]]]:
    """Give what draws the rows of a day from a seed and an amount: that of a file, or the tests' own."""
    return _ours if generator is None else _gen_of(generator)


def _ours(seed: int, usd: float) -> Iterable[Mapping[str, Any]]:
    return map(vars, traffic.generate(seed, usd))


def _gen_of(path: Path) -> Callable[[int, float], Iterable[Mapping[str, Any]]]:
    spec = importlib.util.spec_from_file_location("generator", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: Callable[[int, float], Iterable[Mapping[str, Any]]] = module.gen
    return found


def of_family(day: Day, family: str) -> Day:
    """Give the day with the models of a family: 4.6 (Haiku 4.5) as drawn, or 5.5."""
    return [replace(call, model=NEWER[call.model]) for call in day] if family == "5.5" else day


def halved(day: Day) -> Day:
    """Give the day as if every conversation were trimmed to half its length."""
    return [call if call.is_title else replace(call, prefix=call.prefix // 2, new=call.new // 2) for call in day]


def with_files(day: Iterable[Call], again: float) -> Day:
    """Say which file each edit goes to, as rows do not: one edited before in the turn, with this chance, or another."""
    made, found = dict[str, int](), []
    for call in day:
        if call.tool in ("Edit", "Write"):
            known = made.get(call.turn_key, 0)
            if not known or drawn(f"{call.turn_key}/{call.step}", 0) >= again:
                made[call.turn_key] = known = known + 1
            call = replace(call, file=f"file {known}")
        found.append(call)
    return found
