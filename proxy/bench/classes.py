"""The tasks summed up by class: what came of them, what they took, what the same had cost at Claude."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from pricing.money import Money
from pricing.table import PriceTable
from pricing.usage import Usage
from proxy.bench.result import TaskRun

CLAUDES = ("claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5")
"""The models whose prices are shown beside, the cheapest first."""


@dataclass(frozen=True, slots=True)
class ClassRow:
    """The tasks of one class, with tools or in words; amounts in exact dollars, "" where they are not known.

    `claude` is tokens times list price, by model: nothing is said of what Claude's prompt cache would have saved, nor
    of its own count of the tokens.
    """

    task_class: str
    tier: str
    tools: bool
    passed: int
    total: int
    seconds: float
    input_tokens: int
    output_tokens: int
    joules: float | None
    marginal_usd: str
    full_usd: str
    claude: dict[str, str]

    @property
    def name(self) -> str:
        """What a person calls it."""
        return self.task_class.replace("_", " ")

    def as_json(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return asdict(self)


def rows_of(runs: Iterable[TaskRun], table: PriceTable, at: datetime) -> tuple[ClassRow, ...]:
    """Sum runs up by class, those with tools in one row of their own, which stands last."""
    groups: dict[tuple[bool, str], list[TaskRun]] = {}
    for run in runs:
        groups.setdefault((run.tools, "with tools" if run.tools else run.task_class), []).append(run)
    return tuple(
        _row(name, group, table, at) for (_, name), group in sorted(groups.items(), key=lambda pair: pair[0][0])
    )


def _row(name: str, runs: list[TaskRun], table: PriceTable, at: datetime) -> ClassRow:
    used = Usage(input=sum(run.input_tokens for run in runs), output=sum(run.output_tokens for run in runs))
    joules = [run.joules for run in runs if run.joules is not None]
    return ClassRow(
        task_class=name,
        tier=max(run.tier for run in runs),
        tools=runs[0].tools,
        passed=sum(run.passed for run in runs),
        total=len(runs),
        seconds=round(sum(run.seconds for run in runs), 2),
        input_tokens=used.input,
        output_tokens=used.output,
        joules=round(sum(joules), 3) if joules else None,
        marginal_usd=_sum(run.marginal_usd for run in runs),
        full_usd=_sum(run.full_usd for run in runs),
        claude={model: table.on(at, model).rates.cost(used).exact() for model in CLAUDES},
    )


def _sum(amounts: Iterable[str]) -> str:
    known = [Money.usd(amount) for amount in amounts if amount]
    return Money.total(known).exact() if known else ""
