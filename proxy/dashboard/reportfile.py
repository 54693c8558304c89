"""The report as one HTML file: its own style inside, nothing fetched, no script, and a policy that forbids both."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from budget.weekly import Report
from pricing import figures
from pricing.addingup import left_of
from pricing.money import ZERO, Money
from proxy.dashboard import shown
from proxy.dashboard.reportview import WHY, changes, course, lines, past, session_lines, steps
from proxy.keeper.facts import pings_json
from proxy.keeper.words import came_to

HERE = Path(__file__).parent
STYLES = ("bursar.css", "report.css")
# HTML has no place for them, and a terminal that is shown the file would obey them.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def standalone(report: Report, simulated: str = "") -> str:
    """Write a report as an HTML document that needs nothing else; `simulated` is said above it, if it is made up."""
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(filters(lambda: report.zone))
    style = "".join((HERE / "static" / name).read_text(encoding="utf-8") for name in STYLES)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    given = {"title": title(report), "style": style, "style_hash": f"sha256-{digest}", "simulated": simulated}
    page = environment.get_template("report_file.html").render(given, **view(report, live=False))
    return _CONTROL.sub("\ufffd", page)


def view(report: Report, *, live: bool) -> dict[str, Any]:
    """Give what the templates show; `live`: on the dashboard, where names lead to pages."""
    paid = report.savings.total.paid
    return {
        "report": report,
        "live": live,
        "course": course(report.days),
        "verdict": left_of(paid.baseline.likely, paid.cloud, paid.local),
        "past": past(report.imported, report.days),
        "steps": steps(paid.baseline.likely, paid.parts),
        "lines": lines,
        "changes": changes(report),
        "sessions": session_lines(report.savings.sessions),
    }


def filters(zone: Callable[[], ZoneInfo]) -> Mapping[str, Callable[..., str]]:
    """Give the templates' filters."""
    plain = (
        *(shown.usd, shown.fine, shown.count, shown.short, shown.energy),
        *(shown.cut, shown.session, shown.last_part, shown.sentence),
        *(figures.counted, figures.noun, figures.share),
    )
    return {
        **{one.__name__: one for one in plain},
        "clock": lambda at: shown.clock(at, zone()),
        "stamp": lambda at: shown.stamp(at, zone()),
        "moment": lambda at: _moment(at, zone()),
        "day": _day,
        "step": _signed,
        "mtok": _mtok,
        "kept": lambda pings: shown.sentence(came_to(pings_json(pings))),
        "why": lambda why: WHY.get(why, why.replace("_", " ")),
        "week_title": week_title,
    }


def title(report: Report) -> str:
    """Name a report for a person."""
    return week_title(report.since) if report.name else "Seven days"


def week_title(since: date) -> str:
    """Name the week that begins on a Monday for a person."""
    year, number, _ = since.isocalendar()
    return f"Week {number} of {year}"


def _day(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b}"


def _moment(at: datetime | str, zone: ZoneInfo) -> str:
    moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    return f"{moment.astimezone(zone):%a %H:%M}"


def _signed(amount: Money) -> str:
    """Show a step up or down, to the hundredth of a cent where it is below a dollar."""
    return f"{'-' if amount < ZERO else '+'}{(-amount if amount < ZERO else amount).fine()}"


def _mtok(amount: Money, tokens: int) -> str:
    return Money(-(-amount.picos * 10**6 // tokens)).fine() if tokens else ""
