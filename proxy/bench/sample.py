"""Sample: the speeds that one answered request shows, and what several of them come to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from proxy.bench.client import Timed
from proxy.bench.result import Point, Source

LEAST_DECODED = 8
"""Fewer tokens than this say nothing about the speed of writing."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One request, measured. `computed_tokens` of the prompt were really read, the others were cached.

    `cached_tokens` is None where the server does not tell: then all of the prompt counts as read.
    """

    prompt_tokens: int
    computed_tokens: int
    cached_tokens: int | None
    output_tokens: int
    prefill_ms: float
    decode_ms: float
    first_ms: float
    source: Source
    joules: float | None = None

    @property
    def prefill_tps(self) -> float:
        """Prompt tokens read a second."""
        return self.computed_tokens * 1000 / max(self.prefill_ms, 0.001)

    @property
    def decode_tps(self) -> float | None:
        """Tokens written a second; None where there were too few. By the clock, the first one belongs to the prompt."""
        steps = self.output_tokens - (0 if self.source == "server" else 1)
        return steps * 1000 / self.decode_ms if steps >= LEAST_DECODED and self.decode_ms > 0 else None

    @property
    def seconds(self) -> float:
        """How long the server was busy with it."""
        return (self.prefill_ms + self.decode_ms) / 1000


def sample_of(timed: Timed, joules: float | None = None) -> Sample:
    """Read a sample off an answer: by the server's own timings where they came, else by the clock."""
    answer, usage, speed = timed.answer, timed.answer.usage, timed.answer.speed
    cached = usage["cache_read_input_tokens"]
    prompt = usage["input_tokens"] + cached
    told: int | None = cached if speed is not None or cached else None
    if speed is not None and speed.prompt_ms > 0:
        computed = max(1, speed.prompt_tokens)
        return Sample(
            prompt, computed, told, speed.output_tokens, speed.prompt_ms, speed.output_ms, timed.first_ms, "server",
            joules,
        )  # fmt: skip
    source: Source = "estimate" if answer.estimated else "clock"
    return Sample(
        prompt, max(1, prompt - cached), told, usage["output_tokens"], timed.first_ms, timed.last_ms - timed.first_ms,
        timed.first_ms, source, joules,
    )  # fmt: skip


def point_of(samples: Sequence[Sample]) -> Point:
    """Put the repeats at one size together: medians, and the larger spread of the two speeds."""
    reads = [sample.prefill_tps for sample in samples]
    writes = [sample.decode_tps for sample in samples if sample.decode_tps is not None]
    last = samples[-1]
    energy = [pair for pair in map(_energy, samples) if pair is not None]
    return Point(
        prompt_tokens=round(median(sample.prompt_tokens for sample in samples)),
        prefill_tps=round(median(reads), 2),
        decode_tps=round(median(writes), 2) if writes else None,
        first_ms=round(median(sample.first_ms for sample in samples), 1),
        output_tokens=round(median(sample.output_tokens for sample in samples)),
        repeats=len(samples),
        spread=round(max(spread(reads), spread(writes)), 1),
        source=last.source,
        joules_in=round(median(pair[0] for pair in energy), 4) if energy else None,
        joules_out=round(median(pair[1] for pair in energy), 4) if energy else None,
    )


def spread(values: Sequence[float]) -> float:
    """Give the distance from the least to the most, in percent of the median."""
    return (max(values) - min(values)) * 100 / median(values) if values and median(values) else 0.0


def _energy(sample: Sample) -> tuple[float, float] | None:
    """Divide a request's joules by its time: joules for a prompt token and for a written one."""
    if sample.joules is None or not sample.output_tokens or not sample.seconds:
        return None
    watts = sample.joules / sample.seconds
    return (
        watts * sample.prefill_ms / 1000 / sample.computed_tokens,
        watts * sample.decode_ms / 1000 / sample.output_tokens,
    )
