"""Reconcile, shown: a line for each day and model, then what differs and what would mend it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from budget.reconcile import Cause, Line
from pricing.figures import counted
from pricing.usage import Usage
from tray.cli.show import columns, plain

CLASSES = {
    "input": "input",
    "cache_write_5m": "5m writes",
    "cache_write_1h": "1h writes",
    "cache_read": "cache reads",
    "output": "output",
}
MENDED = {Cause.unconfirmed, Cause.price, Cause.kind}
MOST_SHOWN = 10
"""Corrections of one line; --json has them all."""


def line_json(line: Line) -> dict[str, Any]:
    """Tell one line as JSON."""
    return {
        "day": line.day.isoformat(),
        "model": line.model,
        "kind": asdict(line.kind),
        "requests": line.requests,
        "unconfirmed": line.unconfirmed,
        "tokens": asdict(line.usage),
        "their_tokens": None if line.their_usage is None else asdict(line.their_usage),
        "usd": line.cost.exact(),
        "their_usd": None if line.their_cost is None else line.their_cost.exact(),
        "residual_usd": line.residual.exact(),
        "cause": line.cause.name,
        "owner": line.owner,
        "priority": line.priority,
        "cells": [
            {"kind": asdict(cell.kind), "tokens": asdict(cell.usage), "their_tokens": asdict(cell.their_usage)}
            for cell in line.cells
        ],
        "corrections": [
            {"entry": each.entry_id, "charged_usd": each.charged.exact(), "likely_usd": each.likely.exact()}
            for each in line.corrections
        ],
    }


def line_words(lines: list[Line], on_a_plan: int) -> str:
    """Tell all lines as a table, and what differs below it."""
    head = ("day (UTC)", "model", "ledger", "provider", "residual", "because")
    table = columns([head, *map(_row, lines)], right=frozenset({2, 3, 4}))
    details = [line for each in lines for line in _details(each)]
    if on_a_plan:
        were = "request was" if on_a_plan == 1 else "requests were"
        details.append(f"{on_a_plan:,} {were} on a Pro or Max plan, which is in no report and in no line here")
    return "\n".join(map(plain, [*table.splitlines(), *([""] if details else []), *details]))


def _row(line: Line) -> tuple[str, ...]:
    theirs = "not told" if line.their_cost is None else line.their_cost.dollars(4)
    residual = "" if line.their_cost is None else line.residual.dollars(4)
    return (line.day.isoformat(), _what(line), line.cost.dollars(4), theirs, residual, line.cause.value)


def _details(line: Line) -> Iterator[str]:
    where = f"{line.day} {_what(line)}"
    if line.priority:
        requests = counted(line.priority, "request")
        yield f"{where}: no cost report has the {requests} of the priority tier: only tokens count"
    if line.cause is Cause.equal:
        return
    if line.their_usage is not None and line.their_usage != line.usage:
        yield f"{where}: tokens {'; '.join(_tokens(line.usage, line.their_usage))}"
    for cell in line.cells if line.cause is Cause.kind else ():
        kind = str(cell.kind) or "as usual"
        yield f"{where}: {kind}: {'; '.join(_tokens(cell.usage, cell.their_usage))}"
    if line.owner:
        yield f"{where}: it is what {line.owner} used"
    for each in line.corrections[:MOST_SHOWN]:
        yield f"{where}: entry {each.entry_id} should have been {each.likely.dollars(4)} (--write corrects it)"
    if len(line.corrections) > MOST_SHOWN:
        yield f"{where}: and {len(line.corrections) - MOST_SHOWN:,} more entries (--write corrects them all)"
    if line.cause in MENDED and line.their_cost is None:
        yield f"{where}: the cost report of this day is needed to correct it"


def _what(line: Line) -> str:
    kind = str(line.kind)
    return f"{line.model}, {kind}" if kind else line.model


def _tokens(ours_: Usage, theirs: Usage) -> Iterator[str]:
    for name, shown in CLASSES.items():
        here, there = getattr(ours_, name), getattr(theirs, name)
        if here != there:
            yield f"{shown} {here:,} here, {there:,} there ({there - here:+,})"
