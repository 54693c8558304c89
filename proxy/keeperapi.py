"""The cache keeper for commands: how it stands, what it would have saved, and its switch."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from proxy.desk import RequestError, counter
from proxy.keeper.facts import Json, keeper_json

keeper = Blueprint("keeper", __name__)


@keeper.get("/api/keeper")
def status() -> Response:
    """Tell what it may do, what it did, and what it would have done while it was off."""
    return jsonify(_told())


@keeper.post("/api/keeper")
def switch() -> Response:
    """Switch it on or off: {"enabled": true}."""
    body = request.get_json(silent=True)
    if not isinstance(body, dict) or set(body) != {"enabled"} or not isinstance(body["enabled"], bool):
        raise RequestError('the body must be the JSON object {"enabled": true} or {"enabled": false}')
    choose(on=body["enabled"])
    return jsonify(_told())


def choose(*, on: bool) -> None:
    """Write the switch into the config file, and go by it. Raises RequestError."""
    wrong = counter().desk.change_settings({"keeper.enabled": "true" if on else "false"})
    if wrong:
        raise RequestError(" ".join(wrong.values()))


def _told() -> Json:
    services = counter().services
    glance = services.keeper.glance() if services.keeper else None
    ledger = services.ledger
    wish, today = services.options.keeper, ledger.today().day
    return keeper_json(ledger.file, wish, today, services.prices(), glance, services.offers)
