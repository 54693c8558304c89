"""Cut the power at every kind of moment: drop, reorder and tear what was not synced, and look at the ledger after.

    python -m tests.prove.ledger_power_cut [--cuts 400] [--traces 1] [--steps 4000] [--mutant-cuts 400] [--seed 1]

A process spends under a shim that records its writes and syncs (C, by LD_PRELOAD: Linux with a C compiler). For each
cut, a folder is made of what was surely on the disk plus any part of the rest; a ledger opened on it must show at least
what was promised to have been spent, on every day, no more than the cutoff, with sound books and the stop still on;
settings, reports and backups must be whole, and none older than the last that was written. A state of the disk that was
looked at already is left out and not counted. Four mutants, which do not sync what they should, must fail.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from budget.database import faults
from budget.folder import BALLAST_BYTES
from budget.ledger import Ledger
from tests.prove.ledger.customer import LIMITS, ZONE
from tests.prove.ledger.disk import Call, Disk, calls
from tests.prove.ledger.spender import BESIDE, MUTANTS, NOTES, content

HERE = Path(__file__).resolve().parent
MOST_CUTOFF = 16 * 10**12
BALLAST = "ledger.ballast"
TRIES = 8
"""So often another cut is tried at one moment for a state of the disk that was not there yet."""


class CannotCut(RuntimeError):
    """This machine cannot record writes; the text says why."""


@dataclass
class Truth:
    """What was promised and spent so far, by the spender's own notes."""

    holds: dict[int, tuple[str, int]] = field(default_factory=dict)
    stopped: bool = False
    overran: set[str] = field(default_factory=set)
    written: dict[str, int] = field(default_factory=dict)
    writing: dict[str, int] = field(default_factory=dict)
    lines: int = 0

    def learn(self, line: str) -> None:
        self.lines += 1
        words = line.split()
        match words[0]:
            case "held":
                self.holds[int(words[1])] = (words[2], int(words[3]))
            case "cost":
                self._cost(int(words[1]), words[2], int(words[3]))
            case "stopped" | "resuming":
                self.stopped = words[0] == "stopped"
            case "writing" | "wrote":
                (self.writing if words[0] == "writing" else self.written)[words[1]] = int(words[2])

    def allows(self, name: str, found: bytes | None) -> bool:
        """Say whether a file may look like this: as it was written last, or as it was being written."""
        versions = range(self.written.get(name, 0), self.writing.get(name, 0) + 1)
        return any(found == (content(name, version) if version else None) for version in versions)

    def bill(self) -> dict[str, int]:
        """What each day really cost: all of a hold, until its true cost is known."""
        bill: dict[str, int] = defaultdict(int)
        for day, cost in self.holds.values():
            bill[day] += cost
        return bill

    def _cost(self, hold_id: int, day: str, cost: int) -> None:
        if cost > self.holds[hold_id][1]:
            self.overran.add(day)
        self.holds[hold_id] = (day, cost)


@dataclass
class Findings:
    """What the cuts found: everything from `unseen_picos` on must be zero or empty."""

    name: str
    cuts: int = 0
    equal: int = 0
    calls: int = 0
    holds: int = 0
    syncs: int = 0
    mean_surcharge_percent_of_cutoff: float = 0.0
    seconds: float = 0.0
    unseen_picos: int = 0
    over_cutoff_picos: int = 0
    stops_lost: int = 0
    files_lost: int = 0
    troubles: list[str] = field(default_factory=list)
    unbalanced: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        money = self.unseen_picos or self.over_cutoff_picos
        return not (money or self.stops_lost or self.files_lost or self.troubles or self.unbalanced)

    def add(self, other: Findings) -> None:
        """Sum up with what another trace found."""
        for name in ("cuts", "equal", "calls", "holds", "syncs", "seconds", "stops_lost", "files_lost"):
            setattr(self, name, round(getattr(self, name) + getattr(other, name), 1))
        share = other.cuts / max(self.cuts, 1)
        mean, theirs = self.mean_surcharge_percent_of_cutoff, other.mean_surcharge_percent_of_cutoff
        self.mean_surcharge_percent_of_cutoff = round(mean + (theirs - mean) * share, 2)
        self.unseen_picos = max(self.unseen_picos, other.unseen_picos)
        self.over_cutoff_picos = max(self.over_cutoff_picos, other.over_cutoff_picos)
        self.troubles += other.troubles
        self.unbalanced += other.unbalanced


def run(cuts: int, steps: int, seed: int, place: Path, mutant: str = "") -> Findings:
    """Spend once, cut often: so many times, and more where a cut leaves what another has left already."""
    began = time.monotonic()
    record = _spend(place, steps, seed, mutant)
    found = Findings(mutant or "ledger", calls=len(record), syncs=sum(call.kind == "s" for call in record))
    chance = random.Random(seed)
    disk, truth, seen = Disk(str(place / "ledger")), Truth(), set[int]()
    due = 0.0
    for call in record:
        _happen(call, disk, truth)
        # Evenly along the record: there is much more to lose where nothing was synced for long.
        due += cuts / len(record)
        for _ in range(TRIES):
            if found.cuts >= due:
                break
            _cut(disk, truth, chance, place, found, seen)
    found.holds = len(truth.holds)
    found.mean_surcharge_percent_of_cutoff = round(found.mean_surcharge_percent_of_cutoff / max(found.cuts, 1), 2)
    found.seconds = round(time.monotonic() - began, 1)
    return found


def _happen(call: Call, disk: Disk, truth: Truth) -> None:
    if call.path.endswith("/" + BALLAST):
        return
    if not call.path.endswith("/" + NOTES):
        disk.do(call)
    elif call.kind == "w":
        truth.learn(call.data.decode())


def _cut(disk: Disk, truth: Truth, chance: random.Random, place: Path, found: Findings, seen: set[int]) -> None:
    left = disk.after_the_cut(chance)
    # Python remembers the hash of what did not change since the last cut.
    state = hash((truth.lines, *sorted(left.items())))
    if state in seen:
        found.equal += 1
        return
    seen.add(state)
    _lay_out(place / "cut", left)
    found.files_lost += sum(not truth.allows(name, left.get(name)) for name in BESIDE)
    for name, held in left.items():
        # Most backups are as they were at the last cut.
        if name.startswith("backups/ledger-") and name.endswith(".db") and (looked := hash(held)) not in seen:
            found.files_lost += not _is_whole(place / "cut" / name)
            seen.add(looked)
    bill = truth.bill()
    now = datetime.fromisoformat(max(bill, default="2026-11-01")).replace(hour=23, tzinfo=UTC)
    with Ledger.open(place / "cut", clock=lambda: now, limits=LIMITS, zone=ZONE, boot="the boot after") as ledger:
        _compare(ledger, bill, truth, found)
    found.cuts += 1


def _lay_out(target: Path, left: dict[str, bytes]) -> None:
    """Write what is left to a folder, beside the ballast, which is the same each time and large."""
    ballast = target.with_name(BALLAST)
    if not ballast.exists():
        ballast.write_bytes(bytes(BALLAST_BYTES))
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(mode=0o700)
    for name, content_left in left.items():
        (target / name).parent.mkdir(mode=0o700, exist_ok=True)
        (target / name).write_bytes(content_left)
    os.link(ballast, target / BALLAST)


def _is_whole(backup: Path) -> bool:
    with closing(sqlite3.connect(f"{backup.as_uri()}?mode=ro", uri=True)) as reader:
        return not faults(reader)


def _compare(ledger: Ledger, bill: dict[str, int], truth: Truth, found: Findings) -> None:
    today = ledger.today()
    if today.trouble:
        found.troubles.append(today.trouble)
        return
    shown = {day.day.isoformat(): (day.settled + day.held).picos for day in ledger.days(date.min, date.max)}
    for day, cost in bill.items():
        found.unseen_picos = max(found.unseen_picos, cost - shown.get(day, 0))
        if day not in truth.overran:
            found.over_cutoff_picos = max(found.over_cutoff_picos, shown.get(day, 0) - MOST_CUTOFF)
    surcharge = max(0, shown.get(max(bill, default=""), 0) - bill.get(max(bill, default=""), 0))
    found.mean_surcharge_percent_of_cutoff += surcharge / LIMITS.cutoff.picos * 100
    found.stops_lost += truth.stopped and today.stop is None
    found.unbalanced.extend(ledger.check())


def _spend(place: Path, steps: int, seed: int, mutant: str) -> list[Call]:
    shim, log, folder = place / "shim.so", place / "log", place / "ledger"
    _compile(shim)
    environment = {
        **os.environ,
        "LD_PRELOAD": str(shim),
        "BURSAR_SHIM_FOLDER": str(folder),
        "BURSAR_SHIM_LOG": str(log),
        "PYTHONPATH": os.pathsep.join([str(HERE.parents[1]), *sys.path]),
    }
    command = [
        sys.executable,
        "-m",
        "tests.prove.ledger.spender",
        str(folder),
        str(seed),
        str(steps),
        *filter(None, [mutant]),
    ]
    subprocess.run(command, env=environment, check=True, timeout=600)
    return list(calls(log))


def _compile(shim: Path) -> None:
    compiler = shutil.which("cc")
    if not sys.platform.startswith("linux") or compiler is None:
        raise CannotCut("recording writes needs Linux and a C compiler")
    source = HERE / "ledger" / "power_shim.c"
    subprocess.run([compiler, "-O1", "-w", "-shared", "-fPIC", "-o", shim, source, "-ldl", "-lpthread"], check=True)


def _traces(cuts: int, traces: int, steps: int, seed: int) -> Findings:
    found = Findings("ledger")
    for number in range(traces):
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
            found.add(run(cuts // traces, steps, seed + number, Path(place)))
        sys.stderr.write(f"{found.cuts} cuts in {found.seconds:.0f} s, good: {found.good}\n")
    return found


def main() -> int:
    """Run the proof; exit 0 only if nothing was lost."""
    parser = argparse.ArgumentParser(prog="ledger_power_cut", description=__doc__.splitlines()[0])
    parser.add_argument("--cuts", type=int, default=400)
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--traces", type=int, default=1, help="so many runs share the cuts")
    parser.add_argument("--mutant-cuts", type=int, default=400, help="for each mutant; 0 leaves them out")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    logging.disable()  # Each cut has something to tell a person.
    results = []
    try:
        results.append(_traces(given.cuts, given.traces, given.steps, given.seed))
        for mutant in MUTANTS if given.mutant_cuts else ():
            with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
                results.append(run(given.mutant_cuts, given.steps, given.seed, Path(place), mutant))
    except CannotCut as reason:
        sys.stdout.write(f"not run: {reason}\n")
        return 0
    good = all(found.good == (found.name == "ledger") for found in results)
    sys.stdout.write(json.dumps({"good": good, "runs": [asdict(found) for found in results]}) + "\n")
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
