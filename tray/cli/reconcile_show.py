"""Reconcile, shown: a line for each day and model, then what differs and what would mend it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from budget.reconcile import Cause, Line
from pricing.usage import Usage
from tray.cli.show import columns, plain

CLASSES = {
    "input": "input",
    "cache_write_5m": "5m writes",
    "cache_write_1h": "1h writes",
    "cache_read": "cache reads",
    "output": "output",
}
MENDED = {Cause.unconfirmed, Cause.price}


def line_json(line: Line) -> dict[str, Any]:
    """Tell one line as JSON."""
    return {
        "day": line.day.isoformat(),
        "model": line.model,
        "requests": line.requests,
        "unconfirmed": line.unconfirmed,
        "tokens": asdict(line.usage),
        "their_tokens": None if line.their_usage is None else asdict(line.their_usage),
        "usd": line.cost.exact(),
        "their_usd": None if line.their_cost is None else line.their_cost.exact(),
        "residual_usd": line.residual.exact(),
        "cause": line.cause.name,
        "corrections": [
            {"entry": each.entry_id, "charged_usd": each.charged.exact(), "likely_usd": each.likely.exact()}
            for each in line.corrections
        ],
    }


def line_words(lines: list[Line]) -> str:
    """Tell all lines as a table, and what differs below it."""
    head = ("day (UTC)", "model", "ledger", "provider", "residual", "because")
    table = columns([head, *map(_row, lines)], right=frozenset({2, 3, 4}))
    details = [line for each in lines for line in _details(each)]
    return "\n".join(map(plain, [*table.splitlines(), *([""] if details else []), *details]))


def _row(line: Line) -> tuple[str, ...]:
    theirs = "not told" if line.their_cost is None else line.their_cost.dollars(4)
    residual = "" if line.their_cost is None else line.residual.dollars(4)
    return (line.day.isoformat(), line.model, line.cost.dollars(4), theirs, residual, line.cause.value)


def _details(line: Line) -> Iterator[str]:
    if line.cause is Cause.equal:
        return
    where = f"{line.day} {line.model}"
    if line.their_usage is not None and line.their_usage != line.usage:
        yield f"{where}: tokens {'; '.join(_tokens(line.usage, line.their_usage))}"
    for each in line.corrections:
        yield f"{where}: entry {each.entry_id} should have been {each.likely.dollars(4)} (--write corrects it)"
    if line.cause in MENDED and line.their_cost is None:
        yield f"{where}: the cost report of this day is needed to correct it"


def _tokens(ours_: Usage, theirs: Usage) -> Iterator[str]:
    for name, shown in CLASSES.items():
        here, there = getattr(ours_, name), getattr(theirs, name)
        if here != there:
            yield f"{shown} {here:,} here, {there:,} there ({there - here:+,})"
