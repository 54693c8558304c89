"""Kill bursar at every call that a disk or a peer could notice, and look at what is left.

    python -m tests.prove.kill_points [--every 1] [--proxy 300] [--random 300] [--only NAME] [--seed 1]

What bursar does on disk (tests/prove/ledger/deeds.py) is done once to count its calls, then once for each call, killed
there: writes, syncs, renames, unlinks, locks. Then the whole of bursar under requests to a fake Claude, killed at calls
drawn from all that it makes, among them each send to and receive from Claude and the agent. Last, kills at random
moments under load (`kill_ledger`). Prints progress, then one line of JSON; exit 0 if nothing was found.
"""

from __future__ import annotations

import argparse
import json
import logging
import random
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from importlib import import_module
from pathlib import Path

from tests.prove import kill_ledger
from tests.prove.ledger.deeds import ACTS, Act, fresh
from tests.prove.ledger.killing import CannotKill, is_loaded, live, with_shim
from tests.prove.ledger.lives import Lives

LOADED_ONCE = ("sqlite_utils", "budget.migrations", "tray.cli.history", "tray.cli.connect", "tray.cli.limits")
_CHANGING = re.compile(r"\d{3,}|[0-9a-f]{8,}")


@dataclass
class Found:
    """What the kills of one kind found; `faults` must be empty."""

    name: str
    calls: int = 0
    kills: int = 0
    points: int = 0
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)


def kill_everywhere(act: Act, place: Path, every: int = 1, torn: bool = True) -> Found:
    """Do an act once for each of its calls, or for every so manieth, and die there."""
    began, found, points = time.monotonic(), Found(act.name), Counter[str]()
    template, home = place / "template", place / "home"
    home.mkdir(mode=0o700)
    act.prepare(home)
    shutil.copytree(home, template)
    whole = live(home, 0, act.do)
    found.calls = len(whole.calls)
    found.faults += [f"not killed: {fault}" for fault in act.faults(home, whole.said)]
    for at in range(1, found.calls + 1, every):
        fresh(template, home)
        life = live(home, at, act.do, torn=torn and at % 2 == 0)
        found.kills += life.killed
        points[_named(life.point)] += 1
        found.faults += [f"killed in call {at}, {life.point}: {fault}" for fault in act.faults(home, life.said)]
    found.points = len(points)
    found.seconds = round(time.monotonic() - began, 1)
    return found


def _named(point: str) -> str:
    return _CHANGING.sub("*", point)


def prove(
    every: int, proxy: int, at_random: int, seed: int, say: Callable[[str], object], only: str = ""
) -> dict[str, object]:
    """Kill at all points and at random; gives the figures."""
    for module in LOADED_ONCE:  # Here, not in each fork.
        import_module(module)
    results: list[Found] = []
    for act in (act for act in ACTS if only in act.name):
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
            results.append(kill_everywhere(act, Path(place).resolve(), every))
            say(f"{act.name}: {results[-1].kills} kills, {len(results[-1].faults)} faults")
    figures: dict[str, object] = {"acts": [asdict(found) for found in results]}
    kills, faults = sum(found.kills for found in results), sum(len(found.faults) for found in results)
    if proxy:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
            lives = Lives(Path(place).resolve(), random.Random(seed), say)
            lives.run(proxy)
        figures["proxy"] = lives.tally.figures()
        kills, faults = kills + lives.tally.kills, faults + lives.tally.faults
    if at_random:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
            ledger = kill_ledger.run("ledger", at_random, seed, Path(place) / "ledger", say)
        figures["random"] = asdict(ledger)
        kills, faults = kills + ledger.kills, faults + ledger.violations
    return {"good": not faults, "kills": kills, "faults": faults, **figures}


def main(arguments: list[str]) -> int:
    """Run the proof under the shim; exit 0 only if nothing was found."""
    parser = argparse.ArgumentParser(prog="kill_points", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--every", type=int, default=1, help="kill in every so manieth call only")
    parser.add_argument("--proxy", type=int, default=300, help="kills of the whole of bursar")
    parser.add_argument("--random", type=int, default=300, help="kills at random moments")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="of what it does on disk, only what has this in its name")
    given = parser.parse_args(arguments)
    if not is_loaded():
        try:
            return with_shim("tests.prove.kill_points", arguments)
        except CannotKill as reason:
            sys.stdout.write(f"not run: {reason}\n")
            return 0
    logging.disable()  # Each start has something to tell a person.
    figures = prove(
        given.every, given.proxy, given.random, given.seed, lambda text: sys.stderr.write(text + "\n"), given.only
    )
    sys.stdout.write(json.dumps(figures) + "\n")
    return 0 if figures["good"] else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
