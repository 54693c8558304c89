"""The table of a run: figures down, programs across, with bursar's part of nginx's figure and the limits it keeps."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.bench.figures import FIGURES, NOTICED, Figure, Row, less, medians
from tests.bench.programs import Program

OURS, LEAST = "bursar", "nginx"


@dataclass(frozen=True)
class Table:
    """Figures by family of programs; the translated ones of a family are in the same column."""

    families: tuple[str, ...]
    figures: dict[str, dict[str, float]]

    @staticmethod
    def of(rows: Mapping[str, Sequence[Row]], programs: Sequence[Program]) -> Table:
        """Take the medians of each program's rows, less the direct ones where they are told as added."""
        direct = medians(rows["direct"])
        columns: dict[str, Row] = {}
        for program in programs:
            found = medians(rows[program.name])
            if program.translates:
                found = {name: value for name, value in found.items() if name.startswith("translated: ")}
            elif program.family != "direct":
                found = less(found, direct)
            columns[program.family] = columns.get(program.family, {}) | found
        names = [figure.name for figure in FIGURES]
        names += [name for name in columns[OURS] if name not in names]
        return Table(
            tuple(columns),
            {name: {of: row[name] for of, row in columns.items() if name in row} for name in names},
        )


def written(table: Table, entries: int) -> str:
    """Write it as markdown; `entries` are those of the long ledger, where they were no million."""
    heads = ["figure", "unit", *table.families, f"{OURS} ÷ {LEAST}", "must", "goal", "verdict"]
    lines = [_line(heads), "|---|---|" + "---:|" * (len(heads) - 3) + "---|"]
    known = {figure.name: figure for figure in FIGURES}
    for name, values in table.figures.items():
        if values:
            figure = known.get(name, Figure(name, ""))
            lines.append(_line(_cells(figure, values, table.families, entries)))
    return "\n".join(lines)


def _cells(figure: Figure, values: Mapping[str, float], families: Sequence[str], entries: int) -> list[str]:
    ours, least = values.get(OURS), values.get(LEAST)
    ratio = ours / least if figure.has_ratio and ours and least and math.isfinite(ours) else None
    name = figure.name.replace("a million entries", f"{entries:,} entries")
    limits = [_limit(figure, figure.must), _limit(figure, figure.goal)]
    return [name, figure.unit, *(said(values.get(of)) for of in families), said(ratio), *limits, figure.verdict(ours)]


def _limit(figure: Figure, limit: float | None) -> str:
    if limit is None:
        return ""
    if limit == NOTICED and figure.unit == "s":
        return "noticed"
    return f"{'≥' if figure.more_is_better else '≤'} {limit:g}" if limit else "0"


def said(value: float | None) -> str:
    """Write a figure with three digits that count, or more where it is large; a dash for none."""
    if value is None:
        return "–"
    if math.isinf(value):
        return "never"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
