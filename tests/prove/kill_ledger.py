"""Kill the ledger with SIGKILL, again and again, and compare its books with the provider's bill.

    python -m tests.prove.kill_ledger --kills 1000 [--mutants 60] [--seed 1]

After every kill: the provider's true bill of every day is at most the cutoff and at most settled + held, every billed
request is known to the ledger, settled + held is at most the cutoff, day totals equal their entries and holds, no hold
is open and ended, what is kept for L3 was left to it, and pings kept to their allowance. The same must fail for each of
three mutants.
Prints progress, then one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from select import select

from budget import reading
from budget.allowance import PING, gone_of
from budget.bytier import gone_of_day
from budget.database import open_reader
from budget.folder import Folder
from budget.ledger import Ledger
from budget.shares import Shares, keep_for
from pricing.money import Money
from tests.prove.ledger.customer import ALLOWANCE, CUTOFF, LIMITS, OPENED, at, live, shares_of
from tests.prove.ledger.mutants import MUTANTS
from tests.prove.ledger.provider import Bill, Provider

KILLS_A_DAY = 5
OPENING = 0.33
MOST_ASKED = 250
"""So much is asked at most in a life; an idle machine does that in a quarter of a second."""
PATIENCE_S = 60.0


@dataclass
class Findings:
    """What a run found; everything from `overspent_picos` on must be zero or empty."""

    name: str
    kills: int = 0
    killed_while_opening: int = 0
    days: int = 0
    billed_requests: int = 0
    least_left_picos: int | None = None
    seconds: float = 0.0
    overspent_picos: int = 0
    unseen_picos: int = 0
    over_cutoff_picos: int = 0
    unknown_requests: int = 0
    taken_from_shares_picos: int = 0
    over_allowance_picos: int = 0
    unbalanced: list[str] = field(default_factory=list)

    @property
    def violations(self) -> int:
        """How many kinds of promise were broken."""
        money = (self.overspent_picos, self.unseen_picos, self.over_cutoff_picos, self.taken_from_shares_picos)
        return sum(map(bool, (*money, self.over_allowance_picos, self.unknown_requests))) + bool(self.unbalanced)


def run(name: str, kills: int, seed: int, folder: Path, progress: Callable[[str], None]) -> Findings:
    """Kill so many times; `name` is "ledger" or a mutant's."""
    chance = random.Random(seed)
    provider = Provider(seed)
    found = Findings(name)
    began = time.monotonic()
    try:
        for number in range(kills):
            day = number // KILLS_A_DAY
            was_open = _one_life(name, folder, day, provider.port, seed * 1_000_000 + number, chance)
            found.kills += 1
            found.killed_while_opening += not was_open
            bill = provider.bills([_date(day)])
            _compare(found, folder, bill, shares_of(day), deep=number % 50 == 49 or number == kills - 1)
            if (number + 1) % KILLS_A_DAY == 0:
                found.days += 1
                found.billed_requests += len(bill[_date(day)].requests)
            if number % 50 == 49:
                progress(f"{name}: {number + 1} kills, {found.billed_requests} requests, {found.violations} violations")
    finally:
        provider.close()
    found.seconds = round(time.monotonic() - began, 1)
    return found


def _one_life(name: str, folder: Path, day: int, port: int, seed: int, chance: random.Random) -> bool:
    """Let a customer live for a moment; says whether it had opened the ledger when it died."""
    heard, says = os.pipe()
    child = os.fork()
    if child == 0:
        _be_customer(name, folder, day, port, seed, lambda word: os.write(says, word))
    os.close(says)
    # A third dies while it opens, recovers and charges orphans; the others at work, however slow the machine is.
    said = b""
    if chance.random() < OPENING:
        time.sleep(chance.uniform(0, 0.03))
    else:
        said = _hear(heard, len(OPENED) + chance.randrange(MOST_ASKED))
        time.sleep(chance.uniform(0, 0.005))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    was_open = OPENED in (said or os.read(heard, 1))
    os.close(heard)
    return was_open


def _hear(heard: int, number: int) -> bytes:
    """Wait until a customer has said so many words, or is dead."""
    said = b""
    while len(said) < number and select([heard], [], [], PATIENCE_S)[0]:
        more = os.read(heard, number - len(said))
        if not more:
            break
        said += more
    return said


def _be_customer(name: str, folder: Path, day: int, port: int, seed: int, says: Callable[[bytes], object]) -> None:
    try:
        opened = Ledger.open
        if name in MUTANTS:
            change, kind = MUTANTS[name]
            change()
            opened = kind.open
        live(folder, day, port, seed, opened, says)
    finally:
        os._exit(1)


def _compare(found: Findings, folder: Path, bills: dict[str, Bill], shares: Shares, *, deep: bool) -> None:
    database = Folder(folder).database
    for day, bill in bills.items():
        settled_and_held, known, gone, pings = _books(database, day)
        found.over_allowance_picos = max(found.over_allowance_picos, pings - ALLOWANCE.most.picos)
        found.overspent_picos = max(found.overspent_picos, bill.total - CUTOFF.picos)
        found.unseen_picos = max(found.unseen_picos, bill.total - settled_and_held)
        found.over_cutoff_picos = max(found.over_cutoff_picos, settled_and_held - CUTOFF.picos)
        found.least_left_picos = min(found.least_left_picos or CUTOFF.picos, CUTOFF.picos - settled_and_held)
        found.unknown_requests += len(bill.requests.keys() - known)
        # What is kept for L2 may be taken, but by L3 alone.
        taken = Money.total(gone.values()) + keep_for("L2", shares, LIMITS, gone) - CUTOFF
        found.taken_from_shares_picos = max(found.taken_from_shares_picos, taken.picos)
    if deep and database.exists():
        found.unbalanced.extend(reading.check(database))


def _books(database: Path, day: str) -> tuple[int, set[str], Mapping[str, Money], int]:
    if not database.exists():
        return 0, set(), {}, 0
    with open_reader(database) as reader:
        row = reader.execute("SELECT settled + held FROM days WHERE day = ?", (day,)).fetchone()
        query = "SELECT request_id FROM entries WHERE day = ?1 UNION SELECT request_id FROM holds WHERE day = ?1"
        known = {request_id for (request_id,) in reader.execute(query, (day,))}
        return row[0] if row else 0, known, gone_of_day(reader, day), gone_of(reader, day, PING)


def _date(day: int) -> str:
    return at(day).date().isoformat()


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


def main() -> int:
    """Run the proof; exit 0 only if the ledger held and every mutant was caught."""
    parser = argparse.ArgumentParser(prog="kill_ledger", description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--mutants", type=int, default=60, help="kills for each mutant; 0 leaves them out")
    parser.add_argument("--only", default="", help="run this one mutant only")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    names = [given.only] if given.only else ["ledger", *MUTANTS]
    results = []
    for name in names:
        kills = given.kills if name == "ledger" else given.mutants
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
            if kills:
                results.append(run(name, kills, given.seed, Path(place) / "ledger", _say))
    good = all((found.violations == 0) == (found.name == "ledger") for found in results)
    sys.stdout.write(json.dumps({"good": good, "runs": [asdict(found) for found in results]}) + "\n")
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
