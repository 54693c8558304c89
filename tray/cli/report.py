"""bursar report: what was spent, by day, model and tier, plainly."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import click

from pricing.money import Money
from tray.cli.atrest import totals
from tray.cli.place import Place
from tray.cli.show import as_json, columns, plain, put

COLUMNS = ("day", "upstream", "model", "tier", "task_class", "requests", "charged_usd", "likely_usd")
# A cell that begins like this is a formula to a spreadsheet.
FORMULA = re.compile(r"^[=+\-@\t\r]")


@click.command(short_help="Show what was spent, by day, model and tier.")
@click.option("--week", metavar="YEAR-Wnn", help="A week such as 2026-W47; without it, the last seven days.")
@as_json
@click.option("--csv", "is_csv", is_flag=True, help="Print CSV instead.")
@click.pass_obj
def report(place: Place, week: str | None, is_json: bool, is_csv: bool) -> None:
    """Show what was spent, by day, model and tier; what was saved will come with a later version."""
    since, until = _days(place, week)
    rows = [_row(row) for row in totals(place, since, until)]
    if is_csv:
        click.echo(_csv(rows), nl=False)
        return
    if place.running() is None and not is_json:
        click.echo("bursar is not running; this is what its ledger kept", err=True)
    put({"since": since.isoformat(), "until": until.isoformat(), "rows": rows}, is_json=is_json, words=_words)


def _days(place: Place, week: str | None) -> tuple[date, date]:
    if week is None:
        today = place.clock().astimezone(place.settings().zone).date()
        return today - timedelta(days=6), today
    found = re.fullmatch(r"(\d{4})-?W(\d{1,2})", week.strip(), re.IGNORECASE)
    try:
        monday = date.fromisocalendar(int(found[1]), int(found[2]), 1) if found else None
    except ValueError:
        monday = None
    if monday is None:
        raise click.BadParameter("a week is written as 2026-W47", param_hint="--week")
    return monday, monday + timedelta(days=6)


def _row(row: dict[str, Any]) -> dict[str, Any]:
    amounts = {f"{name}_usd": Money(int(row[name])).exact() for name in ("charged", "likely")}
    return {name: {**row, **amounts}[name] for name in COLUMNS} | {"is_local": bool(row["is_local"])}


def _words(found: dict[str, Any]) -> str:
    rows = found["rows"]
    head = f"{found['since']} to {found['until']}"
    if not rows:
        return f"{head}: nothing was spent"
    parts = [_table(title, key, rows) for title, key in (("day", "day"), ("model", "model"), ("tier", "tier"))]
    return "\n\n".join([f"{head}: {_sum(rows).dollars(rounding='up')} for {_requests(rows)} requests", *parts])


def _table(title: str, key: str, rows: list[dict[str, Any]]) -> str:
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        name = plain(str(row[key])) or "-"
        groups.setdefault(f"{name} (local)" if row["is_local"] and key == "model" else name, []).append(row)
    lines = [(title, "requests", "spent")]
    lines += [(name, str(_requests(of)), _sum(of).dollars(4, "up")) for name, of in sorted(groups.items())]
    return columns(lines, frozenset({1, 2}))


def _sum(rows: Iterable[dict[str, Any]]) -> Money:
    return Money.total(Money.usd(row["charged_usd"]) for row in rows)


def _requests(rows: Iterable[dict[str, Any]]) -> int:
    return sum(int(row["requests"]) for row in rows)


def _csv(rows: list[dict[str, Any]]) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([_cell(row[name]) for name in COLUMNS])
    return file.getvalue()


def _cell(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and FORMULA.match(value) else value
