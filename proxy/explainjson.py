"""An explanation as plain JSON: what was read as the request, why it went where it went, and what followed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from budget.entries import Entry
from budget.refused import RefusedRequest
from proxy.asjson import entries_json, line_json, usd
from proxy.coldcache import Worth
from proxy.decision import Decision
from proxy.explain import Verdict, changes_of, verdicts
from proxy.refusals import line_of
from proxy.route import Route
from proxy.trace import Trace

if TYPE_CHECKING:
    from proxy.services import Line

Json = dict[str, Any]

FORGOTTEN = (
    "What was read as the request, the classifier's reasons, the local models, the rule and what would have changed it "
    "are not known any more: bursar keeps them in memory for the last requests, and never on disk."
)


def explanation_json(trace: Trace, entries: Sequence[Entry] = (), line: Line | None = None) -> Json:
    """Tell everything about a request whose trace is there; `line` is the last that the log had about it."""
    return {
        "request": trace.request_id or None,
        "at": trace.at.isoformat(),
        "read": read_json(trace),
        "task": task_json(trace),
        "override": trace.override,
        "rule": {"name": trace.rule or None, "source": trace.rule_source or None},
        "project_file_problem": trace.project_file_problem or None,
        "mode": trace.mode.value,
        "band": trace.band.value,
        "stopped": trace.view.stopped,
        "restricted": trace.view.restricted,
        "gate": gate_json(trace.gate),
        "patience_s": trace.view.patience_s,
        "pace": trace.view.ahead or None,
        "locals": [_local(verdict) for verdict in verdicts(trace)],
        "decision": decision_json(trace.decision),
        "changes": [str(change) for change in changes_of(trace)],
        "followed": followed_json(entries, line) | {"said": trace.said or None},
        "forgotten": None,
    }


def remembered_json(
    request_id: str, entries: Sequence[Entry], line: Line | None, refused: RefusedRequest | None = None
) -> Json:
    """Tell what is left of a request whose trace is gone: what the ledger's labels, its refusal and the log say."""
    line = line or (line_of(refused) if refused else None)
    first = entries[0].labels if entries else line
    assert first is not None
    at = entries[0].since if entries else line.at if line else None
    reason = first.reason
    return {
        "request": request_id,
        "at": at.isoformat() if at else None,
        "read": {"session": first.session, "agent": first.agent, "model_asked": first.model_asked},
        "task": {"class": first.task_class, "tier": first.tier},
        "mode": first.mode,
        "band": first.band,
        "decision": {"reason": reason},
        "followed": followed_json(entries, line) | {"said": refused.said if refused else None},
        "forgotten": FORGOTTEN,
    }


def read_json(trace: Trace) -> Json:
    """Tell what was read as the request: how long it was, and never what it said."""
    return {
        "session": trace.session,
        "agent": trace.agent,
        "project": trace.project,
        "dialect": trace.dialect,
        "model_asked": trace.model_asked,
        "turn": trace.turn,
        "turn_key": trace.turn_key,
        "side": trace.task.side,
        "words": trace.request_words,
        "characters": trace.request_chars,
        "tokens": trace.tokens,
        "max_tokens": trace.fit.max_tokens,
        "has_tools": trace.fit.has_tools,
        "has_images": trace.fit.has_images,
        "cloud_only": list(trace.fit.cloud_only),
    }


def task_json(trace: Trace) -> Json:
    """Tell what the request was taken for, and why."""
    return {
        "class": trace.task_class.value,
        "tier": trace.tier.name,
        "tier_found": trace.tier_found.name,
        "confidence": trace.confidence,
        "reasons": [asdict(reason) for reason in trace.reasons],
        "session_tier": trace.view.session_tier.name,
        "turn_tier": trace.view.sticky_tier.name if trace.view.sticky and trace.view.sticky_tier is not None else None,
    }


def gate_json(worth: Worth | None) -> Json | None:
    """Tell what a local turn was found to save at Claude and to cost there, in exact dollars."""
    if worth is None:
        return None
    return {"saved_usd": usd(worth.saved), "cooling_usd": usd(worth.cooling), "is_worth_it": worth.is_worth_it}


def decision_json(decision: Decision) -> Json:
    """Tell where a request was sent, or why nowhere."""
    return {
        "routes": [_route(route) for route in decision.routes],
        "reason": decision.reason,
        "refusal": asdict(decision.refusal) if decision.refusal else None,
        "escalation": decision.escalation,
        "degraded": decision.degraded,
        "would": _route(decision.would) if decision.would else None,
        "unproved": _route(decision.unproved) if decision.unproved else None,
    }


def followed_json(entries: Sequence[Entry], line: Line | None) -> Json:
    """Tell what became of it: each attempt as the ledger kept it, and the last that the log had.

    `said` is the sentence of bursar's own refusal.
    """
    return {"said": None, "log": line_json(line) if line else None, "entries": entries_json(entries)}


def past_refusal_json(refused: RefusedRequest) -> Json:
    """Tell a refused request of before this start as a line of the log."""
    return line_json(line_of(refused)) | {"is_before_start": True}


def _local(verdict: Verdict) -> Json:
    return {name: value for name, value in asdict(verdict).items() if name != "takes_s" or value is not None}


def _route(route: Route) -> Json:
    return {"upstream": route.upstream, "model": route.model, "is_local": route.is_local}
