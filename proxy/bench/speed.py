"""SpeedBench: how fast a local model reads and writes at the sizes that agents' requests have."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from statistics import median

from pricing.figures import counted, percent
from proxy.bench.asking import Asking
from proxy.bench.client import Timed, Unanswered
from proxy.bench.plan import LEAST_TOKENS, Plan, Time, forecast
from proxy.bench.progress import Progress, Tell
from proxy.bench.result import Batch, Point, Reuse
from proxy.bench.sample import LEAST_DECODED, Sample, point_of, sample_of

LEAST_KEPT = 0.7
"""A server that counts less than this of a prompt's expected tokens has cut it."""

REUSE_TOKENS, BATCH_TOKENS = 8192, 4096
NOISY = 30.0
"""A spread between tries, in percent, that is worth a word."""


class SpeedBench:
    """Measures one model, step by step; whatever was found so far can be read at any time."""

    def __init__(self, asking: Asking, plan: Plan, tell: Tell) -> None:
        self.batches: list[Batch] = []
        self.reuse: Reuse | None = None
        self.load_ms: float | None = None
        self._asking, self._plan, self._tell = asking, plan, tell
        self._sizes: tuple[int, ...] = ()
        self._samples: dict[int, list[Sample]] = {}
        self._seen: list[tuple[int, float]] = []
        self._said: list[str] = []
        self._left_out: dict[str, str] = {}
        self._too_large: int | None = None
        self._doing = ""

    @property
    def points(self) -> tuple[Point, ...]:
        """The speeds at each size that was measured."""
        return tuple(point_of(samples) for _, samples in sorted(self._samples.items()))

    @property
    def out_of_time(self) -> bool:
        """Tell whether something was left out for want of time."""
        return bool(self._left_out)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person has to know beside the figures."""
        return (*self._said, *self._left_out.values(), *_doubts(self.points))

    def warm_up(self, time: Time) -> None:
        """Have the model loaded: the first request of the day may wait for it, and that is not the bench's time."""
        self._say("warming up: the server may have to load the model", time)
        self.load_ms = round(self._asking.warm_up(), 1)
        time.forgive(self.load_ms / 1000)

    def run(self, time: Time) -> None:
        """Measure all there is time for; raises Unanswered when the server fails before anything is known."""
        if self.load_ms is None:
            self.warm_up(time)
        self._say("learning the size of its tokens", time)
        most, sample = self._asking.calibrate(self._plan.output_tokens, time)
        if sample.source == "estimate":
            self._note("the server sends no token counts: sizes and speeds are guesses from the text's length")
        self._sizes = self._plan.sizes(most)
        if not self._sizes:
            self._note(f"its context of {self._asking.model.context:,} tokens is too small to measure anything in")
        early = [size for size in self._sizes if size <= REUSE_TOKENS]
        steps: list[Callable[[Time], None]] = [partial(self._size, size, self._plan.repeats) for size in early]
        steps += [partial(self._reuse_step, most), *(partial(self._batch_step, many, most) for many in self._batches())]
        self._do(steps, time)
        self.go_on(time)

    def go_on(self, time: Time) -> None:
        """Take the sizes that are still missing, each once; then what else of tries was planned."""
        tries = [(size, wanted) for wanted in (1, self._plan.repeats) for size in self._sizes]
        self._do([partial(self._size, size, wanted) for size, wanted in tries], time)

    def _do(self, steps: list[Callable[[Time], None]], time: Time) -> None:
        for step in steps:
            try:
                step(time)
            except Unanswered as trouble:
                if not self._samples:
                    raise
                self._note(f"{self._doing} was given up: {trouble.why}")

    def _batches(self) -> tuple[int, ...]:
        limit = self._asking.model.concurrency
        fitting = tuple(many for many in self._plan.batches if limit is None or many <= limit)
        if fitting != self._plan.batches:
            self._note(f"it takes {counted(limit or 0, 'request')} at once, so no more were tried")
        return fitting

    def _size(self, size: int, wanted: int, time: Time) -> None:
        """Measure one prompt size until it was tried as often as wanted, or the time is up."""
        while self._may_try(size, wanted, time):
            tried = self._samples.get(size, [])
            self._say(f"{size:,} tokens of context, try {len(tried) + 1} of {self._plan.repeats}", time)
            try:
                sample = self._asking.prompt(size, self._plan.output_tokens, time)
            except Unanswered:
                self._too_large = size
                raise
            if sample.prompt_tokens < LEAST_KEPT * size and sample.source != "estimate":
                self._too_large = size
                self._note(self._cut(size, sample))
                return
            self._samples[size] = [*tried, sample]
            self._seen.append((sample.prompt_tokens, sample.seconds))

    def _may_try(self, size: int, wanted: int, time: Time) -> bool:
        tried = len(self._samples.get(size, []))
        if tried >= wanted or (self._too_large is not None and size >= self._too_large):
            return False
        needed = forecast(self._seen, size)
        if tried:
            return needed <= time.left
        return not self._samples or self._has_time(needed, f"{size:,} tokens of context", time)

    def _has_time(self, needed: float, what: str, time: Time) -> bool:
        """Tell whether something still fits into the time; what does not is said, unless it did later."""
        self._left_out.pop(what, None)
        if needed <= time.left:
            return True
        self._left_out[what] = f"left out: {what}; it takes about {needed:.1f} s, and {time.left:.1f} s were left"
        return False

    def _reuse_step(self, most: int, time: Time) -> None:
        """Ask twice with the same beginning, as an agent does from step to step."""
        size = min(self._measured_up_to(REUSE_TOKENS), most - 2 * self._plan.output_tokens - 600)
        needed = forecast(self._seen, size) * 2
        if size < LEAST_TOKENS or not self._has_time(needed, "an agent's next step", time):
            return
        self._say(f"{size:,} tokens of context, then the agent's next request behind them", time)
        cold, warm = self._asking.twice(size, time)
        self.reuse = Reuse(warm.prompt_tokens, warm.cached_tokens, round(cold.first_ms, 1), round(warm.first_ms, 1))

    def _batch_step(self, many: int, most: int, time: Time) -> None:
        """Send several requests at once, and take them together by the clock."""
        size = min(self._measured_up_to(BATCH_TOKENS), most // (2 * many))
        needed = forecast(self._seen, size) * many
        if size < LEAST_TOKENS or not self._has_time(needed, f"{counted(many, 'request')} at once", time):
            return
        self._say(f"{counted(many, 'request')} of {size:,} tokens at once", time)
        self.batches.append(together(self._asking.at_once(many, size, self._plan.output_tokens, time)))

    def _measured_up_to(self, most: int) -> int:
        """Give the largest size measured so far, `most` at most: how long that takes is known."""
        return max((tokens for tokens, _ in self._seen if tokens <= most * 1.05), default=0)

    def _cut(self, size: int, sample: Sample) -> str:
        return (
            f"the server cut a prompt of about {size:,} tokens down to {sample.prompt_tokens:,} without a word: its "
            f"loaded context is smaller than the {self._asking.model.context:,} tokens that it tells; larger sizes "
            "left out"
        )

    def _say(self, doing: str, time: Time) -> None:
        self._doing = doing
        self._tell(Progress(doing, time.gone, time.left))

    def _note(self, note: str) -> None:
        if note not in self._said:
            self._said.append(note)


def together(timed: list[Timed]) -> Batch:
    """Sum the requests of a batch: prompt tokens until the last first word, written ones from the first on."""
    samples = [sample_of(one) for one in timed]
    begun = min(one.begun_at for one in timed)
    first_words = [one.begun_at - begun + one.first_ms / 1000 for one in timed]
    wrote_s = max(one.begun_at - begun + one.last_ms / 1000 for one in timed) - min(first_words)
    output = sum(sample.output_tokens for sample in samples)
    return Batch(
        size=len(timed),
        prompt_tokens=round(median(sample.prompt_tokens for sample in samples)),
        prefill_tps=round(sum(sample.computed_tokens for sample in samples) / max(*first_words, 1e-6), 2),
        decode_tps=round(output / wrote_s, 2) if wrote_s > 0 and output >= LEAST_DECODED * len(timed) else None,
        first_ms=round(median(one.first_ms for one in timed), 1),
    )


def _doubts(points: tuple[Point, ...]) -> list[str]:
    notes = []
    if any(point.decode_tps is None for point in points):
        notes.append("it stopped after a few words, so its speed of writing is not known at every size")
    most = max((point.spread for point in points), default=0.0)
    if most > NOISY:
        notes.append(
            f"the tries differ by up to {percent(round(most))}: something else was at work here; measure again in quiet"
        )
    return notes
