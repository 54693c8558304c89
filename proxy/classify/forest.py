"""Forest: small trees of questions about traits, learned offline; what they add up to and which traits moved it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

Node = tuple[str, float, float, "Node | float", "Node | float"]
"""A trait, the limit it is compared with, what the node stands for, and what follows up to the limit and above it."""

UNIT = 1000
"""Numbers in the file are whole thousandths of the logarithm of odds."""


@dataclass(frozen=True, slots=True)
class Forest:
    """Trees whose leaves add up to the logarithm of odds."""

    start: float
    trees: tuple[Node, ...]

    @classmethod
    def of(cls, raw: object, names: list[str]) -> Forest:
        """Read a forest whose nodes name traits by their number. Raises KeyError, ValueError if it is none."""
        if not isinstance(raw, Mapping) or not isinstance(raw["trees"], list):
            raise ValueError("a forest is a start and a list of trees")
        return cls(raw["start"] / UNIT, tuple(_grown(tree, names) for tree in raw["trees"]))

    def score(self, traits: Mapping[str, float]) -> float:
        """Add up the leaves that traits lead to: the logarithm of the odds."""
        total, value_of = self.start, traits.get
        for tree in self.trees:
            node: Node | float = tree
            while type(node) is tuple:
                node = node[4] if value_of(node[0], 0.0) > node[1] else node[3]
            total += node  # type: ignore[operator]
        return total

    def contributions(self, traits: Mapping[str, float]) -> list[tuple[str, float]]:
        """List what each trait that is there moved the score by, the weightiest first."""
        moved = dict[str, float]()
        for tree in self.trees:
            node: Node | float = tree
            while isinstance(node, tuple):
                name, limit, value, low, high = node
                node = high if traits.get(name, 0.0) > limit else low
                moved[name] = moved.get(name, 0.0) + (node[2] if isinstance(node, tuple) else node) - value
        return sorted(((n, by) for n, by in moved.items() if n in traits), key=lambda each: (-abs(each[1]), each[0]))


def chance(log_odds: float) -> float:
    """Turn the logarithm of odds into a chance from 0 to 1."""
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, log_odds))))


def _grown(raw: object, names: list[str]) -> Node:
    match raw:
        case [int(number), int(limit), int(value), low, high]:
            return names[number], limit / UNIT, value / UNIT, _branch(low, names), _branch(high, names)
        case _:
            raise ValueError("a node is a trait, a limit, a value and two branches")


def _branch(raw: object, names: list[str]) -> Node | float:
    return raw / UNIT if isinstance(raw, int) else _grown(raw, names)
