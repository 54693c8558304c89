"""Sixty-four threads that reserve, send to the provider and settle, until somebody kills them."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from budget.allowance import PING, Allowance
from budget.ledger import Ask, Held, Labels, Ledger, Limits, Offer, Outcome, Settlement, Shares
from pricing.money import Money

CUTOFF = Money.usd(12)
LIMITS = Limits(Money.usd(10), CUTOFF)
TIERS = ("L3", *("L2",) * 6, *("L1",) * 6, *("L0",) * 2, PING)
"""Of sixteen threads, about as many of each tier as money is spent on it in a day; one keeps caches warm."""
ALLOWANCE = Allowance(PING, Money.usd("0.3"))
ZONE = ZoneInfo("UTC")
START = datetime(2026, 11, 1, 12, tzinfo=UTC)
THREADS = 64
DEAREST = 120_000_000_000
ESTIMATE = Money(1)

OPENED, ASKED = b"!", b"."
"""What it says while it lives."""

Open = Callable[..., Ledger]


def at(day: int) -> datetime:
    """The moment at which the customer of a day lives."""
    return START + timedelta(days=day)


def shares_of(day: int) -> Shares:
    """Keep shares every other day: without them all run against the cutoff, with them most against what is kept."""
    return Shares(l3_percent=20, l2_percent=10) if day % 2 else Shares()


def live(folder: Path, day: int, port: int, seed: int, opened: Open, says: Callable[[bytes], object]) -> None:
    """Open the ledger, say so with OPENED, and spend until killed; says ASKED after each request or refusal."""
    now = at(day)
    ledger = opened(folder, clock=lambda: now, limits=LIMITS, zone=ZONE)
    says(OPENED)
    if ledger.today().stop:
        ledger.resume()
    threads = [
        threading.Thread(
            target=_spend,
            args=(
                ledger,
                port,
                f"{day}-{seed}-{number}",
                TIERS[number % 16],
                shares_of(day),
                random.Random(seed * 100 + number),
                says,
            ),
        )
        for number in range(THREADS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _spend(
    ledger: Ledger,
    port: int,
    name: str,
    tier: str,
    shares: Shares,
    chance: random.Random,
    says: Callable[[bytes], object],
) -> None:
    with socket.create_connection(("127.0.0.1", port)) as wire, wire.makefile("rb") as answers:
        for number in range(100_000):
            request_id = f"{name}-{number}"
            amount = Money(chance.randrange(1, DEAREST))
            offer = Offer("provider", "model", amount, False, "{}", ESTIMATE)
            if tier == PING:
                ask = Ask(request_id, (offer,), Labels(session=name, task_class=PING), allowance=ALLOWANCE)
            else:
                ask = Ask(request_id, (offer,), Labels(session=name, tier=tier), shares=shares)
            match ledger.reserve(ask):
                case Held() as held:
                    _send(ledger, held, request_id, wire, answers, chance)
                case _:
                    threading.Event().wait(0.003)
            says(ASKED)


def _send(
    ledger: Ledger, held: Held, request_id: str, wire: socket.socket, answers: object, chance: random.Random
) -> None:
    luck = chance.random()
    if luck < 0.05:
        ledger.void(held.hold_id, "never sent")
        return
    wire.sendall(f"{held.day} {request_id} {held.offer.amount.picos}\n".encode())
    cost = Money(int(answers.readline() or b"0"))  # type: ignore[attr-defined]
    if luck < 0.08:
        return  # A bug of the program: the answer is never settled. The hold stays until the next start charges it.
    if luck < 0.2:
        ledger.settle(held.hold_id, Settlement(Outcome.client_left, held.offer.amount, cost))
        return
    done = ledger.settle(held.hold_id, Settlement(Outcome.complete, cost, cost))
    if luck < 0.4:
        done.result()
        ledger.settle(held.hold_id, Settlement(Outcome.complete, cost, cost))
