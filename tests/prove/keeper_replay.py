"""What the cache keeper leaves of a bill, replayed without a wire: `python -m tests.prove.keeper_replay [GENERATOR]`.

GENERATOR is a Python file with `gen(seed, usd)`; else days are our own. Each seed is a person of their own, whose
keeper knows nothing at first; `--days` lets it live through some days before the one that counts.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pricing.rates import Rates
from pricing.table import PriceTable
from proxy.keeper.hazard import Hazard
from proxy.keeper.pauses import Said
from proxy.keeper.replay import LIFE_S, Asked, Replayed, Replaying
from proxy.replay import Call
from tests.bench.days import BEGINS, days, of_family

DAY_S = 86_400.0
FAMILIES = ("5.5", "4.6")


@dataclass(frozen=True)
class Left:
    """What a day came to; amounts in picodollars."""

    bill: int
    kept: Replayed

    @property
    def keeper(self) -> float:
        """The share of the bill that is left with the keeper."""
        return 1 - self.kept.net.picos / self.bill

    @property
    def oracle(self) -> float:
        """The share that is left to one who knows when each pause ends."""
        return 1 - self.kept.best / self.bill


@dataclass
class _Thread:
    tokens: int
    at_s: float


class Billed:
    """Bills calls as Claude's cache would, and gives the keeper's view of them."""

    def __init__(self, prices: PriceTable) -> None:
        self._prices, self._threads = prices, dict[str, _Thread]()
        self.bill = 0

    def take(self, call: Call, offset_s: float, *, is_last: bool) -> Asked | None:
        """Bill one call; None for one that has no cache. `is_last`: it is a sub-agent's last word, whatever it says."""
        rates = self._rates(call)
        if call.is_title:
            self.bill += call.new * rates.input + call.out * rates.output
            return None
        at_s, total = call.t + offset_s, call.prefix + call.new
        key = f"{call.session}/{call.agent}/{call.model}"
        before = self._threads.get(key)
        could = min(before.tokens, call.prefix) if before else 0
        read = could if before and at_s - before.at_s <= LIFE_S else 0
        self._threads[key] = _Thread(total, at_s)
        self.bill += read * rates.cache_read + (total - read) * rates.cache_write_5m + call.out * rates.output
        said = Said(key, call.session, call.agent != "main", call.tool is not None and not is_last)
        return Asked(said, at_s, at_s, total, 0, could, rates)

    def _rates(self, call: Call) -> Rates:
        terms = self._prices.on(BEGINS, call.model)
        long = terms.long_prompt
        return long.rates if long and call.prefix + call.new > long.over else terms.rates


def left_of(lived: Sequence[Sequence[Call]], prices: PriceTable, hazard: Hazard | None = None) -> Left:
    """Live through days, and tell what is left of the last one's bill."""
    replaying, billed = Replaying(hazard), Billed(prices)
    for number, day in enumerate(lived):
        replaying.end()
        replaying.found, billed.bill = Replayed(), 0
        last = {call.agent + call.session: place for place, call in enumerate(day) if call.is_subagent}
        for place, call in enumerate(day):
            asked = billed.take(call, number * DAY_S, is_last=last.get(call.agent + call.session) == place)
            if asked is not None:
                replaying.take(asked)
    return Left(billed.bill, replaying.end())


def drawn(seeds: Sequence[int], family: str, count: int, usd: float, generator: Path | None) -> Iterator[Left]:
    """Replay a person for each seed."""
    prices = PriceTable.load()
    for seed in seeds:
        lived = [of_family(day, family) for day in days(count, 1000 * seed if count > 1 else seed, usd, generator)]
        yield left_of(lived, prices)


def tell(family: str, found: Sequence[Left]) -> None:
    """Print the figures of one family."""
    keeper, oracle = ([getattr(one, name) for one in found] for name in ("keeper", "oracle"))
    bill = sum(one.bill for one in found)
    net, best = sum(one.kept.net.picos for one in found), sum(one.kept.best for one in found)
    pings, wasted = sum(one.kept.pings for one in found), sum(one.kept.wasted for one in found)
    gaps = sorted(k - o for k, o in zip(keeper, oracle, strict=True))
    print(
        f"{family}: {len(found)} seeds; left with the keeper {1 - net / bill:.1%}, with an oracle {1 - best / bill:.1%}"
    )
    print(f"  by seed: keeper {min(keeper):.1%} to {max(keeper):.1%}, oracle {min(oracle):.1%} to {max(oracle):.1%}")
    print(f"  points from the oracle: median {gaps[len(gaps) // 2] * 100:.1f}, worst {gaps[-1] * 100:.1f}")
    print(f"  pings {pings}, wasted {wasted} ({wasted / max(1, pings):.0%})")


def main() -> None:
    """Replay and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("generator", type=Path, nargs="?")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--days", type=int, default=1)
    parser.add_argument("--usd", type=float, default=100.0)
    options = parser.parse_args()
    seeds = range(options.first, options.first + options.seeds)
    for family in FAMILIES:
        tell(family, list(drawn(seeds, family, options.days, options.usd, options.generator)))


if __name__ == "__main__":
    main()
