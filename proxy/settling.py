"""Settling: how an exchange ended and what its meter read → what is charged (LEDGER.md's table of outcomes)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from datetime import datetime

from budget.ledger import Held, Outcome, Settlement
from pricing.bill import Bill, bill
from pricing.bound import Bound, interrupted
from pricing.money import ZERO, Money
from pricing.table import PriceTable
from pricing.usage import ImpossibleUsage, Usage
from proxy.meter import Reading
from proxy.wire.answer import Ending


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request on the wire to Claude: its hold and what bounds its bill."""

    held: Held
    bound: Bound
    at: datetime
    """The request's start: the price in force then is the one it is billed at."""
    prices: PriceTable
    tokens_per_s: int = 300
    is_strict: bool = False


@dataclass(frozen=True, slots=True)
class Outcomes:
    """How it ended, as facts of the wire."""

    ending: Ending
    status: int | None
    upstream_id: str
    elapsed_s: float
    first_byte_ms: int | None
    detail: str = ""
    """What went wrong, in words."""


def ended(attempt: Attempt, outcome: Outcomes, reading: Reading) -> Settlement:
    """Say what an attempt's hold is settled with, or that it is voided."""
    if is_free(outcome):
        return Settlement(Outcome.voided, ZERO, ZERO, status=outcome.status, note=outcome.ending.value)
    return settlement(attempt, outcome, reading)


def is_free(outcome: Outcomes) -> bool:
    """Tell whether nothing was billed: never sent, or answered with an error or a redirect."""
    return outcome.ending is Ending.never_sent or (outcome.status is not None and outcome.status >= 300)


def settlement(attempt: Attempt, outcome: Outcomes, reading: Reading) -> Settlement:
    """Say what is charged (an upper bound) and what is likely, by what is known of the answer."""
    if reading.fell:
        return _whole_hold(attempt, outcome, reading, Outcome.flagged, (f"impossible usage: {reading.fell}"[:120],))
    if reading.stop_reason is not None and not reading.is_complete and not reading.is_unreadable:
        return _whole_hold(attempt, outcome, reading, Outcome.flagged, ("no final count in the answer",))
    if reading.is_complete and not reading.is_unreadable:
        try:
            return _exact(attempt, outcome, reading)
        except ImpossibleUsage as impossible:
            return _whole_hold(attempt, outcome, reading, Outcome.flagged, (f"impossible usage: {impossible}"[:120],))
    if reading.usage is not None and not reading.is_unreadable:
        try:
            return _interrupted(attempt, outcome, reading)
        except ImpossibleUsage as impossible:
            return _whole_hold(attempt, outcome, reading, Outcome.flagged, (f"impossible usage: {impossible}"[:120],))
    if outcome.ending is Ending.complete:
        return _whole_hold(attempt, outcome, reading, Outcome.flagged, ("no usage in the answer",))
    return _whole_hold(
        attempt, outcome, reading, _interruption(outcome.ending, Outcome.unknown), (outcome.ending.value,)
    )


def _exact(attempt: Attempt, outcome: Outcomes, reading: Reading) -> Settlement:
    found = _bill(attempt, reading)
    flags = ("provisional price",) if found.provisional else ()
    return _made(outcome, reading, Outcome.complete, found.total, found.total, found.usage, found.record(), flags)


def _interrupted(attempt: Attempt, outcome: Outcomes, reading: Reading) -> Settlement:
    charged, likely = interrupted(
        attempt.bound,
        reading.usage,
        attempt.prices,
        elapsed_s=outcome.elapsed_s,
        tokens_per_s=attempt.tokens_per_s,
        strict=attempt.is_strict,
        visible_tokens=reading.visible_tokens,
        model=_billed_model(reading.model, attempt.bound.model),
    )
    found = _bill(attempt, reading)
    usage = replace(found.usage, output=max(found.usage.output, reading.visible_tokens))
    kind = _interruption(outcome.ending, Outcome.interrupted)
    return _made(outcome, reading, kind, charged, likely, usage, found.record(), (outcome.ending.value,))


def _whole_hold(
    attempt: Attempt, outcome: Outcomes, reading: Reading, kind: Outcome, flags: tuple[str, ...]
) -> Settlement:
    held = attempt.held.offer.amount
    usage = Usage(input=attempt.bound.likely_input, output=reading.visible_tokens)
    likely = min(attempt.bound.rates.cost(usage), held)
    return _made(outcome, reading, kind, held, likely, usage, attempt.held.offer.terms, flags)


def _interruption(ending: Ending, otherwise: Outcome) -> Outcome:
    return Outcome.client_left if ending is Ending.client_left else otherwise


def _bill(attempt: Attempt, reading: Reading) -> Bill:
    model = _billed_model(reading.model, attempt.bound.model)
    return bill(reading.usage or {}, model, attempt.at, attempt.prices, stop_reason=reading.stop_reason)


def _billed_model(answered: str, asked: str) -> str:
    """Tell which model is billed: the one that answered; the dated id of the one asked for is the same model."""
    is_dated = answered.startswith(asked + "-") and re.fullmatch(r"\d{8}", answered[len(asked) + 1 :]) is not None
    return asked if is_dated or not answered else answered


def _made(
    outcome: Outcomes,
    reading: Reading,
    kind: Outcome,
    charged: Money,
    likely: Money,
    usage: Usage,
    rates: str,
    flags: tuple[str, ...],
) -> Settlement:
    return Settlement(
        outcome=kind,
        charged=charged,
        likely=likely,
        usage=usage,
        raw_usage=json.dumps(reading.usage or {}),
        rates=rates,
        status=outcome.status,
        upstream_id=outcome.upstream_id,
        flags=flags,
        duration_ms=int(outcome.elapsed_s * 1000),
        first_byte_ms=outcome.first_byte_ms,
    )
