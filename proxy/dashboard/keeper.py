"""The cache keeper's page: what it saves, or would have, and its switch."""

from __future__ import annotations

from typing import Any

from flask import redirect, request, url_for

from proxy.dashboard.pages import books, ledger_file, page, pages
from proxy.desk import counter
from proxy.keeper.facts import keeper_json
from proxy.keeper.words import came_to, offered
from proxy.keeperapi import choose


@pages.get("/keeper")
def keeper() -> str:
    """Show what it did, or what it would have done while it was off."""
    services = counter().services
    ledger, glance = services.ledger, services.keeper.glance() if services.keeper else None
    wish, today = services.options.keeper, ledger.today().day
    found = books(lambda: keeper_json(ledger_file(), wish, today, services.prices(), glance, services.offers))
    lines = {name: came_to(found[name]) for name in ("today", "week")} if found else {}
    offer = offered(found["offer"]) if found and found["offer"] else ""
    return page("keeper.html", found=found, lines=lines, offer=offer, saved=request.args.get("done") == "yes")


@pages.post("/keeper")
def switch_keeper() -> Any:
    """Switch it on or off."""
    choose(on=request.form.get("to") == "on")
    return redirect(url_for("dashboard.keeper", done="yes"), 303)
