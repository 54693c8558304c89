"""A ping: a kept request sent once more for no output, held, carried and settled like any other, heard by nobody."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from budget.allowance import PING, Allowance
from budget.ledger import Ask, Held, Offer, Outcome, Settled, Settlement
from pricing.bound import Bound, bound
from pricing.money import ZERO
from pricing.usage import Usage
from proxy.headers import value_of
from proxy.keeper.kept import Kept
from proxy.keeper.worth import Stake
from proxy.meter import Reading, WholeMeter
from proxy.settling import Attempt, Outcomes, is_free, settlement
from proxy.upstream.anthropic import NAME
from proxy.wire.answer import Ending, Forward, Headers, Patience, Tail

if TYPE_CHECKING:
    from proxy.baseline import Followed
    from proxy.services import Services

SEAM = 64
"""Tokens by which the same prompt may be counted otherwise."""
MAX_ANSWER = 1024 * 1024
PATIENCE = Patience(connect_s=5.0, head_s=30.0, first_s=10.0, idle_s=10.0, drain=True)


@dataclass(frozen=True, slots=True)
class Pinged:
    """What became of a ping: how it ended, the status, and the tokens that it read and wrote, where they are known."""

    ending: Ending
    status: int | None
    read: int = 0
    written: int = 0
    is_known: bool = False


def bound_of(kept: Kept, services: Services) -> Bound:
    """Bound what a ping may cost: at worst it writes all of the prompt, whose length Claude has counted before."""
    shape = replace(kept.shape, max_output=0, thinking_interleaved=False)
    return bound(shape, services.clock(), services.prices(), input_tokens=kept.tokens + SEAM)


def ask_of(kept: Kept, within: Bound, services: Services) -> Ask:
    """Ask the ledger for a ping's money, within the day's allowance."""
    likely = within.rates.cost(Usage(cache_read=kept.prefix, input=max(0, kept.tokens - kept.prefix)))
    offer = Offer(
        NAME,
        kept.shape.model,
        within.amount,
        is_local=False,
        terms=within.record(),
        likely=min(likely, within.amount),
    )
    today = services.ledger.today()
    labels = replace(
        kept.labels,
        task_class=PING,
        tier="",
        mode=today.mode.value,
        band=today.band.value,
        reason=f"keeps the prompt cache warm, ping {kept.pings + 1}",
        attempt=0,
    )
    allowance = Allowance(PING, services.options.keeper.allowance)
    shares = services.options.shares
    return Ask(f"ping_{secrets.token_hex(10)}", (offer,), labels, shares=shares, allowance=allowance)


def forward_of(
    kept: Kept, body: bytes, services: Services, carrier: PingCarrier, may_send: Callable[[], bool]
) -> Forward:
    """Give what the loop sends: the agent's own headers and body, but for the two values that ask for no output."""
    return Forward(
        origin=services.cloud.origin,
        method=b"POST",
        target=kept.target,
        headers=kept.headers,
        body=body,
        carrier=carrier,
        patience=PATIENCE,
        is_cloud=True,
        may_send=may_send,
    )


def note_of(kept: Kept, stake: Stake) -> str:
    """Write what a report needs to tell later what a ping was good for: JSON, kept with its entry."""
    facts = {"keeps_s": int(kept.life_s), "prefix": kept.prefix, "saves": stake.saved}
    return json.dumps(facts, separators=(",", ":"))


def attempt_of(held: Held, within: Bound, services: Services) -> Attempt:
    """Gather what bounds and prices a ping."""
    return Attempt(held, within, within.at, services.prices())


class PingCarrier:
    """Hears a ping's answer to its end, settles its hold, and tells what came of it; no agent gets a byte."""

    passes: Callable[[bytes], bool] | None = None

    def __init__(
        self,
        services: Services,
        attempt: Attempt,
        note: str,
        told: Callable[[Pinged], None],
        followed: Followed | None = None,
    ) -> None:
        """Take what is written beside its entry, whom to tell, and who reckons what it is to savings."""
        self._services, self._attempt, self._note, self._told = services, attempt, note, told
        self._followed = followed
        self._began = time.monotonic()
        self._status: int | None = None
        self._headers: Headers = []
        self._body = bytearray()

    def open(self) -> None:
        """Open nothing: nobody waits."""

    def head(self, status: int, headers: Headers) -> None:
        """Keep the status."""
        self._status, self._headers = status, headers

    def feed(self, data: bytes) -> bytes:
        """Keep the answer, which is short."""
        self._body += data[: MAX_ANSWER - len(self._body)]
        return b""

    def ping(self) -> bytes:
        """Send nothing."""
        return b""

    def nearly_done(self) -> bool:
        """Tell that it is never worth waiting for."""
        return False

    def finish(self, ending: Ending, detail: str) -> Tail:
        """Settle, and tell."""
        meter = WholeMeter(value_of(self._headers, b"content-encoding"))
        if ending is Ending.complete and self._status == 200:
            meter.take(bytes(self._body))
        elapsed_s = time.monotonic() - self._began
        told = value_of(self._headers, b"request-id")
        outcome = Outcomes(ending, self._status, told, elapsed_s, None)
        settled = self._settle(outcome, meter.reading)
        self._told(pinged(ending, self._status, meter.reading))
        return Tail(settled=settled)

    def _settle(self, outcome: Outcomes, reading: Reading) -> Future[Settled]:
        ledger, hold = self._services.ledger, self._attempt.held.hold_id
        if is_free(outcome):
            why, told = outcome.ending.value, outcome.upstream_id
            made = Settlement(Outcome.voided, ZERO, ZERO, status=outcome.status, upstream_id=told, note=why)
        else:
            made = replace(settlement(self._attempt, outcome, reading), note=self._note)
        settled = ledger.settle(hold, made)
        if self._followed:
            self._followed.began()
            self._followed.ended(made, settled)
        return settled


def pinged(ending: Ending, status: int | None, reading: Reading) -> Pinged:
    """Say what became of a ping by its answer."""
    if not reading.is_complete or reading.usage is None:
        return Pinged(ending, status)
    read, written = cached(reading.usage)
    return Pinged(ending, status, read, written, is_known=True)


def cached(usage: Mapping[str, Any]) -> tuple[int, int]:
    """Give the tokens that a usage object says were read from the cache, and written to it."""
    return _count(usage, "cache_read_input_tokens"), _count(usage, "cache_creation_input_tokens")


def _count(usage: Mapping[str, Any], name: str) -> int:
    found = usage.get(name)
    return found if type(found) is int and found > 0 else 0
