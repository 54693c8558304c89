"""The control server's part in imported history: it writes what `bursar history` has read, and lets go of it."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, Response, jsonify, request

from proxy.desk import RequestError, counter
from proxy.wire.wsgi import WIRE

MOST_ROWS = 5000

history = Blueprint("history", __name__)


@history.post("/api/history")
def add() -> Response:
    """Add rows of history: {"rows": [[…], …]}, values in the order of the table's columns."""
    # Its body may be longer than those of switches.
    rows = _rows(request.environ[WIRE].body)
    try:
        return jsonify(added=counter().services.ledger.history.add(rows))
    except ValueError as error:
        raise RequestError(f"these are no rows of history: {error}") from None


@history.post("/api/history/forget")
def forget() -> Response:
    """Let go of all imported history; what bursar metered itself stays."""
    if request.get_json(silent=True) != {}:
        raise RequestError("the body must be the JSON object {}")
    return jsonify(forgotten=counter().services.ledger.history.forget())


def _rows(body: bytes) -> list[list[Any]]:
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError):
        asked = None
    if not isinstance(asked, dict) or set(asked) != {"rows"}:
        raise RequestError('the body must be the JSON object {"rows": […]}')
    rows = asked["rows"]
    if not isinstance(rows, list) or len(rows) > MOST_ROWS or not all(isinstance(row, list) for row in rows):
        raise RequestError(f"rows must be a list of at most {MOST_ROWS} lists")
    return rows
