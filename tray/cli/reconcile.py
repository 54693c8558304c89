"""bursar reconcile: our ledger beside the provider's usage and cost reports, line by line."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from budget.billed import Books, books
from budget.folder import Folder
from budget.mending import Correction
from budget.reconcile import Cause, Line
from budget.reconcile import reconcile as compared
from pricing.figures import counted
from pricing.providerreport import NotAReport, ProviderReport, read_pages
from pricing.table import PriceTable
from proxy.adminapi import NoReport, fetch
from tray.cli.atrest import change_at_rest
from tray.cli.place import FAILED, OK, Failure, Place
from tray.cli.prices import load_prices
from tray.cli.reconcile_show import line_json, line_words
from tray.cli.show import as_json, put
from tray.handover import cloud_of

if TYPE_CHECKING:
    from budget.ledger import Ledger

MOST_BYTES = 50_000_000
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(short_help="Compare the ledger with the provider's own reports.")
@click.argument("files", nargs=-1, type=FILE)
@click.option("--api", is_flag=True, help="Fetch the reports from the Admin API instead of reading files.")
@click.option("--key-env", default="ANTHROPIC_ADMIN_KEY", help="The environment variable with the admin key.")
@click.option("--day", "days", help="A day (2026-11-20) or a month (2026-11), by UTC; with --api yesterday otherwise.")
@click.option("--write", is_flag=True, help="Write corrections into the ledger, after they were shown.")
@click.option("--yes", is_flag=True, help="Do not ask before they are written.")
@as_json
@click.pass_obj
def reconcile(place: Place, /, files: tuple[Path, ...], api: bool, key_env: str, days: str | None, **how: bool) -> int:
    """Compare what the ledger holds with the provider's usage and cost reports: tokens first, then dollars.

    FILES are the answers of the Admin API's usage_report/messages and cost_report, as JSON, in any order. Exit code 1
    where something differs.
    """
    if bool(files) == api:
        raise click.UsageError("name the files of the reports, or use --api")
    span = _span(days) if days else None
    report = _kept(_fetched(place, key_env, span) if api else _read(files), span)
    ours, lines = _lines(place, report)
    found = {"lines": [line_json(line) for line in lines], "on_a_plan": ours.on_a_plan}
    put(found, is_json=how["is_json"], words=lambda _: line_words(lines, ours.on_a_plan))
    corrections = [correction for line in lines for correction in line.corrections]
    if how["write"] and corrections:
        if not how["yes"]:
            click.confirm(f"write {_corrections(len(corrections))} into the ledger?", abort=True, err=True)
        _write(place, corrections)
        click.echo(f"{_corrections(len(corrections))} written", err=True)
    elif how["write"]:
        click.echo("nothing was written: no correction follows from these reports", err=True)
    return OK if all(line.cause is Cause.equal for line in lines) else FAILED


def _corrections(number: int) -> str:
    return counted(number, "correction")


def _lines(place: Place, report: ProviderReport) -> tuple[Books, list[Line]]:
    table, database = load_prices(place), Folder(place.paths.ledger).database
    ours = books(database, min(report.days), max(report.days)) if database.exists() else Books()
    return ours, compared(ours.rows, report, lambda model: _one_name(table, model), table.search_picos)


def _one_name(table: PriceTable, model: str) -> str:
    found = table.find(model)
    return found.id if found else model


def _span(text: str) -> tuple[date, date]:
    try:
        if len(text) == 7:
            first = date.fromisoformat(f"{text}-01")
            return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        day = date.fromisoformat(text)
    except ValueError:
        raise click.UsageError(f"--day must be such as 2026-11-20 or, for a month, 2026-11; not {text}") from None
    return day, day


def _read(files: tuple[Path, ...]) -> ProviderReport:
    pages: list[Any] = []
    for file in files:
        content = _content(file)
        _understood(file.name, content)
        pages += content
    return _understood("these reports", pages)


def _content(file: Path) -> list[Any]:
    """Read the pages of a file: one answer, or a list of them."""
    if file.stat().st_size > MOST_BYTES:
        raise Failure(f"{file.name} is too large for a report")
    try:
        content = json.loads(file.read_bytes())
    except ValueError:
        raise Failure(f"{file.name} is no JSON; save the answer of the Admin API as it is") from None
    return content if isinstance(content, list) else [content]


def _understood(name: str, pages: list[Any]) -> ProviderReport:
    try:
        return read_pages(pages)
    except NotAReport as error:
        raise Failure(f"{name}: {error}") from None


def _fetched(place: Place, key_env: str, span: tuple[date, date] | None) -> ProviderReport:
    key = place.environ.get(key_env, "")
    if not key:
        raise Failure(f"there is no admin key in the environment variable {key_env}")
    yesterday = place.clock().date() - timedelta(days=1)
    since, until = span or (yesterday, yesterday)
    try:
        return _understood("the Admin API", list(fetch(cloud_of(place.settings()), key, since, until)))
    except NoReport as error:
        raise Failure(str(error)) from None


def _kept(report: ProviderReport, span: tuple[date, date] | None) -> ProviderReport:
    """Leave out the days that nobody asked for."""
    if span is not None:
        for days in (report.usage_days, report.cost_days):
            days.intersection_update({day for day in days if span[0] <= day <= span[1]})
    if not report.days:
        raise Failure("these reports say nothing of that time")
    return report


def _write(place: Place, corrections: list[Correction]) -> None:
    running = place.running()
    if running is None:
        change_at_rest(place, lambda ledger: _correct(ledger, corrections))
        return
    for each in corrections:
        amounts = {"charged_usd": each.charged.exact(), "likely_usd": each.likely.exact()}
        running.post("/api/correct", {"entry": each.entry_id, **amounts, "note": each.note})


def _correct(ledger: Ledger, corrections: list[Correction]) -> None:
    for each in corrections:
        ledger.correct(each.entry_id, each.charged, each.likely, each.note)
