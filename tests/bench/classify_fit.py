"""Fit: from labelled prompts to what the classifier's model knows, as its file has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from proxy.classify.model import Model, Weights, with_before
from proxy.task import Tier
from tests.bench.classify_boosted import Settings, grow
from tests.bench.labelled import Fitted
from tests.bench.logistic import fit

FROM: Mapping[str, float] = {"strict": 0.2, "balanced": 0.3, "thrifty": 0.4}
"""Where work begins to be complex in a model whose limits were not read off yet."""


def learned(rows: list[Fitted], settings: Settings | None = None, *, kinds: bool = True) -> dict[str, Any]:
    """Learn from prompts; restricted ones are told by rules, so tiers are learned from the others."""
    settings = settings or Settings()
    found: dict[str, Any] = {
        "complex": _forest(rows, Tier.L2, settings),
        "more_than_safe": _forest(rows, Tier.L1, settings),
        "kinds": {name: compact(each, least=0.4, digits=1) for name, each in _kinds(rows).items()} if kinds else {},
        "complex_from": dict(FROM),
    }
    return _numbered(found)


def model_of(rows: list[Fitted], *, kinds: bool = True) -> Model:
    """Learn a model from prompts."""
    return Model.of(learned(rows, kinds=kinds))


def compact(weights: Weights, *, least: float, digits: int = 2) -> dict[str, float]:
    """Round weights, and leave out those that change nothing."""
    return {name: round(value, digits) for name, value in weights.items() if abs(value) >= least}


def _forest(rows: list[Fitted], least: Tier, settings: Settings) -> dict[str, Any]:
    """Learn the chance that a prompt is of this tier or above; where readers differ it counts for less."""
    rows = [row for row in rows if row.prompt.tier is not Tier.L3]
    chances = [sum(row.prompt.chances[least:]) for row in rows]
    return grow(
        [with_before(row.traits, row.before, row.size) for row in rows],
        [float(chance >= 0.5) for chance in chances],
        [_weight(row, chance, least) for row, chance in zip(rows, chances, strict=True)],
        settings,
    )


def _weight(row: Fitted, chance: float, least: Tier) -> float:
    sides = {tier >= least for tier in row.prompt.accepted}
    return abs(chance - 0.5) * (2 if len(sides) == 1 else 1) + 0.02


def _kinds(rows: list[Fitted]) -> dict[str, Weights]:
    even = [1.0] * len(rows)
    traits = [row.traits for row in rows]
    kinds = sorted({row.prompt.kind for row in rows})
    return {kind: fit(traits, [float(r.prompt.kind == kind) for r in rows], even, ridge=2.0) for kind in kinds}


def _numbered(found: dict[str, Any]) -> dict[str, Any]:
    """Write the names of traits once, and their numbers in the trees."""
    forests = (found["complex"], found["more_than_safe"])
    names = sorted({name for forest in forests for tree in forest["trees"] for name in _names(tree)})
    places = {name: number for number, name in enumerate(names)}
    for forest in forests:
        forest["trees"] = [_with_numbers(tree, places) for tree in forest["trees"]]
    return {"traits": names, **found}


def _names(tree: Any) -> set[str]:
    return {tree[0]} | _names(tree[3]) | _names(tree[4]) if isinstance(tree, list) else set()


def _with_numbers(tree: Any, places: dict[str, int]) -> Any:
    if not isinstance(tree, list):
        return tree
    name, limit, value, low, high = tree
    return [places[name], limit, value, _with_numbers(low, places), _with_numbers(high, places)]
