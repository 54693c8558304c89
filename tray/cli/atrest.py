"""At rest: what commands can tell and change while no bursar runs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from budget.folder import Folder
from budget.peek import peek
from proxy.asjson import entries_json, today_json
from tray.cli.place import Place

if TYPE_CHECKING:
    from budget.ledger import Ledger


def status_at_rest(place: Place) -> dict[str, Any]:
    """Tell how the ledger stands, reading only."""
    settings, paths = place.settings(), place.paths
    today = peek(paths.ledger, clock=place.clock, limits=settings.limits(), zone=settings.zone)
    return {"running": False, "config_file": str(paths.config_file), **today_json(today)}


def change_at_rest(place: Place, change: Callable[[Ledger], None]) -> dict[str, Any]:
    """Open the ledger as its only user, change something durably, and tell how it stands then."""
    from budget.ledger import Ledger

    settings = place.settings()
    limits, zone = settings.limits(), settings.zone
    with place.alone(), Ledger.open(place.paths.ledger, clock=place.clock, limits=limits, zone=zone) as ledger:
        change(ledger)
        return {"running": False, **today_json(ledger.today())}


def entries_at_rest(place: Place, number: int) -> list[dict[str, Any]]:
    """Read the newest entries, oldest of them first."""
    from budget import reading

    database = Folder(place.paths.ledger).database
    if not number or not database.exists():
        return []
    where = "id > (SELECT coalesce(max(id), 0) FROM entries) - :limit"
    return entries_json(reading.entries(database, where, {}, number))


def totals(place: Place, since: date, until: date) -> list[dict[str, Any]]:
    """Read the sums of days, both included; it reads only, so that it does not matter whether bursar runs."""
    from budget import reading

    database = Folder(place.paths.ledger).database
    return reading.totals(database, since, until) if database.exists() else []


def models_asked(place: Place, since: date) -> frozenset[str]:
    """Name the models that went to Claude since then."""
    until = place.clock().date() + timedelta(days=1)
    return frozenset(row["model"] for row in totals(place, since, until) if not row["is_local"])
