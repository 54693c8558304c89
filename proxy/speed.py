"""Speed: how fast a local model answers, made of measured answers; recent ones weigh most, and soon count no more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from proxy.translate.usage import Speed as ServersClock

RECENT_S, HALF_LIFE_S = 600.0, 300.0
"""What passed longer ago says nothing of how a server is now; until then, it weighs half as much every 300 s."""
LEAST_PROMPT, LEAST_OUTPUT = 2048, 16
"""In fewer tokens, a time tells of the wait and not of reading or writing."""
PRIOR_PROMPT, PRIOR_OUTPUT = 8192, 512
"""As many tokens of what was known before weigh beside the recent answers."""
READS_FASTER = 20
"""About how much faster a model reads than it writes, where only the sum of both is known."""
MOST_ANSWERS, LEAST_ANSWERS = 100, 5
"""What is usual weighs about the last hundred answers, and is believed after five."""


@dataclass(frozen=True, slots=True)
class Passed:
    """One answer as measured, in seconds: before it began to read, reading what was not cached, writing.

    None where nobody could tell them apart.
    """

    whole_s: float
    wait_s: float | None
    new_tokens: int = 0
    read_s: float | None = None
    output_tokens: int = 0
    write_s: float | None = None


@dataclass(frozen=True, slots=True)
class Speed:
    """What is to be expected: the wait in seconds, tokens read and written a second; None where nothing is known."""

    wait_s: float = 0.0
    reads: float | None = None
    writes: float | None = None

    @property
    def is_known(self) -> bool:
        """Tell whether it says anything."""
        return bool(self.wait_s or self.reads or self.writes)

    def seconds(self, new_tokens: int, output_tokens: int) -> float:
        """Say how long an answer takes, as far as known."""
        reading = new_tokens / self.reads if self.reads else 0.0
        return self.wait_s + reading + (output_tokens / self.writes if self.writes else 0.0)


@dataclass(frozen=True, slots=True)
class Usual:
    """What a model usually does: tokens and the seconds they took, over many answers."""

    answers: int = 0
    read_tokens: float = 0.0
    read_s: float = 0.0
    written_tokens: float = 0.0
    write_s: float = 0.0

    def after(self, passed: Passed) -> Usual:
        """Take in one more answer; older ones fade once there are many."""
        fade = 1 - 1 / MOST_ANSWERS if self.answers >= MOST_ANSWERS else 1.0
        read, written = _reading(passed), _writing(passed)
        return Usual(
            min(self.answers + 1, MOST_ANSWERS),
            *(fade * self.read_tokens + read[0], fade * self.read_s + read[1]),
            *(fade * self.written_tokens + written[0], fade * self.write_s + written[1]),
        )

    def speed(self) -> Speed | None:
        """Give it as a speed; None after too few answers."""
        if self.answers < LEAST_ANSWERS:
            return None
        return Speed(0.0, _rate(self.read_tokens, self.read_s), _rate(self.written_tokens, self.write_s))

    def as_json(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, raw: Mapping[str, Any] | None) -> Usual:
        """Read what `as_json` gave; anything else is no knowledge."""
        found = {name: (raw or {}).get(name) for name in cls.__dataclass_fields__}
        if not all(isinstance(value, int | float) and 0 <= value < 1e15 for value in found.values()):
            return cls()
        return cls(int(found.pop("answers") or 0), **{name: float(value or 0) for name, value in found.items()})


def measured(
    clock: ServersClock | None,
    usage: Mapping[str, int],
    first_ms: int | None,
    whole_ms: int,
    *,
    streams: bool,
) -> Passed:
    """Measure an answer: by the server's clock if it tells, else by ours; `streams` unless it came in one piece."""
    new, output = usage.get("input_tokens", 0), usage.get("output_tokens", 0)
    whole = whole_ms / 1000
    if clock is not None and clock.prompt_ms + clock.output_ms <= whole_ms * 1.05 + 100:
        read, write = clock.prompt_ms / 1000, clock.output_ms / 1000
        return Passed(whole, max(0.0, whole - read - write), clock.prompt_tokens, read, clock.output_tokens, write)
    if streams and first_ms is not None:
        first = first_ms / 1000
        return Passed(whole, None if new >= LEAST_PROMPT else first, new, first, output, whole - first)
    if new < LEAST_PROMPT and output < LEAST_OUTPUT:
        return Passed(whole, whole)
    a_token = whole / (new / READS_FASTER + output)
    return Passed(whole, None, new, a_token * new / READS_FASTER, output, a_token * output)


def speed_of(seen: Iterable[tuple[float, Passed]], prior: Speed | None) -> Speed:
    """Put together what passed, each so many seconds ago, and what was known before."""
    recent = [(0.5 ** (age / HALF_LIFE_S), one) for age, one in seen if age < RECENT_S]
    waits = [one.wait_s for _, one in recent if one.wait_s is not None]
    known = prior or Speed()
    return Speed(
        median(waits) if waits else 0.0,
        _mixed([(weight, _reading(one)) for weight, one in recent], known.reads, PRIOR_PROMPT),
        _mixed([(weight, _writing(one)) for weight, one in recent], known.writes, PRIOR_OUTPUT),
    )


def _mixed(seen: list[tuple[float, tuple[float, float]]], prior: float | None, prior_tokens: int) -> float | None:
    tokens = sum(weight * of[0] for weight, of in seen) + (prior_tokens if prior else 0)
    seconds = sum(weight * of[1] for weight, of in seen) + (prior_tokens / prior if prior else 0)
    return _rate(tokens, seconds)


def _rate(tokens: float, seconds: float) -> float | None:
    return tokens / seconds if tokens > 0 and seconds > 0 else None


def _reading(one: Passed) -> tuple[float, float]:
    return (one.new_tokens, one.read_s) if one.read_s is not None and one.new_tokens >= LEAST_PROMPT else (0.0, 0.0)


def _writing(one: Passed) -> tuple[float, float]:
    usable = one.write_s is not None and one.output_tokens >= LEAST_OUTPUT
    return (one.output_tokens, one.write_s) if usable and one.write_s is not None else (0.0, 0.0)
