"""Alerts as JSON: what was recorded, in words, and what became of it at each destination."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo

from budget.alertwords import words
from budget.outbox import Delivery, Sent
from proxy.asjson import Json


def alerts_json(sent: Sequence[Sent], zone: tzinfo) -> list[Json]:
    """Tell alerts, oldest first."""
    return [_alert(one, zone) for one in sent]


def _alert(sent: Sent, zone: tzinfo) -> Json:
    alert, said = sent.alert, words(sent.alert, zone)
    return {
        "id": alert.id,
        "kind": alert.kind.value,
        "day": alert.day.isoformat(),
        "at": alert.at.isoformat(),
        "subject": alert.subject,
        "title": said.title,
        "text": said.text,
        "facts": dict(alert.facts),
        "is_planned": sent.is_planned,
        "deliveries": [_delivery(one) for one in sent.deliveries],
    }


def _delivery(one: Delivery) -> Json:
    state = "told" if one.told else "waits" if one.due else "given up"
    return {
        "destination": one.destination,
        "state": state,
        "told": one.told.isoformat() if one.told else None,
        "due": one.due.isoformat() if one.due else None,
        "tries": one.tries,
        "trouble": one.trouble,
    }
