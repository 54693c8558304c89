"""What a day's requests missed of Claude's cache, through the proxy: `python -m tests.prove.cache_day [DAY] [--usd D]`.

The fake Claude keeps a real prompt cache and a bill. What expiry truly cost is what it bills for the day less what it
would bill if nothing ever expired; what each lifetime would have cost is what it bills with all marks asking for it.
"""

import argparse
import json
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from budget.cachemisslife import Lives
from budget.cachemisssums import Missed, missed
from budget.ledger import Mode
from tests.kit import traffic
from tests.kit.bursar import PICOS
from tests.kit.claude.prices import MODELS, Tokens, charge
from tests.kit.claude.promptcache import Block, PromptCache, blocks_of
from tests.kit.claude.replay import Ask, bill_of
from tests.kit.fake_claude import FakeClaude
from tests.kit.inproc import InProcess
from tests.kit.raw import Client
from tests.kit.scripted import eventually
from tests.kit.traffic import Call
from tests.kit.traffic_bodies import Renderer, headers

MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)
NEWER = {
    "claude-opus-4-6": "claude-opus-5-5",
    "claude-sonnet-4-6": "claude-sonnet-5-5",
    "claude-haiku-4-5": "claude-haiku-5-5",
}
FAMILIES: dict[str, dict[str, str]] = {"4.6": {}, "5.5": NEWER}


@dataclass(frozen=True)
class Outcome:
    """What a day came to; picodollars. `gross` is what writing expired prefixes was billed in all."""

    found: Missed
    billed: int
    never_expired: int
    if_5m: int
    if_1h: int

    @property
    def expiry(self) -> int:
        """What expiry truly cost."""
        return self.billed - self.never_expired

    @property
    def whole(self) -> Lives:
        """What was said of either lifetime."""
        return self.found.lives[-1]


def play(calls: Sequence[Call], folder: Path) -> Outcome:
    """Send a day, one request after the other, each at its own moment."""
    asks: list[Ask] = []
    settings: dict[str, Any] = {"mode": Mode.cloud, "budget": "9000", "cutoff": "9000", "at": MIDNIGHT}
    with FakeClaude() as fake, InProcess(folder, fake.url, **settings) as proxy, Client(proxy.url, 60) as client:
        renderer = Renderer()
        for call in calls:
            moment = MIDNIGHT + timedelta(seconds=call.t)
            proxy.now = lambda moment=moment: moment  # type: ignore[misc]
            body = renderer.body(call)
            answer = client.ask(body, "/v1/messages?beta=true", **headers(call))
            assert answer.status == 200, answer.body
            asks.append(Ask(call.t, json.loads(body), call.out))
            assert eventually(lambda: not proxy.today.open_holds)
        day = MIDNIGHT.date()
        assert eventually(lambda: missed(proxy.ledger.file, day, day).requests == len(asks))
        found = missed(proxy.ledger.file, day, day)
        billed = int(fake.bill()["picos"])
    assert billed == bill_of(asks) == found.judged.picos
    return Outcome(found, billed, _bill(asks, forgets=False), _bill(asks, "5m"), _bill(asks, "1h"))


def newer(calls: Iterable[Call], family: str) -> list[Call]:
    """Give the same day with the models of a family of prices."""
    names = FAMILIES[family]
    return [replace(call, model=names.get(call.model, call.model)) for call in calls]


def _bill(asks: Iterable[Ask], life: str = "", *, forgets: bool = True) -> int:
    """Bill requests as the fake does, with one lifetime for all marks, or in a cache that forgets nothing."""
    cache, picos = PromptCache(), 0
    for ask in asks:
        blocks = [_lasting(block, life) for block in blocks_of(ask.body)]
        split = cache.split(blocks, MODELS[ask.body["model"]].minimum, ask.at if forgets else 0.0)
        tokens = Tokens(split.input, split.write_5m, split.write_1h, split.read, ask.output)
        picos += charge(ask.body["model"], tokens)
    return picos


def _lasting(block: Block, life: str) -> Block:
    return replace(block, mark=life) if life and block.mark else block


def tell(outcome: Outcome, family: str) -> None:
    """Print the figures."""
    found = outcome.found
    print(f"prices of {family}: {found.requests} requests, ${outcome.billed / PICOS:.4f} billed")
    for cut in found.cuts:
        share = cut.amount.picos / outcome.billed
        name = f"{cut.kind} {cut.what}".strip()
        print(
            f"  {name:20} {cut.misses:5} misses {cut.tokens:12,} tokens ${cut.amount.picos / PICOS:9.4f} {share:6.2%}"
        )
    expired = sum(cut.amount.picos for cut in found.cuts if cut.kind == "expired")
    truth, off = outcome.expiry, (expired - outcome.expiry) / (outcome.expiry or 1)
    print(f"  expiry truly cost ${truth / PICOS:.4f} ({truth / outcome.billed:.2%}); said {off:+.2%}")
    for name, said, true in (
        ("5 minutes", outcome.whole.if_5m.picos, outcome.if_5m),
        ("an hour", outcome.whole.if_1h.picos, outcome.if_1h),
    ):
        print(f"  with {name:9} ${true / PICOS:.4f} ({true / outcome.billed:.1%}); said {(said - true) / true:+.2%}")


def main() -> None:
    """Play a day with both families of prices."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("day", type=Path, nargs="?")
    parser.add_argument("--usd", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=22)
    parser.add_argument("--calls", type=int)
    options = parser.parse_args()
    calls = traffic.read(options.day) if options.day else traffic.generate(options.seed, options.usd)
    for family in FAMILIES:
        with tempfile.TemporaryDirectory() as folder:
            tell(play(newer(calls[: options.calls], family), Path(folder)), family)


if __name__ == "__main__":
    main()
