"""The fake's bill for requests that it was never sent: its cache and prices, played over their bodies."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tests.kit.claude.prices import MODELS, Tokens, charge
from tests.kit.claude.promptcache import PromptCache, blocks_of


@dataclass(frozen=True)
class Ask:
    """One request: its moment, its body, the output tokens of its answer."""

    at: float
    body: dict[str, Any]
    output: int


def bill_of(asks: Iterable[Ask]) -> int:
    """Bill requests, oldest first, as one workspace's; picodollars."""
    cache, picos = PromptCache(), 0
    for ask in asks:
        split = cache.split(blocks_of(ask.body), MODELS[ask.body["model"]].minimum, ask.at)
        tokens = Tokens(split.input, split.write_5m, split.write_1h, split.read, ask.output)
        picos += charge(ask.body["model"], tokens)
    return picos
