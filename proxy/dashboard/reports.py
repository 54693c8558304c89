"""Reports: each week's story from the books as they are now, and the files that were kept of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from flask import Response, request

from budget.imported import imported_weeks
from budget.report import week_of
from budget.weekbooks import first_day, monday
from budget.weekly import DAYS, Report, Sums, name_of, overview
from budget.weekly import report as make
from budget.words import SIMULATED
from pricing.money import Money
from proxy.dashboard.pages import books, ledger_file, missing, page, pages, unreadable
from proxy.dashboard.reportfile import filters, standalone, title, view
from proxy.desk import counter
from proxy.reportjson import report_csv, report_json

MOST_WEEKS = 12
TYPES = {"html": "text/html", "csv": "text/csv", "json": "application/json"}

for _name, _show in filters(lambda: counter().services.zone()).items():
    pages.add_app_template_filter(_show, _name)


@dataclass(frozen=True, slots=True)
class WeekLine:
    """One line of the list of weeks; `kept_at` is when its file was made, `imported` what is beside it."""

    name: str
    since: date
    until: date
    sums: Sums | None
    is_over: bool
    kept_at: datetime | None
    imported: Money | None


@dataclass(frozen=True, slots=True)
class Kept:
    """What a kept report said."""

    at: datetime
    claude: Money
    saved: Money


@pages.get("/reports")
def reports() -> str:
    """List the weeks, the latest first, or those up to one."""
    newest = monday(counter().services.ledger.today().day)
    asked = _monday(request.args.get("until", ""))
    weeks = books(lambda: _weeks(min(asked or newest, newest))) or []
    earlier = _neighbour(weeks[-1].since, -DAYS) if weeks else ""
    return page("reports.html", weeks=weeks, earlier=earlier, is_latest=not asked or asked >= newest)


@pages.get("/reports/<week>")
def report(week: str) -> Any:
    """Show a week."""
    since = _monday(week)
    if since is None:
        return missing(f"There is no report of {week[:40]}; weeks are named as in 2026-W47."), 404
    found = books(lambda: _make(since))
    if found is None:
        return unreadable()
    kept = _kept(found.name)
    told = (found.sums.claude, found.sums.saved.likely)
    return page(
        "report.html",
        title=title(found),
        **view(found, live=True),
        kept_at=kept.at if kept else None,
        differs=kept if kept and (kept.claude, kept.saved) != told else None,
        earlier=_neighbour(since, -DAYS),
        later=_neighbour(since, DAYS),
    )


@pages.get("/reports/<week>/report.<form>")
def report_file(week: str, form: str) -> Any:
    """Hand a week out as a file: HTML, CSV or JSON."""
    since = _monday(week)
    if since is None or form not in TYPES:
        return missing("There is no such report."), 404
    found = books(lambda: _make(since))
    if found is None:
        return unreadable()
    made_up = counter().services.is_simulated
    written = {
        "html": lambda: standalone(found, SIMULATED if made_up else ""),
        "csv": lambda: report_csv(found, simulated=made_up),
        "json": lambda: json.dumps(report_json(found, simulated=made_up), indent=2, ensure_ascii=False),
    }[form]()
    return _download(written.encode(), f"bursar-{found.name}.{form}", TYPES[form])


@pages.get("/reports/<week>/kept.html")
def kept_report(week: str) -> Any:
    """Hand out the file that was kept of a week."""
    archive, since = counter().archive, _monday(week)
    content = archive.read(name_of(since), "html") if archive and since else None
    if content is None:
        return missing("No report of this week was kept."), 404
    return _download(content, f"bursar-{week}.html", TYPES["html"])


def _weeks(newest: date) -> list[WeekLine]:
    services = counter().services
    file, this = ledger_file(), monday(services.ledger.today().day)
    first = first_day(file)
    if first is None:
        return []
    oldest = max(monday(first), newest - timedelta(days=DAYS * (MOST_WEEKS - 1)))
    sums = overview(file, oldest, newest)
    past = imported_weeks(file, oldest, newest)
    archive = counter().archive
    return [
        WeekLine(
            name=name_of(since),
            since=since,
            until=since + timedelta(days=DAYS - 1),
            sums=sums.get(since),
            is_over=since < this,
            kept_at=archive.made(name_of(since)) if archive else None,
            imported=past.get(since),
        )
        for since in (newest - timedelta(days=DAYS * back) for back in range((newest - oldest).days // DAYS + 1))
    ]


def _make(since: date) -> Report:
    services = counter().services
    return make(ledger_file(), since, now=services.clock(), zone=services.zone())


def _monday(week: str) -> date | None:
    try:
        return week_of(week.upper())
    except ValueError:
        return None


def _neighbour(since: date, days: int) -> str:
    """Name the week beside one, if there can be anything in it."""
    services = counter().services
    beside, first = since + timedelta(days=days), books(lambda: first_day(ledger_file()))
    if first is None or not monday(first) <= beside <= services.ledger.today().day:
        return ""
    return name_of(beside)


def _kept(week: str) -> Kept | None:
    archive = counter().archive
    content = archive.read(week, "json") if archive else None
    at = archive.made(week) if archive else None
    if content is None or at is None:
        return None
    try:
        sums = json.loads(content)["sums"]
        return Kept(at, Money(sums["claude"]["picos"]), Money(sums["saved"]["likely"]["picos"]))
    except (ValueError, KeyError, TypeError):
        return None


def _download(content: bytes, file: str, kind: str) -> Response:
    answer = Response(content, content_type=f"{kind}; charset=utf-8")
    answer.headers["content-disposition"] = f'attachment; filename="{file}"'
    return answer
