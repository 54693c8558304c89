"""Today: how much of the budget is gone, how fast it goes, what is wrong, and the switches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import request

from budget import glance
from budget.alertwords import words
from budget.clock import resets_at
from budget.imported import first_imported
from budget.outbox import Delivery, Sent
from budget.tallies import DayTally
from budget.today import Today
from pricing.figures import percent_of
from pricing.money import ZERO, Money
from proxy.asjson import Json, saved_json
from proxy.dashboard.attempts import rows
from proxy.dashboard.burn import Burn, burn_of
from proxy.dashboard.charts import Bar, DayChart, Gauge, bars, day_chart, gauge
from proxy.dashboard.pages import books, is_part, page, pages
from proxy.dashboard.shown import sentence
from proxy.dashboard.wrongs import Wrong, wrongs
from proxy.desk import counter
from proxy.keeper.facts import offer_json
from proxy.keeper.words import offered
from proxy.pace import Pace, pace_of

DAYS = 14
LATEST = 8
MOST_ALERTS = 8
MODES = (("auto", "Auto"), ("local", "Local only"), ("cloud", "Claude only"), ("observe", "Observe"))
DONE = {
    "mode": "The mode is changed.",
    "stop": "All cloud traffic is stopped.",
    "resume": "Cloud traffic goes on.",
    "allow": "Today’s cutoff is raised, until the day ends.",
    "confirm-day": "The new day has begun.",
    "reload": "The config file was read again.",
}
"""What a page says after a write; an address can choose among these and nothing else."""


@dataclass(frozen=True, slots=True)
class Way:
    """What went one way today: to Claude, or to a local model."""

    requests: int
    tokens_in: int
    tokens_out: int
    cost: Money


@dataclass(frozen=True, slots=True)
class Told:
    """An alert of today, in words; `deliveries` say who got it and who did not, where anything went wrong."""

    at: datetime
    title: str
    text: str
    deliveries: tuple[Delivery, ...]


@dataclass(frozen=True, slots=True)
class Now:
    """All that the page shows."""

    today: Today
    gauge: Gauge
    share: str
    """How much of the budget is spent; empty where there is none."""
    unconfirmed: Money
    tallied: DayTally | None
    burn: Burn | None
    pace: Pace | None
    saved: Json
    chart: DayChart
    cloud: Way
    local: Way
    bars: tuple[Bar, ...]
    wrongs: list[Wrong]
    alerts: list[Told]
    is_new: bool
    has_past: bool
    more: Money
    at: datetime


@pages.get("/")
def today() -> str:
    """Show the day, or only what changes of it."""
    template = "today_now.html" if is_part() else "today.html"
    latest, _ = rows(most=LATEST)
    done = DONE.get(request.args.get("done", ""), "")
    return page(template, now=_now(), latest=latest, modes=MODES, done=done, offer=_offer())


def _offer() -> str:
    """Say what the cache keeper would have saved, if it is off and that was worked out today; no work is done here."""
    services = counter().services
    made = None if services.options.keeper.enabled else services.offers.known(services.ledger.today().day)
    return offered(offer_json(made)) if made is not None and made.found.net > ZERO else ""


def _now() -> Now:
    services = counter().services
    ledger, at, zone = services.ledger, services.clock(), services.zone()
    day = ledger.today()
    limits = day.limits
    steps = books(lambda: counter().courses.of(ledger.file, day.day)) or {}
    burn = burn_of(steps, at, day.resets_at, day.gone, limits.budget, limits.cutoff)
    past = books(lambda: ledger.days(day.day - timedelta(days=DAYS - 1), day.day)) or []
    totals = books(lambda: ledger.totals(day.day, day.day)) or []
    notices = services.notices()
    sent_lately = books(lambda: ledger.outbox.newest(MOST_ALERTS)) or []
    return Now(
        today=day,
        gauge=gauge(day.settled, day.held, limits.budget, limits.cutoff, limits.alerts),
        share=percent_of(day.settled, limits.budget),
        unconfirmed=max(ZERO, day.settled - day.likely),
        tallied=books(lambda: ledger.tallies.of_day(day.day)),
        burn=burn,
        pace=pace_of(services, day),
        saved=saved_json(ledger.baselines, day.day),
        chart=day_chart(
            steps,
            begins=resets_at(day.day - timedelta(days=1), zone),
            ends=day.resets_at,
            now=at,
            per_hour=burn.per_hour if burn else ZERO,
            limits=(("budget", limits.budget), ("cutoff", limits.cutoff)),
            zone=zone,
        ),
        cloud=_way(totals, is_local=False),
        local=_way(totals, is_local=True),
        bars=bars(past),
        wrongs=wrongs(services, notices, day),
        alerts=[_told(sent) for sent in sent_lately if sent.alert.day == day.day][::-1],
        is_new=books(lambda: glance.has_entries(ledger.file)) is False,
        has_past=books(lambda: first_imported(ledger.file)) is not None,
        more=_a_fifth(limits.budget),
        at=at,
    )


def _way(totals: list[dict[str, Any]], *, is_local: bool) -> Way:
    ours = [row for row in totals if bool(row["is_local"]) is is_local]
    prompts = ("input", "cache_write_5m", "cache_write_1h", "cache_read")
    return Way(
        requests=sum(row["requests"] - row["voided"] for row in ours),
        tokens_in=sum(row[name] for row in ours for name in prompts),
        tokens_out=sum(row["output"] for row in ours),
        cost=Money(sum(row["local_full" if is_local else "charged"] for row in ours)),
    )


def _told(sent: Sent) -> Told:
    said = words(sent.alert, counter().services.zone())
    went_wrong = any(each.trouble and not each.told for each in sent.deliveries)
    title = sentence(said.title.removeprefix("bursar: "))
    return Told(sent.alert.at, title, said.text, sent.deliveries if went_wrong else ())


def _a_fifth(budget: Money) -> Money:
    """Offer a fifth of the budget, in whole dollars, one at least."""
    return Money.usd(max(1, budget.picos // (5 * 10**12)))
