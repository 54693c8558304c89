"""The model: weighs traits into the chances of tiers and kinds of task; what it knows is a file, learned offline.

`tests/bench/classify_train.py` writes the file. Two forests tell safe from routine and routine from complex work; one
logistic model for each kind tells the kind. There is no library behind it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from proxy.classify.forest import Forest
from proxy.classify.traits import Traits
from proxy.task import TaskClass

Caution = Literal["strict", "balanced", "thrifty"]
"""How sure it must be that work is not complex before it is called so: strict sends most to Claude."""

Weights = Mapping[str, float]
BIAS = "bias"
BEFORE = "before."
"""What traits of the request before this one begin with; they count the less the longer this one is."""
FIRST = "first"
"""The trait of a request that has none before it."""


@dataclass(frozen=True)
class Model:
    """What was learned; `complex_from` gives the chance from which work counts as complex, by caution."""

    complex: Forest
    more_than_safe: Forest
    kinds: Mapping[TaskClass, Weights]
    complex_from: Mapping[Caution, float]

    @classmethod
    def of(cls, raw: Mapping[str, object]) -> Model:
        """Make a model of the content of a weights file. Raises KeyError or ValueError if it is none."""
        names = raw["traits"]
        kinds, from_ = raw["kinds"], raw["complex_from"]
        if not isinstance(names, list) or not isinstance(kinds, Mapping):
            raise ValueError("a model has names of traits and weights of kinds")
        return cls(
            complex=Forest.of(raw["complex"], names),
            more_than_safe=Forest.of(raw["more_than_safe"], names),
            kinds={TaskClass(kind): _numbers(weights) for kind, weights in kinds.items()},
            complex_from={c: _numbers(from_)[c] for c in ("strict", "balanced", "thrifty")},
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


def with_before(traits: Traits, before: Traits, size: int) -> Traits:
    """Add what the request before this one tells; a long request speaks for itself."""
    if not before:
        return {**traits, FIRST: 1.0}
    reach = 1.0 if size < 25 else 0.6 if size < 60 else 0.3 if size < 120 else 0.1
    return {**traits, **{BEFORE + name: reach * value for name, value in before.items()}}


def _numbers(raw: object) -> dict[str, float]:
    if not isinstance(raw, Mapping):
        raise ValueError("weights are a table of names and numbers")
    return {str(name): float(value) for name, value in raw.items()}
