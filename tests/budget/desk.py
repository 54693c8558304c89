"""A desk for tests of the ledger: clocks that are set by hand, requests in dollars, and ways to die."""

from __future__ import annotations

import contextlib
import shutil
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from budget.folder import Folder
from budget.ledger import (
    Ask,
    Held,
    Labels,
    Ledger,
    LedgerUnavailable,
    Limits,
    Offer,
    Outcome,
    Refused,
    Settled,
    Settlement,
    Shares,
    Ticket,
)
from budget.shares import NONE
from pricing.money import Money
from pricing.usage import Usage

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
TEN = Limits(Money.usd(10), Money.usd(12))


class Desk:
    """One ledger's folder, and the machine it lies on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = NOON
        self.seconds = 1000.0
        self.boot = "first boot"
        self.limits = TEN
        self.zone = BERLIN
        self._opened: list[Ledger] = []

    @property
    def files(self) -> Folder:
        return Folder(self.folder)

    def open(self) -> Ledger:
        ledger = Ledger.open(
            self.folder,
            clock=lambda: self.now,
            limits=self.limits,
            zone=self.zone,
            monotonic=lambda: self.seconds,
            boot=self.boot,
        )
        self._opened.append(ledger)
        return ledger

    def pass_time(self, **duration: float) -> None:
        """Let both clocks run on, as they do for a machine that is awake or asleep."""
        self.now += timedelta(**duration)
        self.seconds += timedelta(**duration).total_seconds()

    def kill(self, ledger: Ledger) -> None:
        """Leave the files as SIGKILL would: what was written is there, and nothing was tidied up."""
        left = self.folder.with_name(self.folder.name + "-left")
        shutil.rmtree(left, ignore_errors=True)
        # SIGKILL leaves what is there in one instant; a copy takes longer, so the writer must be at rest.
        with contextlib.suppress(LedgerUnavailable):
            ledger._command(lambda _: None)
        shutil.copytree(self.folder, left)
        ledger.close()
        shutil.rmtree(self.folder)
        left.rename(self.folder)

    def restart_machine(self) -> None:
        """Name another boot, as after a power cut; both clocks go on from there."""
        self.boot += "+"
        self.pass_time(minutes=1)
        self.seconds = 10.0

    def close_all(self) -> None:
        for ledger in self._opened:
            ledger.close()


def ask(dollars: str, request_id: str = "r", *, ticket: Ticket | None = None, local: bool = False) -> Ask:
    """Ask for one cloud offer, and perhaps a local one after it."""
    offers = [Offer("anthropic", "claude", Money.usd(dollars), False, '{"input": 3}', Money.usd("0.01"))]
    if local:
        offers.append(Offer("ollama", "qwen", Money(0), True))
    return Ask(request_id, tuple(offers), Labels(session="s1", tier="L2", task_class="debugging"), ticket)


def of_tier(tier: str, asked: Ask, shares: Shares = NONE) -> Ask:
    """Ask the same for a request of this tier, with these shares kept for those above it."""
    return replace(asked, labels=replace(asked.labels, tier=tier), shares=shares)


def held(ledger: Ledger, dollars: str, request_id: str = "r") -> Held:
    answer = ledger.reserve(ask(dollars, request_id))
    assert isinstance(answer, Held), answer
    return answer


def refused(ledger: Ledger, dollars: str, request_id: str = "r") -> Refused:
    answer = ledger.reserve(ask(dollars, request_id))
    assert isinstance(answer, Refused), answer
    return answer


def complete(dollars: str) -> Settlement:
    """A complete answer that cost exactly this."""
    return Settlement(Outcome.complete, Money.usd(dollars), Money.usd(dollars), Usage(input=10, output=5), status=200)


def spend(ledger: Ledger, dollars: str, request_id: str = "r") -> Settled:
    """Hold and settle at the same amount."""
    return ledger.settle(held(ledger, dollars, request_id).hold_id, complete(dollars)).result(5)


def settle_down(desk: Desk, ledger: Ledger) -> None:
    """Let the ledger meet its trouble, then let its own time go on until it has healed."""
    ledger.reserve(ask("0.000001"))
    for _ in range(100):
        if ledger.today().trouble is None:
            return
        desk.pass_time(seconds=1)
        time.sleep(0.05)
    raise AssertionError(ledger.today().trouble)
