"""One process that spends, and writes down what it was promised: `python -m tests.prove.ledger.spender FOLDER SEED N`.

It runs under the shim, so its notes stand in the shim's record in the order in which things happened.
"""

from __future__ import annotations

import os
import random
import sys
from collections import deque
from datetime import UTC, datetime, timedelta
from pathlib import Path

from budget import book, files, mark
from budget.archive import Archive
from budget.ledger import Ask, Held, Ledger, Limits, Mode, Offer, Outcome, Settlement
from pricing.money import Money
from tests.prove.ledger.customer import LIMITS, ZONE

NOTES = "notes"
BEGAN = datetime(2026, 11, 1, 6, tzinfo=UTC)


BESIDE = ("config.toml", "reports/2026-W44.json", "reports/2026-W44.html")
"""Files that are replaced whole: the settings, a week's report."""


def content(name: str, version: int) -> bytes:
    """Give what a version of such a file holds; some kilobytes, so that it can be torn."""
    return f"{name} {version}\n".encode() * (100 + version % 200)


class Spender:
    """Does what a proxy does, by chance."""

    def __init__(self, folder: Path, seed: int) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        self._notes = os.open(folder / NOTES, os.O_WRONLY | os.O_CREAT)
        self._chance = random.Random(seed)
        self._passed = 0.0
        self._running: deque[Held] = deque()
        self._folder, self._versions = folder, dict.fromkeys(BESIDE, 0)
        self._ledger = self._opened()

    def _opened(self) -> Ledger:
        return Ledger.open(
            self._folder,
            clock=lambda: BEGAN + timedelta(seconds=self._passed),
            limits=LIMITS,
            zone=ZONE,
            monotonic=lambda: self._passed,
            boot="the boot that ended",
        )

    def work(self, number: int) -> None:
        """Do one thing."""
        luck = self._chance.random()
        if luck < 0.5:
            self._reserve(number)
        elif luck < 0.97:
            self._settle()
        elif luck < 0.98:
            self._beside()
        elif luck < 0.985:
            self._passed += self._chance.choice((5.5, 7 * 3600))
        else:
            self._command()

    def _reserve(self, number: int) -> None:
        amount = Money(self._chance.randrange(1, 200_000_000_000))
        answer = self._ledger.reserve(Ask(f"r{number}", (Offer("provider", "model", amount, False, "{}"),)))
        if isinstance(answer, Held):
            self._note("held", answer.hold_id, answer.day.isoformat(), amount.picos)
            self._running.append(answer)

    def _settle(self) -> None:
        if not self._running:
            return
        hold = self._running.popleft()
        held = hold.offer.amount.picos
        if self._chance.random() < 0.01:
            cost = held + 50_000_000_000
            self._ledger.settle(hold.hold_id, _settlement(cost)).result()
            self._note("cost", hold.hold_id, hold.day.isoformat(), cost)
            return
        cost = self._chance.randrange(held + 1)
        self._note("cost", hold.hold_id, hold.day.isoformat(), cost)
        self._ledger.settle(hold.hold_id, _settlement(cost))

    def _command(self) -> None:
        if self._chance.random() < 0.3:
            self._ledger.set_mode(self._chance.choice((Mode.auto, Mode.observe, Mode.cloud)))
        elif self._chance.random() < 0.5:
            cutoff = Money.usd(self._chance.choice((8, 12, 16)))
            self._ledger.set_limits(Limits(Money.usd(8), cutoff))
        else:
            self._ledger.stop("person")
            self._note("stopped")
            self._note("resuming")
            self._ledger.resume()

    def _beside(self) -> None:
        """Write the settings or a report anew, back the ledger up, or end and start again."""
        match self._chance.randrange(6):
            case 0:
                self._ledger.backup()
            case 1:
                self._ledger.close()
                self._running.clear()
                self._ledger = self._opened()
            case _:
                self._write(self._chance.choice(BESIDE))

    def _write(self, name: str) -> None:
        self._versions[name] += 1
        version = self._versions[name]
        self._note("writing", name, version)
        if name == "config.toml":
            files.write_durably(self._folder / name, content(name, version))
        else:
            week, _, ending = name.rpartition("/")[2].partition(".")
            Archive(self._folder / "reports").keep(week, {ending: content(name, version)})
        self._note("wrote", name, version)

    def _note(self, *words: object) -> None:
        os.write(self._notes, " ".join(map(str, words)).encode() + b"\n")


def _settlement(cost: int) -> Settlement:
    return Settlement(Outcome.complete, Money(cost), Money(cost))


def _mark_stays_low() -> None:
    mark.Mark.covers = lambda *_: True  # type: ignore[method-assign]


def _mark_is_not_synced() -> None:
    mark.write_durably = lambda path, content: path.write_bytes(content)


def _mark_sinks_before_the_ledger_is_synced() -> None:
    book.Book.sync = lambda _: None  # type: ignore[method-assign]


def _files_are_not_synced() -> None:
    files.sync = lambda _: None


MUTANTS = {
    "mark-stays-low": _mark_stays_low,
    "mark-is-not-synced": _mark_is_not_synced,
    "ledger-is-not-synced": _mark_sinks_before_the_ledger_is_synced,
    "files-are-not-synced": _files_are_not_synced,
}


def main() -> None:
    """Spend, then die without tidying up."""
    folder, seed, number = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    if len(sys.argv) > 4:
        MUTANTS[sys.argv[4]]()
    spender = Spender(folder, seed)
    for step in range(number):
        spender.work(step)
    os._exit(0)


if __name__ == "__main__":
    main()
