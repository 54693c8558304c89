"""The pace of a model, as its answers to a probe show it: a first impression, where `bursar bench` measures."""

from __future__ import annotations

from proxy.upstream.interview import Said

LEAST_PROMPT_TOKENS = 256
LEAST_OUTPUT_TOKENS = 16
MOST_TOKENS_PER_S = 200_000.0
"""Faster than anything that a person has at home: whatever says so has measured something else."""


class Pace:
    """Gathers how fast a model read and wrote, by the server's own clock where it tells, else by ours."""

    def __init__(self) -> None:
        self._longest = 0
        self._tokens, self._ms = 0, 0.0
        self.first_s: float | None = None
        self.reads: float | None = None

    @property
    def writes(self) -> float | None:
        """Tokens written a second; None as long as there were too few to tell."""
        known = self._tokens >= LEAST_OUTPUT_TOKENS and self._ms > 0
        return _credible(self._tokens * 1000 / self._ms) if known else None

    def add(self, said: Said, *, streamed: bool) -> None:
        """Add one answer."""
        if said.speed is not None:
            self._tokens += said.speed.output_tokens
            self._ms += said.speed.output_ms
            self._read(said.speed.prompt_tokens, said.speed.prompt_ms / 1000)
        elif streamed and said.first_s is not None:
            self._tokens += said.output_tokens or 0
            self._ms += (said.seconds - said.first_s) * 1000
            self._read(said.prompt_tokens or 0, said.first_s)

    def _read(self, tokens: int, seconds: float) -> None:
        """Take the longest prompt for the pace of reading: short ones show little but overhead."""
        if tokens < max(LEAST_PROMPT_TOKENS, self._longest) or seconds <= 0:
            return
        self._longest = tokens
        self.first_s, self.reads = round(seconds, 3), _credible(tokens / seconds)


def _credible(per_s: float) -> float | None:
    return round(per_s, 1) if 0 < per_s <= MOST_TOKENS_PER_S else None
