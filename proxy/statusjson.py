"""Status: how the running bursar stands, as plain JSON: what the control server tells, and the tray in this process."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from proxy import asjson
from proxy.cachemissjson import hints_json
from proxy.desk import Desk
from proxy.keeper.facts import wish_json
from proxy.localjson import locals_json
from proxy.pace import pace_of

if TYPE_CHECKING:
    from proxy.services import Services


def status_json(services: Services, desk: Desk) -> asjson.Json:
    """Tell today, the mode, the upstreams, and what is wrong. Raises LedgerUnavailable or TimeoutError."""
    today = services.ledger.today()
    pace = pace_of(services, today)
    return {
        "running": True,
        "simulated": services.is_simulated,
        **desk.facts(),
        **asjson.today_json(today),
        **asjson.tallied_json(services.ledger.tallies.of_day, today.day),
        "saved": asjson.saved_json(services.ledger.baselines, today.day),
        "pace": pace.as_json() if pace else None,
        "cloud": {"url": services.cloud.url, "trouble": _unreached(services)},
        "locals": locals_json(services.locals),
        "doubts": [asdict(doubt) for doubt in services.trust.snapshot()],
        "cache_hints": hints_json(services.baselines.doctor.hints(services.clock())) if services.baselines else [],
        "keeper": _keeper(services),
        "machine": None if services.local_costs is None else services.local_costs.facts(),
        "prices": asjson.table_json(services.prices(), services.clock()),
    }


def _unreached(services: Services) -> asjson.Json | None:
    """Tell when and why Claude could not be reached; nothing once it has answered again."""
    trouble = services.reach.trouble()
    return None if trouble is None else {"at": trouble.at.isoformat(), "why": trouble.why}


def _keeper(services: Services) -> asjson.Json:
    """Tell whether caches are kept, and of how many conversations."""
    glance = services.keeper.glance() if services.keeper else None
    return {**wish_json(services.options.keeper), "now": None if glance is None else asdict(glance)}
