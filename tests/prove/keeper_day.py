"""Days of traffic through a running bursar with the cache keeper: `python -m tests.prove.keeper_day [GENERATOR]`.

Each seed's day goes twice through a bursar as it ships, before a fake Claude with a real prompt cache: without the
keeper and with it. Told is which share of the bill is left, by the fake's own books, and what one would have left who
knew when each pause ends, by what the ledger recorded of the first run. GENERATOR is a file with `gen(seed, usd)`.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from budget.conversed import conversed
from budget.pings import Pings, pings
from pricing.money import Money
from pricing.table import PriceTable
from proxy.keeper.past import asked_of
from proxy.keeper.replay import replay
from tests.bench.days import NEWER, rows_of
from tests.kit.fake_claude import FakeClaude
from tests.kit.raw import Client
from tests.kit.traffic import Call
from tests.kit.traffic_bodies import Renderer, filler, headers
from tests.prove.day.clocked import MIDNIGHT
from tests.prove.day.keeping import Kept

FAMILIES = ("5.5", "4.6")
_VARIES = re.compile(rb"(msg|req)_\w+|\d+")
END_S = 4 * 3600.0
"""Time after the last call, in which the keeper lets go."""


@dataclass(frozen=True)
class Run:
    """One day through bursar: Claude's bill and the ledger's sum in picodollars, and what pings came to."""

    bill: int
    charged: int
    pings: Pings
    best: int
    asked: tuple[str, ...]
    """The digests of what Claude got, pings included."""
    told: tuple[str, ...]
    """The digests of what the agent got, less ids and numbers."""


@dataclass(frozen=True)
class Compared:
    """A day without and with the keeper."""

    off: Run
    on: Run

    @property
    def keeper(self) -> float:
        """The share of the bill that is left with it."""
        return self.on.bill / self.off.bill

    @property
    def oracle(self) -> float:
        """The share that is left to one who knows when each pause ends."""
        return 1 - self.off.best / self.off.bill

    @property
    def is_unchanged(self) -> bool:
        """Whether Claude got the agent's requests and the agent its answers as without the keeper."""
        own = set(self.off.asked)
        asked = tuple(digest for digest in self.on.asked if digest in own)
        return asked == self.off.asked and self.on.told == self.off.told


def compared(calls: Sequence[Call], folder: Path, allowance: str = "50") -> Compared:
    """Send a day's calls through both."""
    off = _run(calls, folder / "off", {})
    return Compared(off, _run(calls, folder / "on", {"keeper.enabled": True, "keeper.allowance": allowance}))


def day_of(seed: int, usd: float, family: str, generator: Path | None) -> list[Call]:
    """Draw a seed's day with the models of a family."""
    calls = [Call(**row) for row in rows_of(generator)(seed, usd)]
    return [replace(call, model=NEWER[call.model]) for call in calls] if family == "5.5" else calls


def _run(calls: Sequence[Call], home: Path, keeper: dict[str, Any]) -> Run:
    home.mkdir(parents=True)
    with FakeClaude() as fake:
        with Kept(home, fake.url, mode="cloud", budget="10000.00", cutoff="12000.00", **keeper) as bursar:
            told = _send(calls, bursar)
            bursar.settled()
            charged = sum(entry.charged for entry in bursar.entries())
        bill = fake.bill()["picos"]
        asked = tuple(str(one["sha256"]) for one in fake._call("/_fake/requests?nobodies"))
    rows = conversed(bursar.database, MIDNIGHT.date(), MIDNIGHT.date())
    best = replay(asked_of([row for row in rows if not row.is_ping], PriceTable.load())).best
    return Run(bill, charged, pings(bursar.database, MIDNIGHT.date(), MIDNIGHT.date()), best, asked, told)


def _send(calls: Sequence[Call], bursar: Kept) -> tuple[str, ...]:
    told = []
    renderer = Renderer(_filling(calls))
    with Client(bursar.url, timeout_s=120) as client:
        for call in calls:
            bursar.turn_to(call.t)
            answer = client.ask(renderer.body(call), "/v1/messages?beta=true", **headers(call))
            assert answer.status == 200 or b"prompt is too long" in answer.body, answer.body[:300]
            told.append(hashlib.sha256(_VARIES.sub(b"", answer.body)).hexdigest())
        bursar.turn_to(calls[-1].t + END_S)
    return tuple(told)


def _filling(calls: Sequence[Call]) -> object:
    """Have answers say why they end: those with a tool's call go on, but for a sub-agent's last word."""
    last = {(call.session, call.agent): call for call in calls if call.kind == "subagent"}
    going = {call.session + str(call.t) for call in calls if call.tool and last.get((call.session, call.agent)) != call}

    def fill(tokens: int, seed: str) -> str:
        told = "[[stop:tool_use]] " if seed in going else ""
        return told + filler(tokens, seed)[len(told) :]

    return fill


def tell(family: str, found: Sequence[Compared]) -> None:
    """Print the figures of one family."""
    off, on = (sum(getattr(one, name).bill for one in found) for name in ("off", "on"))
    best = sum(one.off.best for one in found)
    print(f"{family}: {len(found)} seeds, {Money(off).dollars()} without the keeper")
    print(f"  left with it {on / off:.1%}, with an oracle {1 - best / off:.1%}")
    points = sorted((one.keeper - one.oracle) * 100 for one in found)
    print(f"  by seed: left {min(one.keeper for one in found):.1%} to {max(one.keeper for one in found):.1%};", end=" ")
    print(f"points from the oracle: median {points[len(points) // 2]:.1f}, worst {points[-1]:.1f}")
    sent, wasted = sum(one.on.pings.sent for one in found), sum(one.on.pings.wasted for one in found)
    said = sum(one.on.pings.net.picos for one in found)
    print(f"  pings {sent}, wasted {wasted}; net by the ledger {Money(said).dollars()}, by the bill", end=" ")
    print(f"{Money(off - on).dollars()}; ledger is the bill: {all(one.on.bill == one.on.charged for one in found)}")
    print(f"  each byte to and from the agent as without it: {all(one.is_unchanged for one in found)}")


def main() -> None:
    """Send and print, each family as soon as it is known."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("generator", type=Path, nargs="?")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--usd", type=float, default=25.0)
    parser.add_argument("--family", choices=FAMILIES, action="append")
    options = parser.parse_args()
    for family in options.family or FAMILIES:
        found = []
        for seed in range(options.first, options.first + options.seeds):
            with tempfile.TemporaryDirectory() as folder:
                found.append(compared(day_of(seed, options.usd, family, options.generator), Path(folder)))
            one = found[-1]
            print(f"  {family} seed {seed}: left {one.keeper:.1%}, oracle {one.oracle:.1%}", flush=True)
        tell(family, found)


if __name__ == "__main__":
    main()
