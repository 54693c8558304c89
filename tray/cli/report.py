"""bursar report: what was spent, by day, model and tier, plainly."""

from __future__ import annotations

import csv
import io
import re
from datetime import date, timedelta
from typing import Any

import click

from budget.localwork import local_of
from budget.report import week as sums
from budget.report import week_of
from pricing.money import Money
from proxy.asjson import week_json
from tray.cli.atrest import Shelf
from tray.cli.place import Place
from tray.cli.show import as_json, columns, dollars, fine_dollars, kwh, plain, put

COLUMNS = ("day", "upstream", "model", "tier", "task_class", "requests", "charged_usd", "likely_usd")
LOCAL_COLUMNS = ("local_marginal_usd", "local_full_usd", "local_millijoules", "local_source")
# A cell that begins like this is a formula to a spreadsheet.
FORMULA = re.compile(r"^[=+\-@\t\r]")


@click.command(short_help="Show what was spent, by day, model and tier.")
@click.option("--week", metavar="YEAR-Wnn", help="A week such as 2026-W47; without it, the last seven days.")
@as_json
@click.option("--csv", "is_csv", is_flag=True, help="Print CSV instead.")
@click.pass_obj
def report(place: Place, week: str | None, is_json: bool, is_csv: bool) -> None:
    """Show what was spent, by day, model and tier; what was saved will come with a later version."""
    since = _first_day(place, week)
    shelf = Shelf.of(place)
    if is_csv:
        click.echo(_csv(shelf.totals(since, since + timedelta(days=6))), nl=False)
        return
    if place.running() is None and not is_json:
        click.echo("bursar is not running; this is what its ledger kept", err=True)
    put(week_json(sums(shelf, since)), is_json=is_json, words=_words)


def _first_day(place: Place, week: str | None) -> date:
    if week is None:
        return place.clock().astimezone(place.settings().zone).date() - timedelta(days=6)
    try:
        return week_of(week.strip().upper())
    except ValueError:
        raise click.BadParameter("a week is written as 2026-W47", param_hint="--week") from None


def _words(found: dict[str, Any]) -> str:
    head = f"{found['since']} to {found['until']}"
    requests = sum(day["requests"] for day in found["days"])
    if not requests and not found["models"]:
        return f"{head}: nothing was spent"
    unsure = Money.usd(found["charged_usd"]) - Money.usd(found["likely_usd"])
    about = f", of which {unsure.dollars(rounding='up')} unconfirmed" if unsure.picos > 0 else ""
    tables = [
        _table("day", [(day["day"], day) for day in found["days"]]),
        _table("model", [(_named(share), share) for share in found["models"]]),
        _table("tier", [(_named(share), share) for share in found["tiers"]]),
    ]
    tables += _local_work(found)
    count = "1 request" if requests == 1 else f"{requests} requests"
    return "\n\n".join([f"{head}: {dollars(found['charged_usd'])} for {count}{about}", *tables])


def _local_work(found: dict[str, Any]) -> list[str]:
    """Say what the local machine spent, by model, with its units, and how it is known; nothing without local work."""
    shares = [share for share in found["models"] if share["is_local"]]
    if not shares:
        return []
    lines: list[tuple[str, ...]] = [
        ("local model", "requests", "tokens", "energy", "energy only", "per MTok", "with everything", "per MTok")
    ]
    lines += [(plain(share["name"]) or "-", str(share["requests"]), *_local_cells(share["local"])) for share in shares]
    said = ["Tokens are those read anew and written; no limit counts this machine's own cost."]
    if found["local"] is not None:
        said += [f"Known by: {plain(known)}" for known in found["local"]["provenance"]]
    return [columns(lines, frozenset(range(1, 8))), "\n".join(said)]


def _local_cells(cost: dict[str, Any] | None) -> tuple[str, ...]:
    if cost is None:
        return ("", "", "not known", "", "not known", "")
    tokens = cost["tokens"]
    return (
        f"{tokens:,}" if tokens else "-",
        kwh(cost["millijoules"]),
        *_with_rate(cost["marginal_usd"], cost["marginal_usd_per_mtok"]),
        *_with_rate(cost["full_usd"], cost["full_usd_per_mtok"]),
    )


def _with_rate(amount: str, per_mtok: str | None) -> tuple[str, str]:
    return fine_dollars(amount), fine_dollars(per_mtok) if per_mtok else "-"


def _named(share: dict[str, Any]) -> str:
    return f"{plain(share['name']) or '-'}{' (local)' if share['is_local'] else ''}"


def _table(title: str, rows: list[tuple[str, dict[str, Any]]]) -> str:
    lines = [(title, "requests", "spent")]
    lines += [(name, str(row["requests"]), dollars(row["charged_usd"], places=4)) for name, row in rows]
    return columns(lines, frozenset({1, 2}))


def _csv(rows: list[dict[str, Any]]) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow((*COLUMNS, *LOCAL_COLUMNS))
    for row in rows:
        amounts = {f"{name}_usd": Money(row[name]).exact() for name in ("charged", "likely")}
        writer.writerow([_cell({**row, **amounts}[name]) for name in COLUMNS] + _local_columns(row))
    return file.getvalue()


def _local_columns(row: dict[str, Any]) -> list[Any]:
    """Give what is known of local work, empty where nothing is: a zero would be a claim."""
    cost = local_of(row)
    if cost is None:
        return [""] * len(LOCAL_COLUMNS)
    source = _cell(" | ".join(cost.provenance.splitlines()))
    return [cost.marginal.exact(), cost.full.exact(), cost.joules_milli, source]


def _cell(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and FORMULA.match(value) else value
