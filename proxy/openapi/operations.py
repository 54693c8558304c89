"""Operations: for each route of the control server's API what it takes and what it tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from budget.historytable import COLUMNS
from budget.state import Mode
from proxy.openapi.schema import (
    ANYTHING,
    COUNT,
    FLAG,
    TEXT,
    Schema,
    also,
    asked,
    choice,
    listed,
    maybe,
    ref,
    told,
)
from proxy.openapi.shapes import FACTS, RATES

DOLLARS: Schema = {"type": "string", "examples": ["10.00"], "description": "dollars, at most a million"}
NUMBER: Schema = {"type": "integer", "minimum": 0, "maximum": 10**18 - 1}
WEEK: Schema = {"type": "string", "pattern": "^[0-9]{4}-W[0-9]{1,2}$", "examples": ["2026-W47"]}
NOTHING: Schema = asked()


@dataclass(frozen=True, slots=True)
class Operation:
    """What one route takes and tells; `body` None where it takes none.

    `statuses` are those beside 200 that it gives for reasons of its own.
    """

    tells: Schema
    body: Schema | None = None
    query: Mapping[str, Schema] = field(default_factory=dict)
    statuses: tuple[int, ...] = ()
    media: str = "application/json"
    needs_token: bool = True


OPERATIONS: Mapping[str, Operation] = {
    "control.health": Operation(told(status={"const": "ok"}, pid=COUNT), needs_token=False),
    "control.openapi": Operation(told(openapi=TEXT, info=ANYTHING, paths=ANYTHING, components=ANYTHING)),
    "control.status": Operation(ref("Status")),
    "control.set_mode": Operation(ref("Status"), asked(mode=choice(*(mode.value for mode in Mode)))),
    "control.set_budget": Operation(ref("Status"), asked(usd=DOLLARS)),
    "control.set_cutoff": Operation(ref("Status"), asked(usd=maybe(DOLLARS))),
    "control.allow_more": Operation(ref("Status"), asked(usd={**DOLLARS, "description": "above 0, at most 1000"})),
    "control.stop": Operation(ref("Status"), NOTHING),
    "control.resume": Operation(ref("Status"), NOTHING),
    "control.confirm_day": Operation(ref("Status"), NOTHING),
    "control.reload": Operation(also(ref("Status"), told(needs_restart=listed(TEXT))), NOTHING),
    "control.leave": Operation(told(pid=COUNT, open_holds=COUNT), asked(now=FLAG)),
    "control.models": Operation(told(locals=listed(ref("Local")), cloud=listed(ref("Model")))),
    "control.prices": Operation(also(ref("Table"), told(models=listed(ref("Model"))))),
    "control.price": Operation(also(RATES, told(asked=TEXT, id=maybe(TEXT))), statuses=(404,)),
    "control.log": Operation(
        told(requests=listed(ref("Line"))), query={"after": NUMBER, "limit": NUMBER}, statuses=(400,)
    ),
    "control.one_request": Operation(
        told(request=TEXT, decision=maybe(ref("Line")), entries=listed(ref("Entry"))), statuses=(404,)
    ),
    "control.explain": Operation(ref("Explanation"), statuses=(404,)),
    "control.explain_body": Operation(
        ref("Explanation"),
        {"type": "object", "description": "an agent's request"},
        query={"dialect": choice("anthropic", "openai")},
    ),
    "control.report": Operation(ref("Report"), query={"week": WEEK}, statuses=(400,)),
    "control.correct": Operation(
        told(entry=COUNT), asked(entry=NUMBER, charged_usd=DOLLARS, likely_usd=DOLLARS, note=TEXT)
    ),
    "control.alerts": Operation(told(alerts=listed(ref("Alert"))), query={"limit": NUMBER}, statuses=(400,)),
    "control.link": Operation(told(path={"type": "string", "pattern": "^/open/"}, lasts_s={"type": "number"}), NOTHING),
    "control.config": Operation(FACTS),
    "control.prometheus": Operation(TEXT, media="text/plain"),
    "history.add": Operation(
        told(added=COUNT),
        asked(rows={**listed(listed({"type": ["string", "integer"]})), "description": f"in each: {COLUMNS}"}),
    ),
    "history.forget": Operation(told(forgotten=COUNT), NOTHING),
    "keeper.status": Operation(ref("Keeper")),
    "keeper.switch": Operation(ref("Keeper"), asked(enabled=FLAG)),
}
"""By the names that Flask gives to views."""
