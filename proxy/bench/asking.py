"""Asking: requests of a wanted size to one model, built as bursar builds an agent's, and what they showed."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from proxy.bench.client import Client, Timed, Unanswered
from proxy.bench.energy import NoMeter, PowerMeter
from proxy.bench.plan import LEAST_TOKENS, Time, chars_for, largest
from proxy.bench.sample import LEAST_DECODED, Sample, sample_of
from proxy.bench.texts import conversation
from proxy.translate.request import CannotTranslate, Translated, to_chat
from proxy.upstream.local_model import LocalModel

WARM_UP_CHARS, CALIBRATION_CHARS, CALIBRATION_TOKENS = 400, 6000, 8
IGNORES_END = ("llamacpp", "vllm")
"""Servers that can be told to write on to the last token that was asked for."""

LOAD_S, GRACE_S = 300.0, 5.0
SHRINK = 0.97


class Asking:
    """One model under questions; it learns how many of our characters make one of the server's tokens."""

    def __init__(
        self,
        client: Client,
        model: LocalModel,
        *,
        meter: PowerMeter | None = None,
        nonce: Callable[[], str] = lambda: secrets.token_hex(6),
    ) -> None:
        self.model = model
        self._client, self._meter, self._nonce = client, meter or NoMeter(), nonce
        self._lengths: list[tuple[int, int]] = []

    def warm_up(self) -> float:
        """Have the model loaded, which may take minutes, and give the milliseconds until it had answered."""
        timed = self._ask(self._request(WARM_UP_CHARS, LEAST_DECODED), LOAD_S)
        self._learn(WARM_UP_CHARS, sample_of(timed))
        return timed.end_ms

    def calibrate(self, output_tokens: int, time: Time) -> tuple[int, Sample]:
        """Learn the size of its tokens; gives the largest prompt, in tokens, that bursar would send it."""
        chars = min(CALIBRATION_CHARS, self.model.context)
        request = self._request(chars, CALIBRATION_TOKENS)
        sample = sample_of(self._ask(request, patience(time)))
        self._learn(chars, sample)
        most = largest(self.model.context, output_tokens, sample.prompt_tokens, request.prompt_tokens)
        return self._fitting(most, output_tokens), sample

    def prompt(self, tokens: int, output_tokens: int, time: Time) -> Sample:
        """Send a prompt of about so many tokens, none of which the server has seen, and measure its answer."""
        chars = chars_for(tokens, self._lengths)
        since = self._meter.begin()
        timed = self._ask(self._request(chars, output_tokens), patience(time))
        sample = sample_of(timed, self._meter.joules(since))
        if sample.prompt_tokens >= tokens / 2:
            self._learn(chars, sample)
        return sample

    def twice(self, tokens: int, time: Time) -> tuple[Sample, Sample]:
        """Send a prompt, and then the next turn of the same conversation."""
        nonce, chars = self._nonce(), chars_for(tokens, self._lengths)
        first, second = (
            sample_of(self._ask(self._built(conversation(nonce, chars, turns=turns), LEAST_DECODED), patience(time)))
            for turns in (1, 2)
        )
        return first, second

    def at_once(self, many: int, tokens: int, output_tokens: int, time: Time) -> list[Timed]:
        """Send several prompts together; raises Unanswered when one of them fails, and breaks the others off."""
        chars = chars_for(tokens, self._lengths)
        requests = [self._request(chars, output_tokens) for _ in range(many)]
        found: list[Timed | Unanswered] = []

        def one(request: Translated) -> None:
            try:
                found.append(self._ask(request, patience(time)))
            except Unanswered as trouble:
                found.append(trouble)

        threads = [threading.Thread(target=one, args=(request,), daemon=True) for request in requests]
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            self._client.give_up()
        failed = next((answer for answer in found if isinstance(answer, Unanswered)), None)
        if failed is not None:
            raise failed
        return [answer for answer in found if isinstance(answer, Timed)]

    def _ask(self, request: Translated, seconds: float) -> Timed:
        return self._client.ask(request, model=self.model.id, seconds=seconds)

    def _learn(self, chars: int, sample: Sample) -> None:
        if sample.prompt_tokens:
            self._lengths.append((chars, sample.prompt_tokens))

    def _fitting(self, most: int, output_tokens: int) -> int:
        """Shrink a size until bursar itself would send it: its guess of a prompt is not the same part of each."""
        while most >= LEAST_TOKENS:
            try:
                self._translated(conversation(self._nonce(), chars_for(most, self._lengths)), output_tokens)
            except CannotTranslate:
                most = int(most * SHRINK)
            else:
                # The next text of this length may be guessed at a little more.
                return int(most * SHRINK)
        return 0

    def _request(self, chars: int, output_tokens: int) -> Translated:
        return self._built(conversation(self._nonce(), chars), output_tokens)

    def _built(self, fields: Mapping[str, Any], output_tokens: int) -> Translated:
        try:
            return self._translated(fields, output_tokens)
        except CannotTranslate as refusal:
            raise Unanswered(refusal.reason) from refusal

    def _translated(self, fields: Mapping[str, Any], output_tokens: int) -> Translated:
        """Build a request as bursar builds an agent's; servers that can are told not to stop early."""
        asked = {**fields, "max_tokens": output_tokens, "stream": True}
        request = to_chat(asked, model=self.model.id, caps=self.model)
        if self.model.kind not in IGNORES_END or request.wire == "messages":
            return request
        return replace(request, body=json.dumps({**json.loads(request.body), "ignore_eos": True}).encode())


def patience(time: Time) -> float:
    """Wait a little longer than there is time for: an answer that is nearly there is worth it."""
    return time.left * 1.2 + GRACE_S
