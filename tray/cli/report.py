"""bursar report: a week: what was spent, what it would have cost at Claude alone, why, and what to change."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import click

from budget.archive import Archive
from budget.folder import Folder
from budget.glance import Unreadable
from budget.report import week_of
from budget.weekly import Report
from budget.weekly import report as make
from budget.words import SIMULATED
from pricing.money import ZERO, Money
from proxy.baselinekept import KeptRatios
from proxy.keeper.facts import offer_json
from proxy.keeper.past import offer
from proxy.keeper.words import offered
from proxy.learnedjson import learned_json, learned_words
from proxy.reportjson import report_csv, report_json
from tray.cli.place import Failure, Place
from tray.cli.report_show import WIDTH, report_words
from tray.cli.show import as_json, columns, put
from tray.files import write_private
from tray.handover import prices_of

MOST_REPLAYED = 10_000
"""Requests of a week from which on nobody who asks for a report waits for the keeper's offer: a second of work."""


@click.command(short_help="Show a week: what was spent, what was saved, why, and what to change.")
@click.option("--week", metavar="YEAR-Wnn", help="A week such as 2026-W47; without it, the last seven days.")
@as_json
@click.option("--csv", "is_csv", is_flag=True, help="Print CSV instead: the lines that the report sums up.")
@click.option("--text", "is_text", is_flag=True, help="Print text, as without any of these.")
@click.option("--html", "file", metavar="FILE", help="Write one HTML file that needs nothing else; - prints it.")
@click.option("--list", "is_list", is_flag=True, help="List the reports that were kept.")
@click.pass_obj
def report(
    place: Place, week: str | None, is_json: bool, is_csv: bool, is_text: bool, file: str | None, is_list: bool
) -> None:
    """Show what was spent, what it would have cost at Claude alone, why, and what to change.

    It is read from the ledger, whether bursar runs or not.
    """
    if sum((is_json, is_csv, is_text, file is not None)) > 1:
        raise click.UsageError("choose one of --json, --csv, --text and --html")
    if is_list:
        put(_kept(place), is_json=is_json, words=_list)
        return
    found = _report(place, week)
    if is_csv:
        click.echo(report_csv(found, simulated=_is_simulated(place)), nl=False)
    elif file is not None:
        _write_html(place, found, file)
    else:
        if place.running() is None and not is_json:
            click.echo("bursar is not running; this is what its ledger kept", err=True)
        put(found, is_json=False, words=lambda one: _as_json(place, one) if is_json else _words(place, one))


def _words(place: Place, found: Report) -> str:
    return "\n\n".join((report_words(found, learned_words(_learned(place))), *_offer(place, found)))


def _offer(place: Place, found: Report) -> Iterator[str]:
    """Offer the cache keeper where it is off, and would have saved something in these days."""
    wish = place.settings().keeper
    if wish.enabled or found.pings.sent or found.is_empty:
        return
    if found.sums.requests > MOST_REPLAYED:
        yield "The cache keeper is off. What it would have saved takes long to work out here: bursar keeper"
        return
    made = offer(Folder(place.paths.ledger).database, found.until + timedelta(days=1), prices_of(place.paths), wish)
    if made.found.net > ZERO:
        said = offered(offer_json(made), "these seven days")
        yield textwrap.fill(f"The cache keeper is off. {said} To switch it on: bursar keeper on", WIDTH)


def _learned(place: Place) -> list[dict[str, Any]]:
    return learned_json(KeptRatios(place.paths.token_ratios).ratios)


def _report(place: Place, week: str | None) -> Report:
    zone = place.settings().zone
    try:
        return make(Folder(place.paths.ledger).database, _first_day(place, week), now=place.clock(), zone=zone)
    except Unreadable as error:
        raise Failure(f"the ledger cannot be read: {error}") from error


def _first_day(place: Place, week: str | None) -> date:
    if week is None:
        return place.clock().astimezone(place.settings().zone).date() - timedelta(days=6)
    try:
        return week_of(week.strip().upper())
    except ValueError:
        raise click.BadParameter(f"{week!r} is no week; one is written as 2026-W47", param_hint="--week") from None


def _as_json(place: Place, found: Report) -> str:
    whole = {**report_json(found, simulated=_is_simulated(place)), "token_ratios": _learned(place)}
    return json.dumps(whole, indent=2, ensure_ascii=False)


def _write_html(place: Place, found: Report, file: str) -> None:
    from proxy.dashboard.reportfile import standalone  # Jinja takes 60 ms, and the other forms do without it.

    page = standalone(found, SIMULATED if _is_simulated(place) else "")
    if file == "-":
        click.echo(page)
        return
    path = Path(file)
    if path.is_dir():
        raise Failure(f"{path} is a folder; name a file in it, such as {path / 'week.html'}")
    if not path.parent.is_dir():
        raise Failure(f"there is no folder {path.parent}")
    write_private(path, page.encode())
    click.echo(f"{path} is written", err=True)


def _is_simulated(place: Place) -> bool:
    return place.paths.simulated_mark.exists()


def _kept(place: Place) -> list[dict[str, Any]]:
    archive = Archive(place.paths.reports)
    return [
        {"week": week, "html": str(archive.path(week, "html")), **_said(archive.read(week, "json"))}
        for week in archive.weeks()
    ]


def _said(content: bytes | None) -> dict[str, Any]:
    """Read what a kept report came to; nothing if it cannot be read."""
    try:
        found = json.loads(content or b"")
        sums = found["sums"]
        return {
            "made": found["made"],
            "claude_usd": sums["claude"]["usd"],
            "local_usd": sums["local_full"]["usd"],
            "saved_usd": sums["saved"]["likely"]["usd"],
        }
    except (ValueError, KeyError, TypeError):
        return {"made": None, "claude_usd": None, "local_usd": None, "saved_usd": None}


def _list(kept: list[dict[str, Any]]) -> str:
    if not kept:
        return "no report was kept yet; one is made of each week when it is over, while bursar runs"
    rows: list[tuple[str, ...]] = [("week", "Claude", "machine", "saved", "file")]
    for one in kept:
        amounts = [Money.usd(one[name]).dollars() if one[name] else "-" for name in _AMOUNTS]
        rows.append((one["week"], *amounts, one["html"]))
    return columns(rows, frozenset({1, 2, 3}))


_AMOUNTS = ("claude_usd", "local_usd", "saved_usd")
