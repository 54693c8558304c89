"""The baseline against a provider that keeps a real cache: `python -m tests.prove.baseline_day [DAY.jsonl] [--usd D]`.

Every call of a day is billed by the fake's own cache and prices, and said beforehand by the simulator, whose token
ratios are learned from those bills as the day passes. In the second half some turns go to a local model: what all of it
would have cost at Claude is what the fake bills when it gets all of it.
"""

import argparse
import heapq
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from budget.promptcache import Simulator
from pricing.bill import bill
from pricing.table import PriceTable
from proxy.promptblocks import CachedModel, Prompts
from proxy.promptlengths import Laid
from proxy.promptsizes import size_of_block
from proxy.request import read
from tests.kit import pieces, traffic
from tests.kit.claude import promptcache as fake
from tests.kit.claude.prices import MODELS, Tokens, charge
from tests.kit.traffic import Call
from tests.kit.traffic_bodies import Renderer, filler, headers

MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)
BEGINS_S = 2.0  # From a request to the first word of its answer.
TOKENS_PER_S = 80
LOCAL_SHARE = 0.4  # Of the turns in the second half.

Count = Callable[[Any], int]


@dataclass(frozen=True)
class Said:
    """One call: what the simulator said it costs at Claude, and what the fake bills; picodollars."""

    session: str
    is_local: bool
    low: int
    likely: int
    high: int
    billed: int
    prompt_likely: int  # The same without the answer's tokens.
    prompt_billed: int
    without_cache: int
    own_likely: int  # Of what really went to Claude, where local turns have left its cache colder.
    own_billed: int


@dataclass
class Provider:
    """The fake's cache and prices, told the moment of each request."""

    counted: Count
    cache: fake.PromptCache = field(default_factory=fake.PromptCache)

    def bill(self, body: dict[str, Any], at: float, output: int) -> Tokens:
        """Take a request through the cache, and count all that it is billed for."""
        minimum = MODELS[body["model"]].minimum
        split = self.cache.split(fake.blocks_of(body, self.counted), minimum, at, at + BEGINS_S)
        return Tokens(split.input, split.write_5m, split.write_1h, split.read, output)


class Day:
    """Replays calls, each said before it is billed."""

    def __init__(self, counted: Count = fake.count, fill: Callable[[int, str], str] = filler) -> None:
        self._counted = counted
        self._renderer = Renderer(fill)
        self._prices = PriceTable.load()
        self.prompts = Prompts()
        self._all, self._own = Simulator(), Simulator()
        self._truth, self._own_truth = Provider(counted), Provider(counted)
        self._answering: list[tuple[float, int, Laid, dict[str, Any]]] = []

    def play(self, calls: Sequence[Call], seed: int = 1) -> list[Said]:
        """Say and bill every call; of the second half, the turns drawn by `seed` go to a local model."""
        chance, later = Random(seed), calls[len(calls) // 2].t
        turns = {(call.session, call.turn) for call in calls if call.t >= later and call.turn}
        local = {turn for turn in sorted(turns) if chance.random() < LOCAL_SHARE}
        return [self._call(call, is_local=call.t >= later and (call.session, call.turn) in local) for call in calls]

    def _call(self, call: Call, *, is_local: bool) -> Said:
        self._hear(call.t)
        asked = read(self._renderer.body(call), headers_of(call))
        answer = self._renderer.answer(call)
        output = sum(map(self._counted, answer)) if answer else call.out
        body, at = json.loads(asked.body), MIDNIGHT + timedelta(seconds=call.t)
        model = CachedModel.of(self._prices, asked.model, at)
        laid = self.prompts.of(asked.fields, model)
        split = self._all.ask(laid.prompt, call.t, call.t + BEGINS_S)
        truth = self._truth.bill(body, call.t, output)
        told = self._of_words(answer, model.generation) if is_local else output
        priced = [self._priced(s.usage(told), call, at) for s in (laid.low(split), split, laid.high(split))]
        own = own_truth = 0
        if not is_local:
            mine = self._own.ask(laid.prompt, call.t, call.t + BEGINS_S)
            real = self._own_truth.bill(body, call.t, output)
            own, own_truth = self._priced(mine.usage(output), call, at), charge(call.model, real)
            ends = call.t + BEGINS_S + output / TOKENS_PER_S
            heapq.heappush(self._answering, (ends, id(laid), laid, usage_of(real)))
        return Said(
            session=call.session,
            is_local=is_local,
            low=priced[0],
            likely=priced[1],
            high=priced[2],
            billed=charge(call.model, truth),
            prompt_likely=self._priced(split.usage(0), call, at),
            prompt_billed=charge(call.model, Tokens(truth.input, truth.write_5m, truth.write_1h, truth.read)),
            without_cache=charge(call.model, Tokens(input=truth.prompt, output=output)),
            own_likely=own,
            own_billed=own_truth,
        )

    def _hear(self, now: float) -> None:
        """Learn from the answers that are complete by now."""
        while self._answering and self._answering[0][0] <= now:
            _, _, laid, usage = heapq.heappop(self._answering)
            self.prompts.heard(laid, usage)

    def _of_words(self, answer: list[dict[str, Any]], generation: str) -> int:
        """Estimate what a local answer would have been in Claude's tokens."""
        sizes = [size_of_block(block, {}) for block in answer]
        return sum(self.prompts.ratios.tokens(generation, size).likely for size in sizes)

    def _priced(self, usage: dict[str, Any], call: Call, at: datetime) -> int:
        return bill(usage, call.model, at, self._prices).total.picos


def headers_of(call: Call) -> dict[str, str]:
    """Give a call's headers as they arrive."""
    return {name.replace("_", "-"): value for name, value in headers(call).items()}


def usage_of(tokens: Tokens) -> dict[str, Any]:
    """Write a bill as the provider's usage object."""
    return {
        "input_tokens": tokens.input,
        "cache_creation_input_tokens": tokens.write_5m + tokens.write_1h,
        "cache_creation": {
            "ephemeral_5m_input_tokens": tokens.write_5m,
            "ephemeral_1h_input_tokens": tokens.write_1h,
        },
        "cache_read_input_tokens": tokens.read,
        "output_tokens": tokens.output,
    }


def off(pairs: Iterable[tuple[int, int]]) -> float:
    """Give how far the sum of the first of each pair is from that of the second, as a share of the latter."""
    rows = list(pairs)
    truth = sum(billed for _, billed in rows)
    return (sum(said for said, _ in rows) - truth) / truth if truth else 0.0


def by_session(said: Iterable[Said]) -> dict[str, float]:
    """Give the error of each session."""
    rows: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for each in said:
        rows[each.session].append((each.likely, each.billed))
    return {session: off(pairs) for session, pairs in rows.items()}


def tell(title: str, said: list[Said], day: Day) -> None:
    """Print the figures."""
    billed = sum(each.billed for each in said)
    print(f"{title}: {len(said)} calls, ${billed / 1e12:.2f} at Claude, {sum(each.is_local for each in said)} local")
    print(f"  the day, said beforehand  {off((s.likely, s.billed) for s in said):+.2%}")
    print(f"  its prompts alone         {off((s.prompt_likely, s.prompt_billed) for s in said):+.2%}")
    absolute = sum(abs(s.likely - s.billed) for s in said) / billed
    print(f"  nothing set off           {absolute:.2%} (the error of each call, whichever way)")
    half = len(said) // 2
    for name, part in (("first half, all Claude", said[:half]), ("second half, mixed", said[half:])):
        print(f"  {name:25} {off((s.likely, s.billed) for s in part):+.2%}")
    print(f"  local calls only          {off((s.likely, s.billed) for s in said if s.is_local):+.2%}")
    print(f"  own error, real bills     {off((s.own_likely, s.own_billed) for s in said):+.2%}")
    print(f"  prices without the cache  {off((s.without_cache, s.billed) for s in said):+.0%}")
    print(f"  the day: {_range(said)}")
    first = [each for each in said if each.session == said[0].session]
    unlearned = off((s.likely, s.billed) for s in first)
    print(f"  the first session         {unlearned:+.2%}, when nothing was learned yet: {_range(first)}")
    errors = sorted(abs(error) for error in by_session(said).values())
    worst = " ".join(f"{share:.0%}: {errors[min(len(errors) - 1, int(share * len(errors)))]:.2%}" for share in SHARES)
    within = sum(error <= 0.02 for error in errors)
    print(f"  {len(errors)} sessions: {worst}, at most {errors[-1]:.2%}; within 2 %: {within}")
    for row in day.prompts.ratios.rows():
        ratio = row.ratio
        print(f"    {row.generation} {row.what}: {1e6 / ratio.likely:.2f} bytes a token, {ratio.samples} samples")


def _range(said: list[Said]) -> str:
    billed = sum(each.billed for each in said)
    low, high = sum(each.low for each in said), sum(each.high for each in said)
    return f"its own range {low / billed - 1:+.1%} to {high / billed - 1:+.1%}"


SHARES = (0.5, 0.9, 0.95)


def main() -> None:
    """Replay a day with the fake's tokens, then with pieces of real text."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("day", type=Path, nargs="?")
    parser.add_argument("--usd", type=float, default=40.0)
    parser.add_argument("--seed", type=int, default=22)
    parser.add_argument("--calls", type=int)
    options = parser.parse_args()
    calls = traffic.read(options.day) if options.day else traffic.generate(options.seed, options.usd)
    for title, day in (("four bytes a token", Day()), ("pieces of mixed text", Day(pieces.count, pieces.Shelf().fill))):
        tell(title, day.play(calls[: options.calls]), day)


if __name__ == "__main__":
    main()
