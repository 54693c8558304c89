"""Show: what commands print, as JSON or for a person."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import click

from pricing.machine import MILLIJOULES_A_KWH
from pricing.money import Money

as_json = click.option("--json", "is_json", is_flag=True, help="Print JSON instead.")


def put(data: Any, *, is_json: bool, words: Callable[[Any], str]) -> None:
    """Print data as JSON, or in words."""
    click.echo(json_text(data, indent=2) if is_json else words(data))


def json_text(data: Any, indent: int | None = None) -> str:
    """Write data as JSON that a terminal shows as it is: what it would obey, or cannot show, is escaped."""
    lines = json.dumps(data, indent=indent, ensure_ascii=False).split("\n")
    return "\n".join(line if line.isprintable() else "".join(map(_escaped, line)) for line in lines)


def dollars(usd: str, places: int = 2) -> str:
    """Print an exact amount for a person, to the nearest cent unless told otherwise."""
    return Money.usd(usd).dollars(places)


def fine_dollars(usd: str) -> str:
    """Print what one request came to, which may be far below a cent."""
    return Money.usd(usd).fine()


def kwh(millijoules: int) -> str:
    """Print energy for a person, in joules up to a watt hour and in kWh above: "245.0 J", "0.0123 kWh"."""
    if millijoules < MILLIJOULES_A_KWH // 1000:
        tenths = -(-millijoules // 100)
        return f"{tenths // 10:,}.{tenths % 10} J"
    parts = -(-millijoules * 10_000 // MILLIJOULES_A_KWH)
    return f"{parts // 10_000:,}.{parts % 10_000:04d} kWh"


def local_cost(cost: dict[str, Any] | None) -> str:
    """Print what the local machine spent: energy, what that cost, and all of it."""
    if cost is None:
        return "cost not known"
    energy, full = fine_dollars(cost["marginal_usd"]), fine_dollars(cost["full_usd"])
    return f"{kwh(cost['millijoules'])}, {energy} for energy, {full} with everything"


def local_time(iso: str, form: str = "%H:%M") -> str:
    """Print a moment by this machine's clock."""
    return datetime.fromisoformat(iso).astimezone().strftime(form)


def columns(rows: Sequence[Sequence[str]], right: frozenset[int] = frozenset()) -> str:
    """Align rows into columns; those numbered in `right` to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell.rjust(width) if number in right else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def _escaped(char: str) -> str:
    return char if char.isprintable() else json.dumps(char)[1:-1]


def plain(text: str) -> str:
    """Make a text that came over the wire safe for a terminal."""
    return "".join(char if char.isprintable() else "�" for char in text)


def plain_lines(text: str) -> str:
    """Make a text of several lines safe for a terminal."""
    return "\n".join(map(plain, text.split("\n")))
