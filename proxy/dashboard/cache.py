"""The cache's page: what Claude's cache missed in a week, why, what it cost, and what helps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from flask import request

from budget.cachemisshistory import Past, past
from budget.cachemisslife import SETTING_1H, Lives, worthwhile
from budget.cachemisssums import Cut, Missed, Session, missed
from budget.report import week_of
from pricing.money import Money
from proxy.cachemisswords import Words, where, words
from proxy.dashboard.charts import FULL
from proxy.dashboard.pages import books, ledger_file, page, pages
from proxy.desk import RequestError, counter

DAYS = 7
MOST_SESSIONS = 8


@dataclass(frozen=True, slots=True)
class KindBar:
    """One kind of miss: its share of the bill, and how long its bar is beside the longest."""

    cut: Cut
    said: Words
    permille: int
    width: int


@dataclass(frozen=True, slots=True)
class LifeBars:
    """What one agent's requests would have cost with each lifetime, as bars of one scale."""

    lives: Lives
    width_5m: int
    width_1h: int


@pages.get("/cache")
def cache() -> str:
    """Show the last seven days, or a week."""
    services = counter().services
    today = services.ledger.today().day
    since = _since(request.args.get("week", ""), today)
    until = since + timedelta(days=DAYS - 1)
    found = books(lambda: missed(ledger_file(), since, until)) or Missed(since, until)
    logged = books(lambda: past(ledger_file(), since, until, services.prices())) or Past()
    hints = services.baselines.doctor.hints(services.clock()) if services.baselines else ()
    return page(
        "cache.html",
        found=found,
        kinds=kind_bars(found),
        lives=life_bars(found.lives),
        advised=worthwhile(found.lives),
        setting=SETTING_1H,
        past=logged,
        past_lives=life_bars(logged.lives),
        past_advised=worthwhile(logged.lives),
        sessions=[(one, _mostly(one)) for one in found.sessions[:MOST_SESSIONS]],
        hints=[(hint, words(hint.cause.kind, hint.cause.what), where(hint.cause)) for hint in hints],
        before=_name(since - timedelta(days=since.weekday() or DAYS)),
        after=_name(since + timedelta(days=DAYS)) if until < today else "",
        is_latest=until >= today,
        part=found.permille(found.avoidable),
    )


def kind_bars(found: Missed) -> tuple[KindBar, ...]:
    """Lay the kinds side by side, the dearest first."""
    longest = max((cut.amount.picos for cut in found.cuts), default=0) or 1
    return tuple(
        KindBar(
            cut,
            words(cut.kind, cut.what),
            found.permille(cut.amount) or 0,
            max(1, cut.amount.picos * FULL // longest) if cut.amount else 0,
        )
        for cut in found.cuts
    )


def life_bars(lives: Sequence[Lives]) -> tuple[LifeBars, ...]:
    """Lay both lifetimes of each agent side by side."""
    longest = max((max(one.if_5m, one.if_1h) for one in lives), default=Money(0)).picos or 1
    return tuple(LifeBars(one, one.if_5m.picos * FULL // longest, one.if_1h.picos * FULL // longest) for one in lives)


def _mostly(one: Session) -> str:
    cut = next(cut for cut in one.cuts if cut.is_avoidable)
    return words(cut.kind, cut.what).name


def _since(week: str, today: date) -> date:
    if not week:
        return today - timedelta(days=DAYS - 1)
    try:
        return week_of(week.upper())
    except ValueError:
        raise RequestError(f"{week[:40]!r} is no week such as 2026-W47") from None


def _name(monday: date) -> str:
    year, number, _ = monday.isocalendar()
    return f"{year}-W{number:02d}"
