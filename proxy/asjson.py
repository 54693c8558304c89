"""What a person is told, as plain JSON: the same shapes from the running proxy and from a ledger at rest.

Amounts are dollars as exact decimal text, never floats; moments are UTC in ISO 8601.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, fields
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from budget.entries import Entry
from budget.glance import Unreadable
from budget.report import Share, Week
from budget.saved import Saved
from budget.tallies import DayTally
from budget.today import DayTotal, Today
from pricing.machine import LocalCost
from pricing.money import Money
from pricing.table import PriceTable
from pricing.terms import Model, Terms
from pricing.usage import Usage

if TYPE_CHECKING:
    from proxy.services import Line

Json = dict[str, Any]


def usd(amount: Money) -> str:
    """Write an amount so that nothing is lost."""
    return amount.exact()


def today_json(today: Today) -> Json:
    """Tell how the budget day stands."""
    limits = today.limits
    return {
        "day": today.day.isoformat(),
        "mode": today.mode.value,
        "band": today.band.value,
        "stop": None if today.stop is None else {"since": today.stop.since.isoformat(), "by": today.stop.by},
        "budget_usd": usd(limits.budget),
        "cutoff_usd": usd(limits.cutoff),
        "alerts_percent": list(limits.alerts),
        "settled_usd": usd(today.settled),
        "held_usd": usd(today.held),
        "likely_usd": usd(today.likely),
        "left_usd": usd(today.left),
        "open_holds": today.open_holds,
        "waiting": today.waiting,
        "unrecorded": today.unrecorded,
        "resets_at": today.resets_at.isoformat(),
        "trouble": today.trouble,
        "clock_held_back": today.clock_held_back,
        "local_today": local_cost_json(today.local),
    }


def tallied_json(tallied: Callable[[date], DayTally], today: date) -> Json:
    """Tell how many requests bursar refused today, and how many it served second best; null where it is not known."""
    try:
        found = tallied(today)
    except Unreadable:
        return {"refused_today": None, "degraded_today": None}
    return {"refused_today": found.refused, "degraded_today": found.degraded}


def saved_json(kept: Baselines, today: date) -> Json:
    """Tell what was saved today and this week, from Monday: from memory, as a range, and perhaps below zero.

    `plan_usd` is what requests on a Pro or Max plan come to at list prices, which is no money saved; `unknown` counts
    the requests that are in no amount because nobody knows what they would have cost.
    """
    monday = today - timedelta(days=today.weekday())
    return {"today": _saved(kept.saved(today, today)), "week": _saved(kept.saved(monday, today))}


def _saved(saved: Saved) -> Json:
    return {
        "usd": usd(saved.likely),
        "low_usd": usd(saved.low),
        "high_usd": usd(saved.high),
        "plan_usd": usd(saved.listed),
        "requests": saved.requests,
        "unknown": saved.unknown,
    }


class Baselines(Protocol):
    """Who knows what was saved: the ledger that runs, or one at rest."""

    def saved(self, since: date, until: date) -> Saved:
        """Sum up the days between two, both included."""


def prices_json(table: PriceTable, now: datetime) -> Json:
    """Tell which price table is in force, and each model's price of today."""
    models = [model_json(model, table.on(now, model.id)) for model in table.models()]
    return {**table_json(table, now), "models": models}


def table_json(table: PriceTable, now: datetime) -> Json:
    """Tell which price table is in force, without its prices."""
    return {
        "data_as_of": table.data_as_of.isoformat(),
        "old": table.is_old(now),
        "fingerprint": table.fingerprint,
        "notices": list(table.notices),
    }


def model_json(model: Model, terms: Terms) -> Json:
    """Tell a model's ids and what it costs in dollars per million tokens."""
    return {
        "id": model.id,
        "name": model.name,
        "aliases": list(model.ids[1:]),
        "context_window": terms.context_window,
        "retired": None if model.retired is None else model.retired.isoformat(),
        **terms_json(terms),
    }


def terms_json(terms: Terms) -> Json:
    """Tell rates in dollars per million tokens; `provisional` means that the model has no price of its own."""
    per_mtok = {name: usd(Money(rate * 10**6)) for name, rate in terms.rates.as_dict().items()}
    return {"usd_per_mtok": per_mtok, "source": terms.source, "provisional": terms.provisional}


def price_json(table: PriceTable, model: str, now: datetime) -> Json:
    """Tell what one model costs now, known or not."""
    known = table.find(model)
    terms = table.on(now, model)
    if known is not None:
        return {"asked": model, **model_json(known, terms)}
    return {"asked": model, "id": None, "context_window": terms.context_window, **terms_json(terms)}


def local_cost_json(cost: LocalCost | None, tokens: int = 0) -> Json | None:
    """Tell what the local machine spent: energy only, and with everything; None where it is not known.

    With `tokens` (prompt tokens really read, and tokens written) also by the million of them. `provenance` says how it
    is known, line by line.
    """
    if cost is None:
        return None
    return {
        "marginal_usd": usd(cost.marginal),
        "full_usd": usd(cost.full),
        "millijoules": cost.joules_milli,
        "tokens": tokens or None,
        "marginal_usd_per_mtok": _per_mtok(cost.marginal, tokens),
        "full_usd_per_mtok": _per_mtok(cost.full, tokens),
        "provenance": cost.provenance.splitlines(),
    }


def line_json(line: Line) -> Json:
    """Tell one request as it passed."""
    charged = None if line.charged is None else usd(line.charged)
    return {
        **{name: value for name, value in asdict(line).items() if name not in ("charged", "local")},
        "at": line.at.isoformat(),
        "charged_usd": charged,
        "local": local_cost_json(line.local),
    }


def past_line_json(entry: Entry) -> Json:
    """Tell an entry of before this start as `line_json` tells a request; it has no number in this start's log."""
    known = entry.labels
    names = ("session", "agent", "model_asked", "task_class", "tier", "band", "mode", "reason")
    return {
        "number": 0,
        "request_id": entry.request_id,
        **{name: getattr(known, name) for name in names},
        "route": f"{entry.upstream}/{entry.model}",
        "outcome": entry.outcome.value,
        "at": entry.since.isoformat(),
        "charged_usd": None if entry.is_local else usd(entry.charged),
        "local": local_cost_json(entry.local),
        "why": "",
        "is_before_start": True,
    }


def entry_json(entry: Entry) -> Json:
    """Tell one line of the ledger; it holds no word of any prompt."""
    labels = entry.labels
    return {
        "id": entry.id,
        "corrects": entry.corrects,
        "request": entry.request_id,
        "day": entry.day.isoformat(),
        "at": entry.at.isoformat(),
        "since": entry.since.isoformat(),
        "upstream": entry.upstream,
        "model": entry.model,
        "is_local": entry.is_local,
        "held_usd": usd(entry.held),
        "charged_usd": usd(entry.charged),
        "likely_usd": usd(entry.likely),
        "outcome": entry.outcome.value,
        "status": entry.status,
        "flags": list(entry.flags),
        "duration_ms": entry.duration_ms,
        "first_byte_ms": entry.first_byte_ms,
        "note": entry.note,
        "tokens": _tokens(entry.usage),
        "local": local_cost_json(entry.local, computed(entry.usage)),
        **{name: getattr(labels, name) for name in ("session", "agent", "model_asked", "task_class", "tier")},
        **{name: getattr(labels, name) for name in ("mode", "band", "reason", "project", "dialect", "attempt")},
    }


def week_json(week: Week) -> Json:
    """Tell what seven days came to."""
    return {
        "since": week.since.isoformat(),
        "until": week.until.isoformat(),
        "charged_usd": usd(week.charged),
        "likely_usd": usd(week.likely),
        "local": local_cost_json(week.local, computed(week.local_usage)),
        "days": [_day(day) for day in week.days],
        "models": [_share(share) for share in week.models],
        "tiers": [_share(share) for share in week.tiers],
    }


def _day(day: DayTotal) -> Json:
    return {
        "day": day.day.isoformat(),
        "requests": day.requests,
        "charged_usd": usd(day.settled),
        "likely_usd": usd(day.likely),
        "budget_usd": usd(day.budget),
        "cutoff_usd": usd(day.cutoff),
        "local": local_cost_json(day.local),
    }


def _share(share: Share) -> Json:
    return {
        "name": share.name,
        "is_local": share.is_local,
        "requests": share.requests,
        "voided": share.voided,
        "charged_usd": usd(share.charged),
        "likely_usd": usd(share.likely),
        "tokens": _tokens(share.usage),
        "local": local_cost_json(share.local, computed(share.usage) if share.is_local else 0),
    }


def computed(usage: Usage) -> int:
    """Count the tokens that a local machine worked for: read anew and written, not those that it had kept."""
    return usage.input + usage.output


def _per_mtok(amount: Money, tokens: int) -> str | None:
    """Give dollars for a million tokens, rounded up to a whole picodollar."""
    return usd(Money(-(-amount.picos * 10**6 // tokens))) if tokens else None


def _tokens(usage: Usage) -> Json:
    return {field.name: getattr(usage, field.name) for field in fields(usage)}


def entries_json(entries: Iterable[Entry]) -> list[Json]:
    """Tell lines of the ledger."""
    return [entry_json(entry) for entry in entries]
