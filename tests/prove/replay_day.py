"""Replays a day of agent traffic through the running proxy and compares the ledger with the fake Claude's own bill.

`python -m tests.prove.replay_day [DAY.jsonl] [--usd D]`: once with money enough (every call to Claude: the sums must be
equal), once in mode auto with a budget of $10, a cutoff of $12 and a local server (the cutoff must hold, every
call be answered or refused with a reason). Time is compressed: calls carry their moment for the fake's prompt cache.
"""

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.kit import traffic
from tests.kit.bursar import PICOS, Bursar, Entry
from tests.kit.fake_claude import FakeClaude
from tests.kit.local_fake import Act, local_fake, says
from tests.kit.replay import Done, Replay
from tests.kit.traffic import Call

TIERS = ("L0", "L1", "L2", "L3")


@dataclass(frozen=True)
class Outcome:
    """What one replay came to; sums in picodollars."""

    done: tuple[Done, ...]
    entries: tuple[Entry, ...]
    billed: dict[str, int]  # By Claude's request id, complete answers only.
    bill: int
    seconds: float

    @property
    def charged(self) -> int:
        """Return what the ledger says was spent."""
        return sum(entry.charged for entry in self.entries)

    @property
    def ledger(self) -> dict[str, int]:
        """Return what the ledger charged for each complete answer of Claude."""
        return {e.upstream_id: e.charged for e in self.entries if e.outcome == "complete" and not e.is_local}

    def fates(self, tier: str) -> Counter[str]:
        """Count what became of the calls of one true tier."""
        return Counter(done.fate for done in self.done if done.call.tier == tier)


def with_money_enough(calls: Sequence[Call], home: Path) -> Outcome:
    """Send every call to Claude."""
    with FakeClaude() as fake, Bursar(home, fake.url, budget="100000.00", mode="cloud") as bursar:
        return _replayed(calls, fake, bursar)


def on_a_budget(calls: Sequence[Call], home: Path) -> Outcome:
    """Route by mode auto with $10 to spend, $12 at most, and a local server that takes 128k tokens."""
    with FakeClaude() as fake, local_fake(Act(says("Done ", "locally."))) as local:
        server = {"name": "local", "url": local.url, "kind": "openai", "models": ["fake-model"], "context": 131_072}
        settings = {"budget": "10.00", "cutoff": "12.00", "mode": "auto", "queue_wait_s": 5}
        with Bursar(home, fake.url, local_servers=(server | {"tools": True},), **settings) as bursar:
            return _replayed(calls, fake, bursar)


def _replayed(calls: Sequence[Call], fake: FakeClaude, bursar: Bursar) -> Outcome:
    began = time.monotonic()
    done = Replay(bursar.url).run(calls)
    seconds = time.monotonic() - began
    bursar.settled()
    bill = fake.bill()
    billed = {line["request_id"]: line["picos"] for line in bill["lines"] if line["state"] == "complete"}
    return Outcome(tuple(done), tuple(bursar.entries()), billed, bill["picos"], seconds)


def tell(title: str, outcome: Outcome) -> None:
    """Print the figures."""
    print(f"{title}: {len(outcome.done)} calls in {outcome.seconds:.0f} s")
    print(f"  ledger ${outcome.charged / PICOS:.6f}   bill ${outcome.bill / PICOS:.6f}")
    same = sum(outcome.ledger.get(key) == picos for key, picos in outcome.billed.items())
    print(f"  complete answers charged exactly as billed: {same} of {len(outcome.billed)}")
    for tier in TIERS:
        fates, all_ = outcome.fates(tier), sum(outcome.fates(tier).values()) or 1
        print(f"  {tier}: " + ", ".join(f"{fate} {fates[fate]} ({fates[fate] / all_:.0%})" for fate in sorted(fates)))
    refused = [done for done in outcome.done if done.fate == "refused"]
    restricted = [done for done in refused if done.tier == "L3"]
    shortest = min((done.call.prefix + done.call.new for done in refused if done.tier != "L3"), default=0)
    if refused:
        others = len(refused) - len(restricted)
        print(f"  refused: {len(restricted)} taken for L3, {others} others, the shortest of {shortest} tokens")
        print(f"  the last refusal: {refused[-1].reason}")
    for done in [done for done in outcome.done if done.fate == "failed"][:3]:
        print(f"  FAILED: {done.status} {done.reason[:200]}")


def main() -> None:
    """Replay twice and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("day", type=Path, nargs="?")
    parser.add_argument("--usd", type=float, default=12.0)
    parser.add_argument("--calls", type=int)
    options = parser.parse_args()
    calls = (traffic.read(options.day) if options.day else traffic.generate(usd=options.usd))[: options.calls]
    with tempfile.TemporaryDirectory() as folder:
        tell("money enough, mode cloud", with_money_enough(calls, Path(folder) / "enough"))
        tell("$10 budget, $12 cutoff, mode auto", on_a_budget(calls, Path(folder) / "budget"))


if __name__ == "__main__":
    main()
