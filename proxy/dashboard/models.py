"""Models and upstreams: which are there, how they do, and what each was found to be able to do."""

from __future__ import annotations

from budget.today import Today
from proxy.asjson import Json, prices_json
from proxy.dashboard.pages import books, is_part, page, pages
from proxy.desk import counter
from proxy.localjson import locals_json


@pages.get("/models")
def models() -> str:
    """Show the local servers and Claude, or only what changes of them."""
    services = counter().services
    today = services.ledger.today()
    return page(
        "models_now.html" if is_part() else "models.html",
        locals=locals_json(services.locals),
        doubts=services.trust.snapshot(),
        prices=prices_json(services.prices(), services.clock()),
        used=_used(today),
        cloud_url=services.cloud.url,
        machine=None if services.local_costs is None else services.local_costs.facts(),
    )


def _used(today: Today) -> Json:
    """Count today's requests by model."""
    ledger = counter().services.ledger
    used: Json = {}
    for row in books(lambda: ledger.totals(today.day, today.day)) or []:
        model = str(row["model"])
        used[model] = used.get(model, 0) + row["requests"]
    return used
