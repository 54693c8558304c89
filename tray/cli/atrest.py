"""At rest: what commands can tell and change while no bursar runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from budget import reading, refused, tallies
from budget.baselinesums import saved_between
from budget.entries import Entry
from budget.folder import Folder
from budget.peek import peek
from budget.refused import RefusedRequest
from budget.saved import Saved
from budget.today import DayTotal
from proxy.asjson import saved_json, tallied_json, today_json
from tray.agents.record import Record
from tray.cli.place import Place

if TYPE_CHECKING:
    from budget.ledger import Ledger

MOST_ENTRIES = 1000


def status_at_rest(place: Place) -> dict[str, Any]:
    """Tell how the ledger stands, reading only."""
    settings, paths = place.settings(), place.paths
    today = peek(paths.ledger, clock=place.clock, limits=settings.limits(), zone=settings.zone)
    shelf = Shelf.of(place)
    shown = {**today_json(today), **tallied_json(shelf.tallied, today.day), "saved": saved_json(shelf, today.day)}
    made_up = paths.simulated_mark.exists()
    aside = Record(paths.agents).is_aside
    about = {"simulated": made_up, "config_file": str(paths.config_file), "stepped_aside": aside}
    return {"running": False, **about, **shown}


def change_at_rest(place: Place, change: Callable[[Ledger], None]) -> dict[str, Any]:
    """Open the ledger as its only user, change something durably, and tell how it stands then."""
    from budget.ledger import Ledger

    settings = place.settings()
    limits, zone = settings.limits(), settings.zone
    with place.alone(), Ledger.open(place.paths.ledger, clock=place.clock, limits=limits, zone=zone) as ledger:
        change(ledger)
        return {"running": False, **today_json(ledger.today())}


@dataclass(frozen=True)
class Shelf:
    """The ledger's database, read only, so that it does not matter whether bursar runs."""

    database: Path

    @classmethod
    def of(cls, place: Place) -> Shelf:
        """Find the ledger of this place."""
        return cls(Folder(place.paths.ledger).database)

    def days(self, since: date, until: date) -> list[DayTotal]:
        """List the sums of days, both ends included."""
        return reading.days(self.database, since, until) if self.database.exists() else []

    def totals(self, since: date, until: date) -> list[dict[str, Any]]:
        """List sums by day, upstream, model, tier and task class."""
        return reading.totals(self.database, since, until) if self.database.exists() else []

    def saved(self, since: date, until: date) -> Saved:
        """Sum up what was saved between two days, both included."""
        return saved_between(self.database, since, until) if self.database.exists() else Saved()

    def tallied(self, day: date) -> tallies.DayTally:
        """Say how many requests of a day were refused, and how many served second best."""
        return tallies.of_day(self.database, day) if self.database.exists() else tallies.DayTally()

    def latest(self, number: int) -> list[Entry]:
        """List the newest entries, oldest of them first."""
        if not number or not self.database.exists():
            return []
        where = "id > (SELECT coalesce(max(id), 0) FROM entries) - :limit"
        return reading.entries(self.database, where, {}, number)

    def refused(self, request_id: str) -> RefusedRequest | None:
        """Find the refusal of a request, or the newest of all for `last`."""
        if not self.database.exists():
            return None
        if request_id == "last":
            return next(iter(refused.newest(self.database, 1)), None)
        return refused.find(self.database, request_id)

    def latest_refused(self, number: int) -> list[RefusedRequest]:
        """List the newest refused requests, newest first."""
        return refused.newest(self.database, number) if number and self.database.exists() else []

    def of_request(self, request_id: str) -> list[Entry]:
        """List the entries of a request: one for each attempt, and their corrections."""
        if not self.database.exists():
            return []
        return reading.entries(self.database, "request_id = :id", {"id": request_id}, MOST_ENTRIES)

    def of_day(self, day: date, after: int = 0) -> list[Entry]:
        """List entries of a day with an id above `after`, oldest first."""
        if not self.database.exists():
            return []
        where, given = f"id > :after AND {reading.ON_DAY}", {"after": after, "day": day.isoformat()}
        return reading.entries(self.database, where, given, MOST_ENTRIES)


def models_asked(place: Place, since: date) -> frozenset[str]:
    """Name the models that went to Claude since then."""
    rows = Shelf.of(place).totals(since, place.clock().date() + timedelta(days=1))
    return frozenset(row["model"] for row in rows if not row["is_local"])
