"""A rehearsal at rest: what a request would be taken for, and where it would go, while no bursar runs."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from budget.entries import Entry
from budget.peek import peek
from budget.today import Today
from proxy.classify import Restricted
from proxy.classify.spans import span_of
from proxy.explain import changes_of
from proxy.explainjson import explanation_json
from proxy.rehearse import read_as, rehearse
from proxy.request import BadRequest, Dialect
from proxy.services import Services
from proxy.sessions import Sessions
from proxy.upstream.local import Registry
from proxy.wire.framing import WireRequest
from tray.cli.atrest import Shelf
from tray.cli.place import Failure, Place
from tray.handover import classifier_of, cloud_of, options_of, prices_of
from tray.projectfile import ProjectFiles

if TYPE_CHECKING:
    from budget.ledger import Ledger

UNKNOWN = (
    "bursar is not running, so nobody knows here which local models there are and what they can do, and what the "
    "session and the turn have seen before. Start it with: bursar serve"
)
"""What only a running bursar knows."""


@dataclass(frozen=True)
class _Still:
    """What a rehearsal asks of a ledger: how today stands, and what rules have used, as it was left."""

    now: Today
    shelf: Shelf

    def today(self) -> Today:
        return self.now

    @property
    def file(self) -> Path:
        return self.shelf.database

    def entries(self, *, after: int, day: date) -> list[Entry]:
        return self.shelf.of_day(day, after)


def rehearse_at_rest(place: Place, body: bytes, headers: dict[str, str], dialect: Dialect) -> dict[str, Any]:
    """Explain a body by the settings and the ledger alone; raises Failure for one that is no request."""
    try:
        trace = rehearse(_services(place), _wire(body, headers), dialect)
    except BadRequest as bad:
        raise Failure(str(bad)) from None
    found = explanation_json(trace)
    # Whether local models would refuse it is what nobody knows here.
    changes = [str(change) for change in changes_of(trace) if change.route]
    return found | {"unknown": UNKNOWN, "locals": None, "changes": changes}


def add_spans(place: Place, found: dict[str, Any], body: bytes, headers: dict[str, str], dialect: Dialect) -> None:
    """Show the words that reasons are about: a person's own file may be quoted to them, less secrets."""
    turn = read_as(_wire(body, headers), dialect).turn
    restricted = Restricted(place.settings().restricted_paths)
    texts = {"prompt": turn.text, "previous prompt": turn.previous}
    for reason in found["task"]["reasons"]:
        reason["span"] = span_of(reason["rule"], texts.get(reason["where"], ""), restricted)


def _wire(body: bytes, headers: dict[str, str]) -> WireRequest:
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    return WireRequest(b"POST", b"/v1/messages", pairs, body=body)


def dialect_of(body: bytes) -> Dialect:
    """Tell which API a body is for: what only Chat Completions has, or what only Messages needs."""
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        return "anthropic"
    if not isinstance(fields, dict):
        return "anthropic"
    tools = fields.get("tools")
    first = tools[0] if isinstance(tools, list) and tools else None
    if isinstance(first, dict) and first.get("type") == "function":
        return "openai"
    messages = fields.get("messages")
    said = [message for message in messages if isinstance(message, dict)] if isinstance(messages, list) else []
    roles = {message.get("role") for message in said}
    if roles & {"developer", "tool"}:
        return "openai"
    return "anthropic" if "max_tokens" in fields and "system" not in roles else "openai"


def _services(place: Place) -> Services:
    settings, paths, clock = place.settings(), place.paths, place.clock
    today = peek(paths.ledger, clock=clock, limits=settings.limits(), zone=settings.zone)
    table = prices_of(paths)
    return Services(
        ledger=cast("Ledger", _Still(today, Shelf.of(place))),
        prices=lambda: table,
        locals=Registry((), False, clock),
        cloud=cloud_of(settings),
        classifier=classifier_of(settings),
        sessions=Sessions(clock),
        clock=clock,
        zone=lambda: settings.zone,
        options=options_of(settings),
        project=ProjectFiles(time.monotonic).project,
    )
