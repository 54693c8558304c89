"""SpeedBench: how fast a local model reads and writes at the sizes that agents' requests have."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from statistics import median
from typing import Any

from proxy.bench.client import Client, Timed, Unanswered
from proxy.bench.energy import NoMeter, PowerMeter
from proxy.bench.plan import LEAST_TOKENS, Plan, Time, chars_for, forecast, largest
from proxy.bench.progress import Progress, Tell
from proxy.bench.result import Batch, Point, Reuse
from proxy.bench.sample import LEAST_DECODED, Sample, point_of, sample_of
from proxy.bench.texts import conversation
from proxy.translate.request import CannotTranslate, Translated, to_chat
from proxy.upstream.local_model import LocalModel

WARM_UP_CHARS = 400
CALIBRATION_CHARS = 6000
LEAST_KEPT = 0.7
"""A server that counts less than this of a prompt's expected tokens has cut it."""

REUSE_TOKENS, BATCH_TOKENS = 8192, 4096
IGNORES_END = ("llamacpp", "vllm")
"""Servers that can be told to write on to the last token that was asked for."""

SHRINK = 0.97
LOAD_S = 300.0
GRACE_S = 5.0


class SpeedBench:
    """Measures one model, step by step; whatever was found so far can be read at any time."""

    def __init__(
        self,
        client: Client,
        model: LocalModel,
        plan: Plan,
        tell: Tell,
        *,
        meter: PowerMeter | None = None,
        nonce: Callable[[], str] = lambda: secrets.token_hex(6),
    ) -> None:
        self.points: list[Point] = []
        self.batches: list[Batch] = []
        self.reuse: Reuse | None = None
        self.notes: list[str] = []
        self.load_ms: float | None = None
        self.out_of_time = False
        self._client, self._model, self._plan, self._tell = client, model, plan, tell
        self._meter, self._nonce = meter or NoMeter(), nonce
        self._lengths: list[tuple[int, int]] = []
        self._most = 0
        self._seen: list[tuple[int, float]] = []
        self._cut = False

    def run(self, time: Time) -> None:
        """Measure all there is time for; raises Unanswered when the server fails before anything is known."""
        if self.load_ms is None:
            self.warm_up(time)
        self._calibrate(time)
        sizes = self._plan.sizes(self._most)
        if not sizes:
            self.notes.append(f"its context of {self._model.context:,} tokens is too small to measure anything in")
        early = [size for size in sizes if size <= REUSE_TOKENS]
        steps: list[Callable[[Time], None]] = [partial(self._size, size) for size in early]
        steps += [self._reuse_step, *(partial(self._batch_step, many) for many in self._batches())]
        steps += [partial(self._size, size) for size in sizes[len(early) :]]
        for step in steps:
            try:
                step(time)
            except Unanswered as trouble:
                if not self.points:
                    raise
                self._note_trouble(trouble)

    def _batches(self) -> tuple[int, ...]:
        limit = self._model.concurrency
        fitting = tuple(many for many in self._plan.batches if limit is None or many <= limit)
        if fitting != self._plan.batches:
            self.notes.append(f"it takes {limit} request{'s' if limit != 1 else ''} at once, so no more were tried")
        return fitting

    def warm_up(self, time: Time) -> None:
        """Have the model loaded: the first request of the day may wait for it, and that is not the bench's time."""
        self._say("warming up: the server may have to load the model", time)
        timed = self._ask(WARM_UP_CHARS, LOAD_S, output=LEAST_DECODED)
        self.load_ms = round(timed.end_ms, 1)
        time.forgive(timed.end_ms / 1000)
        self._lengths.append((WARM_UP_CHARS, sample_of(timed).prompt_tokens))

    def _calibrate(self, time: Time) -> None:
        """Learn how many of our characters make one of the server's tokens."""
        self._say("learning the size of its tokens", time)
        chars = min(CALIBRATION_CHARS, self._model.context)
        request = self._request(chars, 8)
        sample = sample_of(self._client.ask(request, model=self._model.id, seconds=_patience(time)))
        if sample.source == "estimate":
            self.notes.append("the server sends no token counts: sizes and speeds are guesses from the text's length")
        self._learn(chars, sample)
        guessed = request.prompt_tokens
        most = largest(self._model.context, self._plan.output_tokens, sample.prompt_tokens, guessed)
        self._most = self._fitting(most)

    def _fitting(self, most: int) -> int:
        """Shrink a size until bursar itself would send it: its guess of a prompt is not the same part of each."""
        while most >= LEAST_TOKENS:
            try:
                self._translate(conversation(self._nonce(), chars_for(most, self._lengths)), self._plan.output_tokens)
            except CannotTranslate:
                most = int(most * SHRINK)
            else:
                return most
        return 0

    def _size(self, size: int, time: Time) -> None:
        """Measure one prompt size, as often as planned and as time allows."""
        if self._cut:
            return
        samples: list[Sample] = []
        chars = chars_for(size, self._lengths)
        while len(samples) < self._plan.repeats and self._may_go_on(size, time, again=bool(samples)):
            self._say(f"{size:,} tokens of context, try {len(samples) + 1} of {self._plan.repeats}", time)
            sample = self._measured(chars, time)
            if sample.prompt_tokens < LEAST_KEPT * size and sample.source != "estimate":
                self._note_cut(size, sample)
                return
            samples.append(sample)
            self._seen.append((sample.prompt_tokens, sample.seconds))
        if samples:
            self._learn(chars, samples[-1])
            self.points.append(point_of(samples))
            self._note_short(samples[-1])

    def _may_go_on(self, size: int, time: Time, *, again: bool) -> bool:
        needed = forecast(self._seen, size)
        if needed <= time.left or (not self.points and not again):
            return True
        return False if again else self._has_time(needed, f"{size:,} tokens of context", time)

    def _has_time(self, needed: float, what: str, time: Time) -> bool:
        """Tell whether something still fits into the time; what does not is said."""
        if needed <= time.left:
            return True
        self.out_of_time = True
        self.notes.append(f"left out: {what}; it takes about {needed:.1f} s, and {time.left:.1f} s were left")
        return False

    def _measured_up_to(self, most: int) -> int:
        """Give the largest size measured so far, `most` at most: how long that takes is known."""
        return max((tokens for tokens, _ in self._seen if tokens <= most * 1.05), default=0)

    def _reuse_step(self, time: Time) -> None:
        """Ask twice with the same beginning, as an agent does from step to step."""
        size = min(self._measured_up_to(REUSE_TOKENS), self._most - 2 * self._plan.output_tokens - 600)
        if (
            size < LEAST_TOKENS
            or self._cut
            or not self._has_time(forecast(self._seen, size) * 2, "an agent's next step", time)
        ):
            return
        nonce, chars = self._nonce(), chars_for(size, self._lengths)
        self._say(f"{size:,} tokens of context, then the agent's next request behind them", time)
        cold, warm = (
            sample_of(self._send(conversation(nonce, chars, turns=turns), LEAST_DECODED, time)) for turns in (1, 2)
        )
        self.reuse = Reuse(warm.prompt_tokens, warm.cached_tokens, round(cold.first_ms, 1), round(warm.first_ms, 1))

    def _batch_step(self, many: int, time: Time) -> None:
        """Send several requests at once, and take them together by the clock."""
        size = min(self._measured_up_to(BATCH_TOKENS), self._most // (2 * many))
        if size < LEAST_TOKENS or self._cut:
            return
        if not self._has_time(forecast(self._seen, size) * many, f"{many} requests at once", time):
            return
        self._say(f"{many} requests of {size:,} tokens at once", time)
        chars = chars_for(size, self._lengths)
        requests = [self._request(chars, self._plan.output_tokens) for _ in range(many)]
        self.batches.append(_together(_at_once(self._client, self._model.id, requests, _patience(time))))

    def _measured(self, chars: int, time: Time) -> Sample:
        since = self._meter.begin()
        timed = self._ask(chars, _patience(time), output=self._plan.output_tokens)
        return sample_of(timed, self._meter.joules(since))

    def _ask(self, chars: int, seconds: float, *, output: int) -> Timed:
        return self._client.ask(self._request(chars, output), model=self._model.id, seconds=seconds)

    def _send(self, fields: Mapping[str, Any], output: int, time: Time) -> Timed:
        return self._client.ask(self._translated(fields, output), model=self._model.id, seconds=_patience(time))

    def _request(self, chars: int, output: int) -> Translated:
        return self._translated(conversation(self._nonce(), chars), output)

    def _translated(self, fields: Mapping[str, Any], output: int) -> Translated:
        try:
            return self._translate(fields, output)
        except CannotTranslate as refusal:
            raise Unanswered(refusal.reason) from refusal

    def _translate(self, fields: Mapping[str, Any], output: int) -> Translated:
        """Build a request as bursar builds an agent's; servers that can are told not to stop early."""
        asked = {**fields, "max_tokens": output, "stream": True}
        request = to_chat(asked, model=self._model.id, caps=self._model)
        if self._model.kind not in IGNORES_END or request.wire == "messages":
            return request
        return replace(request, body=json.dumps({**json.loads(request.body), "ignore_eos": True}).encode())

    def _learn(self, chars: int, sample: Sample) -> None:
        if sample.source != "estimate" and sample.prompt_tokens:
            self._lengths.append((chars, sample.prompt_tokens))

    def _note_cut(self, size: int, sample: Sample) -> None:
        self._cut = True
        self.notes.append(
            f"the server cut a prompt of about {size:,} tokens down to {sample.prompt_tokens:,} without a word: its "
            f"loaded context is smaller than the {self._model.context:,} tokens that it tells; larger sizes left out"
        )

    def _note_short(self, sample: Sample) -> None:
        if sample.decode_tps is None:
            note = "it stopped after a few words, so its speed of writing is not known at every size"
            self.notes += [note] if note not in self.notes else []

    def _note_trouble(self, trouble: Unanswered) -> None:
        """Say once what went wrong; the sizes beyond it would fare no better."""
        self._cut = True
        self.out_of_time = self.out_of_time or trouble.late
        after = self.points[-1].prompt_tokens
        note = f"nothing larger than {after:,} tokens was measured: {trouble.why}"
        self.notes += [note] if note not in self.notes else []

    def _say(self, doing: str, time: Time) -> None:
        self._tell(Progress(doing, time.gone, time.left))


def _patience(time: Time) -> float:
    """Wait a little longer than the plan has time for: an answer that is nearly there is worth it."""
    return time.left * 1.2 + GRACE_S


def _at_once(client: Client, model: str, requests: list[Translated], seconds: float) -> list[Timed]:
    """Send all requests together; raises Unanswered when one of them fails, and breaks the others off."""
    found: list[Timed | Unanswered] = []

    def one(request: Translated) -> None:
        try:
            found.append(client.ask(request, model=model, seconds=seconds))
        except Unanswered as trouble:
            found.append(trouble)

    threads = [threading.Thread(target=one, args=(request,), daemon=True) for request in requests]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        client.give_up()
    failed = next((one for one in found if isinstance(one, Unanswered)), None)
    if failed is not None:
        raise failed
    return [one for one in found if isinstance(one, Timed)]


def _together(timed: list[Timed]) -> Batch:
    """Sum the requests of a batch: prompt tokens until the last first word, written ones from the first on."""
    samples = [sample_of(one) for one in timed]
    begun = min(one.begun_at for one in timed)
    read_s = max(one.begun_at - begun + one.first_ms / 1000 for one in timed)
    first_word = min(one.begun_at - begun + one.first_ms / 1000 for one in timed)
    wrote_s = max(one.begun_at - begun + one.last_ms / 1000 for one in timed) - first_word
    output = sum(sample.output_tokens for sample in samples)
    return Batch(
        size=len(timed),
        prompt_tokens=round(median(sample.prompt_tokens for sample in samples)),
        prefill_tps=round(sum(sample.computed_tokens for sample in samples) / max(read_s, 1e-6), 2),
        decode_tps=round(output / wrote_s, 2) if wrote_s > 0 and output >= LEAST_DECODED * len(timed) else None,
        first_ms=round(median(one.first_ms for one in timed), 1),
    )
