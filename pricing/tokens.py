"""Tokens of a text that nobody counted: guessed from its bytes, by ratios learned from what the provider counted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from threading import Lock
from typing import Any

from pricing.learned import ENOUGH, ONE, Learned, Ratio, unsupported

__all__ = ["ENOUGH", "Estimate", "Kind", "Ratio", "Ratios", "Row", "estimate_tokens"]

# Agents' requests, measured: 49 KB came to 14–18 thousand tokens, 88 KB to 31 thousand. Prose has more bytes a token,
# JSON and code fewer.
BYTES_PER_TOKEN = 3


def estimate_tokens(text_bytes: int) -> int:
    """Guess how many tokens a text of so many UTF-8 bytes has; never too precise, and no bound."""
    return -(-text_bytes // BYTES_PER_TOKEN)


class Kind(StrEnum):
    """What sort of content it is; each has its own number of tokens a byte.

    `image` and `fixed` are counted in tokens already: guessed ones of images, published ones that a request hides.
    """

    prose = "prose"
    code = "code"
    data = "data"
    foreign = "foreign"
    tools = "tools"
    calls = "calls"
    thinking = "thinking"
    image = "image"
    fixed = "fixed"


# Tokens of a million bytes where nothing was learned yet, for the tokenizer of the models before 4.7.
_GUESSED = {
    Kind.prose: 240_000,
    Kind.code: 300_000,
    Kind.data: 360_000,
    Kind.foreign: 380_000,
    Kind.tools: 250_000,
    Kind.calls: 300_000,
    Kind.thinking: 240_000,
    Kind.image: ONE,
    Kind.fixed: ONE,
}
# Later models make up to 35 % more of the same text; one that we do not know is taken for such.
_LATER = 1_200
_FIXED = Ratio(ONE, ONE, ONE, ENOUGH)
_WHOLE = "whole"
_LOCAL = "local/"

LEAST_UNITS = 200
"""Bytes of one kind from which a sample teaches anything: below, what stands around them counts for more."""
MOST_NAMES = 256
MOVED = 5
"""By how many thousandths a ratio has to change for texts to be estimated anew."""

Sizes = Mapping[Kind, int]


@dataclass(frozen=True, slots=True)
class Estimate:
    """Tokens: the likely number, and between which two it lies."""

    low: int
    likely: int
    high: int

    def __add__(self, other: Estimate) -> Estimate:
        return Estimate(self.low + other.low, self.likely + other.likely, self.high + other.high)


@dataclass(frozen=True, slots=True)
class Row:
    """One learned ratio to be shown: of which tokenizer, of what content (or which local model's tokens)."""

    generation: str
    what: str
    ratio: Ratio


class Ratios:
    """Learns from counted prompts how many tokens a content has, by tokenizer generation; safe from any thread."""

    def __init__(self) -> None:
        self._learned: dict[tuple[str, str], Learned] = {}
        self._told: dict[tuple[str, str], Ratio] = {}
        self._settled: dict[tuple[str, str], int] = {}
        self._lock = Lock()
        self.version = 0
        """Rises when a ratio has moved so far that earlier estimates are stale."""

    def of(self, generation: str, kind: Kind) -> Ratio:
        """Give the ratio of one kind of content in tokens per million bytes."""
        with self._lock:
            return self._of(generation, kind)

    def tokens(self, generation: str, sizes: Sizes) -> Estimate:
        """Estimate the tokens of a content, given its bytes by kind."""
        low = likely = high = 0
        with self._lock:
            for kind, units in sizes.items():
                ratio = self._of(generation, kind)
                low, likely, high = low + ratio.low * units, likely + ratio.likely * units, high + ratio.high * units
        return Estimate(low // ONE, -(-likely // ONE), -(-high // ONE))

    def teach(self, generation: str, sizes: Sizes, tokens: int) -> None:
        """Learn from a content that the provider counted; what is too small or cannot be teaches nothing."""
        with self._lock:
            guessed = sum(_guess(generation, kind) * units for kind, units in sizes.items())
            if tokens <= 0 or guessed < LEAST_UNITS * ONE // 4:
                return
            self._add(generation, _WHOLE, tokens * ONE * ONE // guessed, tokens, ONE)
            kind = self._target(generation, sizes)
            if kind is None or sizes[kind] < LEAST_UNITS:
                return
            others = sum(self._of(generation, k).likely * units for k, units in sizes.items() if k is not kind)
            ratio = (tokens * ONE - others) // sizes[kind]
            self._add(generation, kind, ratio, sizes[kind], _guess(generation, kind))

    def teach_local(self, generation: str, model: str, local: int, claude: int) -> None:
        """Learn from one prompt that a local model and Claude have both counted."""
        if local >= LEAST_UNITS and claude > 0:
            with self._lock:
                self._add(generation, _LOCAL + model, claude * ONE // local, local, ONE)

    def from_local(self, generation: str, model: str, tokens: int) -> Estimate:
        """Convert tokens of a local model to Claude's."""
        with self._lock:
            ratio = self._told.get((generation, _LOCAL + model)) or unsupported(ONE)
        return Estimate(tokens * ratio.low // ONE, -(-tokens * ratio.likely // ONE), -(-tokens * ratio.high // ONE))

    def rows(self) -> tuple[Row, ...]:
        """List what was learned, to be shown with its sample sizes."""
        with self._lock:
            learned = [(key, each.ratio()) for key, each in sorted(self._learned.items())]
        return tuple(Row(generation, what, ratio) for (generation, what), ratio in learned if what != _WHOLE)

    def as_json(self) -> str:
        """Write all that was learned, to be kept between runs; numbers only."""
        with self._lock:
            rows = [[*key, each.seen, list(each.samples)] for key, each in self._learned.items()]
        return json.dumps({"format": 1, "learned": rows}, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Ratios:
        """Read what `as_json` wrote; raises ValueError if it is anything else."""
        made = cls()
        try:
            kept = json.loads(text)
            if kept["format"] != 1:
                raise ValueError("token ratios of another format")
            for generation, what, seen, samples in kept["learned"][:MOST_NAMES]:
                made._learned[str(generation), str(what)] = _read(seen, samples)
        except (TypeError, KeyError, RecursionError) as error:
            raise ValueError(f"not token ratios: {error}") from None
        made._told = {key: each.ratio() for key, each in made._learned.items()}
        return made

    def _of(self, generation: str, kind: Kind) -> Ratio:
        if kind is Kind.fixed:
            return _FIXED
        known = self._told.get((generation, kind))
        if known:
            return known
        whole = self._told.get((generation, _WHOLE))
        likely = _guess(generation, kind)
        # What the others came to, against what was guessed of them, is the best guess of this one.
        return unsupported(likely * whole.likely // ONE if whole and kind is not Kind.image else likely)

    def _target(self, generation: str, sizes: Sizes) -> Kind | None:
        """Choose the kind that a mixed sample tells most about.

        That is the least known one of which there is a fifth, if all else is known; or else what is most of it.
        """
        guessed = {kind: self._of(generation, kind).likely * units for kind, units in sizes.items()}
        total = sum(guessed.values())
        shares = {kind: tokens * 100 // total for kind, tokens in guessed.items() if kind is not Kind.fixed}
        unknown = [k for k, share in shares.items() if share >= 10 and self._of(generation, k).samples < ENOUGH // 3]
        if len(unknown) == 1 and shares[unknown[0]] >= 20:
            return unknown[0]
        return next((kind for kind, share in shares.items() if share >= 50), None)

    def _add(self, generation: str, what: str, ratio: int, weight: int, guessed: int) -> None:
        """Keep a sample unless it is out of all reason: then the content was not what was counted."""
        key = (generation, what)
        if not guessed // 4 <= ratio <= guessed * 4 or (key not in self._learned and len(self._learned) >= MOST_NAMES):
            return
        learned = self._learned.setdefault(key, Learned())
        learned.add(ratio, weight)
        now = self._told[key] = learned.ratio()
        before = self._settled.get(key, 0)
        if abs(now.likely - before) * 1000 > before * MOVED:
            self._settled[key] = now.likely
            self.version += 1


def _guess(generation: str, kind: Kind) -> int:
    is_later = generation != "pre-4.7" and kind not in (Kind.image, Kind.fixed)
    return _GUESSED[kind] * _LATER // 1000 if is_later else _GUESSED[kind]


def _read(seen: Any, samples: Any) -> Learned:
    pairs = [(ratio, weight) for ratio, weight in samples]
    whole = [seen, *(number for pair in pairs for number in pair)]
    if not pairs or not all(type(number) is int and 0 < number < 2**53 for number in whole):
        raise ValueError("not token ratios: a sample is no positive whole number")
    return Learned(pairs, seen)
