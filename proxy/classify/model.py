"""The model: weighs traits into the chances of tiers and kinds of task; its weights are a file, learned offline.

`tests/bench/classify_train.py` writes the file. Two logistic models tell safe from routine and routine from complex
work; one for each kind tells the kind. There is no library behind it: a request has about twenty traits.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from proxy.classify.traits import Traits
from proxy.task import TaskClass

Caution = Literal["strict", "balanced", "thrifty"]
"""How sure it must be that work is not complex before it is called so: strict sends most to Claude."""

Weights = Mapping[str, float]
BIAS = "bias"
BEFORE = "before"
"""The trait that tells how complex the request before this one was; it counts the more the shorter this one is."""


@dataclass(frozen=True)
class Model:
    """Weights of traits; `complex_from` gives the chance from which work counts as complex, by caution."""

    complex: Weights
    more_than_safe: Weights
    kinds: Mapping[TaskClass, Weights]
    complex_from: Mapping[Caution, float]

    @classmethod
    def of(cls, raw: Mapping[str, Mapping[str, object]]) -> Model:
        """Make a model of the content of a weights file. Raises KeyError or ValueError if it is none."""
        return cls(
            complex=_numbers(raw["complex"]),
            more_than_safe=_numbers(raw["more_than_safe"]),
            kinds={TaskClass(kind): _numbers(weights) for kind, weights in raw["kinds"].items()},
            complex_from={c: _numbers(raw["complex_from"])[c] for c in ("strict", "balanced", "thrifty")},
        )

    def kind(self, traits: Traits) -> TaskClass:
        """Tell the likeliest kind."""
        return max(self.kinds, key=lambda kind: score(self.kinds[kind], traits), default=TaskClass.unknown)


@cache
def shipped() -> Model:
    """Give the model that comes with the program."""
    return Model.of(json.loads(Path(__file__).with_name("weights.json").read_text(encoding="utf-8")))


def score(weights: Weights, traits: Traits) -> float:
    """Add up the weights of traits: the logarithm of the odds."""
    return weights.get(BIAS, 0.0) + sum(weights.get(name, 0.0) * value for name, value in traits.items())


def chance(log_odds: float) -> float:
    """Turn the logarithm of odds into a chance from 0 to 1."""
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, log_odds))))


def contributions(weights: Weights, traits: Traits) -> list[tuple[str, float]]:
    """List what each trait added, the weightiest first."""
    added = [(name, weights[name] * value) for name, value in traits.items() if name in weights]
    return sorted(added, key=lambda each: (-abs(each[1]), each[0]))


def with_before(traits: Traits, before: Traits, size: int, weights: Weights) -> Traits:
    """Add what the request before this one tells; a long request speaks for itself."""
    if not before:
        return traits
    reach = 1.0 if size < 25 else 0.6 if size < 60 else 0.3 if size < 120 else 0.1
    return {**traits, BEFORE: reach * math.tanh(score(weights, before) / 2)}


def _numbers(raw: object) -> dict[str, float]:
    if not isinstance(raw, Mapping):
        raise ValueError("weights are a table of names and numbers")
    return {str(name): float(value) for name, value in raw.items()}
