"""What `bursar bench` prints: tables, bars, sentences."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

import click

from pricing.figures import percent
from pricing.money import Money
from proxy.bench.classes import CLAUDES, ClassRow
from proxy.bench.progress import Progress
from proxy.bench.result import BenchResult, Point, TaskRun
from tray.bench_picture import charts_of, number, seconds
from tray.cli.show import columns, plain

BAR_CHARS = 30
NOTHING = "—"


class OnScreen:
    """Tells on stderr what the bench is at: one line that changes, or in a log a line for each step."""

    def __init__(self) -> None:
        self._in_place = sys.stderr.isatty()
        self._shown = 0

    def __call__(self, progress: Progress) -> None:
        """Show a step."""
        line = f"{progress.elapsed_s:4.0f} s  {progress.doing}"
        if progress.left_s:
            line += f"  (at most {progress.left_s:.0f} s more)"
        if not self._in_place:
            click.echo(plain(line), err=True)
            return
        click.echo(f"\r{plain(line)}{' ' * max(0, self._shown - len(line))}", err=True, nl=False)
        self._shown = len(line)

    def done(self) -> None:
        """Leave the line."""
        if self._in_place and self._shown:
            click.echo("", err=True)


def words_of(result: BenchResult, rows: Sequence[ClassRow], sentences: Sequence[str]) -> str:
    """Print all of a result for a person."""
    return "\n\n".join(part for part in _parts(result, rows, sentences) if part)


def _parts(result: BenchResult, rows: Sequence[ClassRow], sentences: Sequence[str]) -> Iterator[str]:
    yield plain(f"{result.model} at {result.server} ({result.kind}), context {result.context:,}")
    yield _speeds(result)
    yield _extras(result)
    yield _classes(rows)
    yield _failures(result.tasks)
    yield _bars(result, rows)
    yield _small_print(result)
    yield plain_lines(sentences)


def _speeds(result: BenchResult) -> str:
    if not result.points:
        return ""
    rows = [
        ("context", "reads/s", "writes/s", "first word", "tries", "spread", "J in", "J out"),
        *map(_point, result.points),
    ]
    return columns(rows, frozenset(range(8)))


def _point(point: Point) -> tuple[str, ...]:
    return (
        f"{point.prompt_tokens:,}",
        number(point.prefill_tps),
        NOTHING if point.decode_tps is None else number(point.decode_tps),
        seconds(point.first_ms),
        str(point.repeats),
        percent(round(point.spread)) if point.repeats > 1 else NOTHING,
        NOTHING if point.joules_in is None else f"{point.joules_in:.3f}",
        NOTHING if point.joules_out is None else f"{point.joules_out:.2f}",
    )


def _extras(result: BenchResult) -> str:
    rows = [("at once", "context", "reads/s, all", "writes/s, all", "first word")]
    rows += [
        (
            str(batch.size),
            f"{batch.prompt_tokens:,}",
            number(batch.prefill_tps),
            NOTHING if batch.decode_tps is None else number(batch.decode_tps),
            seconds(batch.first_ms),
        )
        for batch in result.batches
    ]
    lines = [columns(rows, frozenset(range(5)))] if len(rows) > 1 else []
    if result.reuse is not None:
        reuse = result.reuse
        kept = "an unknown part" if reuse.cached_tokens is None else f"{reuse.cached_tokens:,}"
        lines.append(
            f"An agent's next request of {reuse.prompt_tokens:,} tokens: {kept} of them from the server's cache, "
            f"first word after {seconds(reuse.warm_first_ms)} (the request before it: {seconds(reuse.cold_first_ms)})."
        )
    return "\n\n".join(lines)


def _classes(rows: Sequence[ClassRow]) -> str:
    if not rows:
        return ""
    head = (
        "task class",
        "tier",
        "passed",
        "seconds",
        "tokens in",
        "out",
        "joules",
        "energy",
        "in full",
        *map(_short, CLAUDES),
    )
    lines = [
        (
            row.name, row.tier, f"{row.passed} of {row.total}", f"{row.seconds:.1f}", f"{row.input_tokens:,}",
            f"{row.output_tokens:,}", NOTHING if row.joules is None else number(row.joules), _usd(row.marginal_usd),
            _usd(row.full_usd), *(_usd(row.claude[model]) for model in CLAUDES),
        )
        for row in rows
    ]  # fmt: skip
    return columns([head, *lines], frozenset(range(2, len(head))))


def _failures(runs: Sequence[TaskRun]) -> str:
    lines = [f"  {run.name}: {run.why}" for run in runs if not run.passed]
    return plain_lines(["not passed:", *lines]) if lines else ""


def _bars(result: BenchResult, rows: Sequence[ClassRow]) -> str:
    parts = []
    for chart in charts_of(result, rows):
        lines = [
            (plain(bar.label), f"{'█' * round(bar.share * BAR_CHARS):·<{BAR_CHARS}}", bar.note) for bar in chart.bars
        ]
        parts.append(f"{chart.title}\n{columns(lines, frozenset({0}))}")
    return "\n\n".join(parts)


def _small_print(result: BenchResult) -> str:
    lines = (
        [f"Measured on {result.machine} in {result.seconds:.0f} s, by {result.provenance}."] if result.points else []
    )
    if result.costs is not None:
        costs = result.costs
        lines.append(
            f"$ per million tokens at {costs.at_tokens:,} of context, one request at a time: energy only "
            f"{_usd(costs.marginal_in_usd, 3)} in, {_usd(costs.marginal_out_usd, 3)} out; in full "
            f"{_usd(costs.full_in_usd, 3)} in, {_usd(costs.full_out_usd, 3)} out."
        )
        lines += [f"Cost: {line}." for line in costs.provenance.splitlines()]
    if result.tasks:
        lines.append("Claude's columns are list prices for the same tokens, without what its prompt cache would save.")
        lines.append(f"The model's code ran apart: {result.isolation}.")
    return plain_lines([*lines, *(f"Note: {note}." for note in result.notes)])


def _short(model: str) -> str:
    return model.removeprefix("claude-").rpartition("-5-5")[0] or model


def _usd(amount: str, places: int = 5) -> str:
    return Money.usd(amount).dollars(places) if amount else NOTHING


def plain_lines(lines: Sequence[str]) -> str:
    """Join lines, each safe for a terminal."""
    return "\n".join(plain(line) for line in lines)
