"""Requests: the newest of them, filtered, and each with everything that is known of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import request

from budget import glance
from budget.entries import Entry, Outcome
from pricing.machine import LocalCost
from pricing.money import Money
from proxy.dashboard.pages import books, is_part, is_unreadable, missing, page, pages, unreadable
from proxy.desk import counter
from proxy.explainjson import explanation_json, remembered_json
from proxy.refusals import line_of
from proxy.services import Line
from proxy.task import Tier
from proxy.upstream.anthropic import NAME

MOST = 100
REFUSED = "refused"
ROUTES = {"cloud": False, "local": True}
OUTCOMES = ("complete", REFUSED, *(each.value for each in Outcome if each not in (Outcome.complete, Outcome.lost)))


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list: an attempt as the ledger kept it, or a request that has none yet, or never will."""

    request_id: str
    at: datetime
    session: str
    model_asked: str
    upstream: str
    model: str
    is_local: bool
    task_class: str
    tier: str
    outcome: str
    reason: str
    charged: Money | None = None
    local: LocalCost | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    duration_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person wants to see; empty texts mean everything."""

    tier: str = ""
    route: str = ""
    outcome: str = ""
    session: str = ""
    model: str = ""
    before: int | None = None

    def has(self, row: Row) -> bool:
        """Tell whether a row is wanted."""
        return (
            self.tier in ("", row.tier)
            and self.outcome in ("", row.outcome)
            and self.session in ("", row.session)
            and self.model in ("", row.model)
            and (self.route not in ROUTES or ROUTES[self.route] is row.is_local)
        )

    def query(self, **others: str) -> dict[str, str]:
        """Give what stands in an address to see the same, or the same with a difference."""
        said = {name: getattr(self, name) for name in ("tier", "route", "outcome", "session", "model")}
        return {name: value for name, value in {**said, **others}.items() if value}


@pages.get("/requests")
def requests() -> str:
    """List the newest requests, or only what changes of the list."""
    wanted = _wanted()
    found, older = rows(wanted, most=MOST)
    template = "requests_now.html" if is_part() else "requests.html"
    tiers = [tier.name for tier in Tier]
    return page(template, rows=found, older=older, wanted=wanted, tiers=tiers, outcomes=OUTCOMES, window=glance.WINDOW)


@pages.get("/requests/<request_id>")
def one_request(request_id: str) -> Any:
    """Tell why a request went where it went, what it cost, and what would have changed it."""
    services = counter().services
    trace, line = services.traces.find(request_id), services.log.find(request_id)
    entries = books(lambda: services.ledger.entry(request_id)) or []
    refused = None if trace else books(lambda: services.ledger.refused.find(request_id))
    if trace is None and line is None and refused is None and not entries:
        if is_unreadable():
            return unreadable()
        said = "No such request is known: either it was never made, or it left nothing in the ledger."
        return missing(said), 404
    found = explanation_json(trace, entries, line) if trace else remembered_json(request_id, entries, line, refused)
    alone = books(lambda: glance.alone(services.ledger.file, entries)) or {}
    return page("request.html", found=found, request_id=request_id, entries=entries, alone=alone)


def rows(wanted: Wanted | None = None, *, most: int) -> tuple[list[Row], int | None]:
    """Give the newest rows that are wanted, newest first, and the entry to go on before."""
    wanted = wanted or Wanted()
    services = counter().services
    if wanted.outcome == REFUSED:
        return _only_refused(wanted, most)
    found = books(lambda: _attempts(wanted, most)) or glance.Attempts((), None)
    kept = {row.request_id: row for row in _refused_beside(found, wanted.before, most) if wanted.has(row)}
    if wanted.before is None:
        kept |= {row.request_id: row for row in _unentered(services.log.after(0, 10_000)) if wanted.has(row)}
    every = [*map(_of_entry, found.entries), *kept.values()]
    every.sort(key=lambda row: row.at, reverse=True)
    return every if found.older else every[:most], found.older


def _only_refused(wanted: Wanted, most: int) -> tuple[list[Row], int | None]:
    """Give a page of refused requests; here it is their own numbers that a page goes on before."""
    found = books(lambda: counter().services.ledger.refused.newest(most, before=wanted.before)) or []
    kept = {each.request_id: _of_line(line_of(each)) for each in found}
    if wanted.before is None:
        kept |= {row.request_id: row for row in _unentered(counter().services.log.after(0, 10_000))}
    every = sorted(filter(wanted.has, kept.values()), key=lambda row: row.at, reverse=True)
    return every, found[-1].id if len(found) == most else None


def _refused_beside(found: glance.Attempts, before: int | None, most: int) -> Iterable[Row]:
    """Give the refused requests of the time that a page of attempts tells of."""
    file, kept = counter().services.ledger.file, counter().services.ledger.refused
    since = found.entries[-1].since if found.older and found.entries else None
    until = books(lambda: glance.moment_of(file, before)) if before is not None else None
    return (_of_line(line_of(each)) for each in books(lambda: kept.newest(most, since=since, until=until)) or ())


def _attempts(wanted: Wanted, most: int) -> glance.Attempts:
    return glance.attempts(
        counter().services.ledger.file,
        before=wanted.before,
        most=most,
        is_local=ROUTES.get(wanted.route),
        tier=wanted.tier,
        outcome=wanted.outcome,
        session=wanted.session,
        model=wanted.model,
    )


def _unentered(lines: Iterable[Line]) -> Iterable[Row]:
    """Give the requests that are under way or were refused: the ledger has no entry of them."""
    last = {line.request_id: line for line in lines}
    return (_of_line(line) for line in last.values() if line.outcome in ("", REFUSED))


def _wanted() -> Wanted:
    given = {name: request.args.get(name, "")[:200] for name in ("tier", "route", "outcome", "session", "model")}
    before = request.args.get("before", "")
    return Wanted(**given, before=int(before) if before.isascii() and before.isdigit() and len(before) < 18 else None)


def _of_entry(entry: Entry) -> Row:
    return Row(
        request_id=entry.request_id,
        at=entry.since,
        session=entry.labels.session,
        model_asked=entry.labels.model_asked,
        upstream=entry.upstream,
        model=entry.model,
        is_local=entry.is_local,
        task_class=entry.labels.task_class,
        tier=entry.labels.tier,
        outcome=entry.outcome.value,
        reason=entry.labels.reason,
        charged=None if entry.is_local else entry.charged,
        local=entry.local,
        tokens_in=entry.usage.prompt,
        tokens_out=entry.usage.output,
        duration_ms=entry.duration_ms,
    )


def _of_line(line: Line) -> Row:
    upstream, _, model = line.route.partition("/") if line.route != REFUSED else ("", "", "")
    return Row(
        request_id=line.request_id,
        at=line.at,
        session=line.session,
        model_asked=line.model_asked,
        upstream=upstream,
        model=model,
        is_local=bool(upstream) and upstream != NAME,
        task_class=line.task_class,
        tier=line.tier,
        outcome=line.outcome,
        reason=line.reason,
    )
