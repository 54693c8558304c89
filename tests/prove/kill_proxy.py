"""Kills the whole of bursar under 64 parallel requests, over and over: `python -m tests.prove.kill_proxy [--kills N]`.

Each round has a fresh home, a cutoff that can be reached, and several kills. After every restart the ledger must know
at least what the fake Claude billed, request by request, and must not have passed the cutoff.
"""

import argparse
import random
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.kit.bursar import PICOS, Bursar
from tests.kit.fake_claude import FakeClaude
from tests.kit.raw import Truncated, ask, message

THREADS = 64
KILLS_A_ROUND = 10
CUTOFF = "0.60"
SCRIPTS = ("[[out:20]]", "[[out:400]]", "[[long:40:3]]", "[[think:200]][[text:done]]", "[[fault:cut=700]] [[out:300]]")


@dataclass
class Tally:
    """What all rounds came to; the first three must stay zero."""

    over_cutoff: int = 0  # Picodollars.
    unknown: list[str] = field(default_factory=list)  # Billed requests of which the ledger knows nothing.
    undercharged: list[str] = field(default_factory=list)  # Known, but charged less than billed.
    kills: int = 0
    billed: int = 0  # Requests.
    orphans: int = 0
    refused: int = 0
    slowest_start_s: float = 0.0


def prove(kills: int, folder: Path, seed: int = 1) -> Tally:
    """Kill so many times and compare the books after each."""
    tally, chance = Tally(), random.Random(seed)
    with FakeClaude() as fake:
        while tally.kills < kills:
            fake.reset()
            _round(fake, folder / f"round{tally.kills}", tally, chance, min(KILLS_A_ROUND, kills - tally.kills))
    return tally


def _round(fake: FakeClaude, home: Path, tally: Tally, chance: random.Random, kills: int) -> None:
    bursar = Bursar(home, fake.url, budget=CUTOFF, cutoff=CUTOFF, queue_wait_s=1)
    with bursar, _Load(bursar.url, chance.random()) as load:
        for _ in range(kills):
            time.sleep(chance.uniform(0.02, 0.5))
            bursar.kill()
            tally.kills += 1
            began = time.monotonic()
            bursar.start()
            tally.slowest_start_s = max(tally.slowest_start_s, time.monotonic() - began)
            _check_cutoff(bursar, tally)
        load.stop()
        bursar.settled()
        _compare(fake, bursar, tally)
        tally.refused += load.refused


def _check_cutoff(bursar: Bursar, tally: Tally) -> None:
    spent = sum(entry.charged for entry in bursar.entries())
    tally.over_cutoff = max(tally.over_cutoff, spent - int(float(CUTOFF) * PICOS))


def _compare(fake: FakeClaude, bursar: Bursar, tally: Tally) -> None:
    fake.wait_until(lambda it: it.bill()["open"] == 0)
    known = {entry.session: entry for entry in bursar.entries()}
    tally.orphans += sum(entry.outcome == "orphaned" for entry in known.values())
    for line in fake.bill()["lines"]:
        tally.billed += 1
        entry = known.get(line["session"])
        if entry is None:
            tally.unknown.append(line["session"])
        elif entry.charged < line["picos"]:
            tally.undercharged.append(f"{entry.outcome}: {entry.charged} < {line['picos']}")
    _check_cutoff(bursar, tally)


class _Load:
    """Threads that ask without pause, each request with a session of its own by which it can be found again."""

    def __init__(self, url: str, seed: float):
        self._url = url
        self._seed = seed
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(THREADS)]
        self.refused = 0

    def __enter__(self) -> "_Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End all threads."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, number: int) -> None:
        chance, count = random.Random(f"{self._seed} {number}"), 0
        while not self._over.is_set():
            count += 1
            body = message(chance.choice(SCRIPTS), max_tokens=500, stream=chance.random() < 0.8)
            with suppress(Truncated, OSError, ValueError):
                answer = ask(self._url, body, x_claude_code_session_id=f"{self._seed}-{number}-{count}")
                self.refused += answer.status == 402
                if answer.status == 402:
                    time.sleep(0.05)
                continue
            time.sleep(0.02)  # It is down just now.


def main() -> None:
    """Kill, compare, print; the exit code is 1 if anything was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tally = prove(options.kills, Path(folder), options.seed)
    print(
        f"{tally.kills} kills, {tally.billed} billed requests, {tally.orphans} orphans charged, {tally.refused} refused"
    )
    print(f"over the cutoff: {tally.over_cutoff} p$   unknown to the ledger: {len(tally.unknown)}")
    print(f"charged less than billed: {len(tally.undercharged)} {tally.undercharged[:3]}")
    print(f"slowest restart: {tally.slowest_start_s:.2f} s")
    raise SystemExit(bool(tally.over_cutoff > 0 or tally.unknown or tally.undercharged))


if __name__ == "__main__":
    main()
