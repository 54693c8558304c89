"""Sessions: what each conversation of a day came to, and where its work went."""

from __future__ import annotations

from datetime import date

from flask import request

from budget import glance
from budget.saved import Saved, saved_of
from proxy.asjson import Json
from proxy.dashboard.pages import books, is_part, page, pages
from proxy.desk import RequestError, counter


@pages.get("/sessions")
def sessions() -> str:
    """List the sessions of today or of another day, or only what changes of the list."""
    ledger = counter().services.ledger
    today = ledger.today().day
    day = _day(request.args.get("day", ""), today)
    found = books(lambda: glance.sessions(ledger.file, day)) or []
    before, after = books(lambda: glance.neighbours(ledger.file, day)) or (None, None)
    total = next(iter(books(lambda: ledger.days(day, day)) or []), None)
    newest = glance.MOST_OF_DAY if total and total.requests > glance.MOST_OF_DAY else 0
    saved = books(lambda: _saved(ledger.baselines.sessions(day, day))) or {}
    template = "sessions_now.html" if is_part() else "sessions.html"
    return page(template, sessions=found, day=day, today=today, before=before, after=after, newest=newest, saved=saved)


def _saved(rows: list[Json]) -> dict[str, Saved]:
    """Sum up by session what was saved; a session of which nothing is known is not there."""
    found: dict[str, Saved] = {}
    for row in rows:
        found[row["session"]] = found.get(row["session"], Saved()) + saved_of(row)
    return {session: saved for session, saved in found.items() if saved.requests}


def _day(text: str, today: date) -> date:
    try:
        return date.fromisoformat(text) if text else today
    except ValueError:
        raise RequestError(f"{text[:40]!r} is no day such as {today}") from None
