"""bursar cache: what Claude's cache could have read and wrote again, why, what that cost, and what helps."""

from __future__ import annotations

from datetime import date, timedelta

import click

from budget.cachemisshistory import past
from budget.cachemisssums import missed
from budget.folder import Folder
from budget.report import week_of
from proxy.cachemissjson import missed_json
from tray.cli.cache_show import cache_words
from tray.cli.place import Place
from tray.cli.show import as_json, put
from tray.handover import prices_of

DAYS = 7


@click.command(short_help="Show what Claude’s cache missed, why, and what it cost.")
@click.option("--day", metavar="DAY", help="One day, such as 2026-11-20, or today.")
@click.option("--week", metavar="YEAR-Wnn", help="A week such as 2026-W47; without both, the last seven days.")
@as_json
@click.pass_obj
def cache(place: Place, day: str | None, week: str | None, is_json: bool) -> None:
    """Show which requests could not read what was in Claude’s cache before: why, at which place, and the dollars.

    It is read from the ledger, whether bursar runs or not. Only kinds, places and counts are kept, never a text.
    """
    since, until = _days(place, day, week)
    database = Folder(place.paths.ledger).database
    found, imported = missed(database, since, until), past(database, since, until, prices_of(place.paths))
    put(missed_json(found, imported), is_json=is_json, words=lambda _: cache_words(found, imported))


def _days(place: Place, day: str | None, week: str | None) -> tuple[date, date]:
    if day and week:
        raise click.UsageError("choose one of --day and --week")
    today = place.clock().astimezone(place.settings().zone).date()
    try:
        if day:
            one = today if day == "today" else date.fromisoformat(day)
            return one, one
        since = week_of(week.strip().upper()) if week else today - timedelta(days=DAYS - 1)
    except ValueError:
        if day:
            raise click.BadParameter(f"{day!r} is no day; one is written as {today}", param_hint="--day") from None
        raise click.BadParameter(f"{week!r} is no week; one is written as 2026-W47", param_hint="--week") from None
    return since, since + timedelta(days=DAYS - 1)
