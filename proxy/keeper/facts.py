"""Facts of the keeper as plain JSON: what it may do, what it did, and what it would have done while it was off."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from budget.conversed import has_pings
from budget.pings import Pings, pings
from pricing.table import PriceTable
from proxy.keeper.keeper import Glance
from proxy.keeper.offers import Offers
from proxy.keeper.past import OFFER_DAYS, Offer
from proxy.keeper.wish import Wish

Json = dict[str, Any]


def keeper_json(
    database: Path,
    wish: Wish,
    today: date,
    prices: PriceTable,
    glance: Glance | None = None,
    offers: Offers | None = None,
) -> Json:
    """Tell all of it; `glance` is None where no bursar runs.

    `offer` is None where pings were sent in those days, and while it is worked out: then `is_offer_coming`.

    `offers` keeps what was worked out today. Raises sqlite3.Error.
    """
    since = today - timedelta(days=OFFER_DAYS - 1)
    was_on = was_on_before(database, today)
    made = None if was_on else (offers or Offers()).at_hand(database, today, prices, wish)
    return {
        **wish_json(wish),
        "now": None if glance is None else asdict(glance),
        "today": pings_json(pings(database, today, today)),
        "week": {**_days(since, today), **pings_json(pings(database, since, today))},
        "offer": None if made is None else offer_json(made),
        "is_offer_coming": made is None and not was_on,
    }


def was_on_before(database: Path, today: date) -> bool:
    """Tell whether there were pings in the days of an offer, which then says nothing. Raises sqlite3.Error."""
    return has_pings(database, today - timedelta(days=OFFER_DAYS), today - timedelta(days=1))


def wish_json(wish: Wish) -> Json:
    """Tell what a person wants."""
    return {"enabled": wish.enabled, "allowance_usd": wish.allowance.exact(), "plans": wish.plans}


def pings_json(found: Pings) -> Json:
    """Tell what pings came to."""
    return {
        "sent": found.sent,
        "wasted": found.wasted,
        "wasted_permille": found.wasted_permille,
        "wrote": found.wrote,
        "returns": found.returns,
        "cost_usd": found.cost.exact(),
        "saved_usd": found.saved.exact(),
        "net_usd": found.net.exact(),
    }


def offer_json(made: Offer) -> Json:
    """Tell what it would have come to."""
    found = made.found
    return {
        **_days(made.since, made.until),
        "requests": made.requests,
        "bill_usd": made.bill.exact(),
        "pings": found.pings,
        "wasted": found.wasted,
        "net_usd": found.net.exact(),
        "permille": made.permille,
    }


def _days(since: date, until: date) -> Json:
    return {"since": since.isoformat(), "until": until.isoformat()}
