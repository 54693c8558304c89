"""Alert words: what a person is told, made from an alert's facts only; never what was asked of a model."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo

from budget.outbox import Alert, Facts, Kind
from pricing.figures import counted
from pricing.money import Money


@dataclass(frozen=True, slots=True)
class Words:
    """One message: a line, and a few sentences."""

    title: str
    text: str


def words(alert: Alert, zone: tzinfo) -> Words:
    """Say an alert in words, with the moment it was raised by the person's clock."""
    title, said = _said(alert.kind, alert.subject, alert.facts)
    return Words(f"bursar: {title}", f"{said} ({_moment(alert.at, zone)})")


def _said(kind: Kind, subject: str, facts: Facts) -> tuple[str, str]:
    match kind:
        case Kind.threshold:
            return _threshold(subject, facts)
        case Kind.stopped:
            return _stopped(facts)
        case Kind.upstream_down:
            name = facts.get("name", subject)
            return f"{name} is down", f"The local model server {name} does not answer: {facts.get('why', 'no reason')}."
        case Kind.upstream_back:
            name = facts.get("name", subject)
            return f"{name} is back", f"The local model server {name} answers again."
        case Kind.unpriced:
            return (
                f"no price for {subject}",
                f"The model {subject} is in no price table, so the highest price of each kind is charged for now. "
                "With a newer table run: bursar prices update FILE",
            )
        case Kind.old_prices:
            newer = "With a newer one run: bursar prices update FILE"
            return "the prices are old", f"The price table is of {subject}. {newer}"
        case Kind.burn:
            return _burn(facts)
        case Kind.ledger:
            return _ledger(facts)
        case Kind.report:
            return (
                f"the report of {subject} is ready",
                f"Read it on the dashboard, or run: bursar report --week {subject}",
            )


def _threshold(subject: str, facts: Facts) -> tuple[str, str]:
    title = f"{subject}% of today's budget is spent"
    if "settled" not in facts:
        return title, f"{title}."
    return title, f"{_dollars(facts, 'settled')} of {_dollars(facts, 'budget')} are spent."


def _stopped(facts: Facts) -> tuple[str, str]:
    if facts.get("by") == "cutoff":
        spent = f"{_dollars(facts, 'settled')} are spent, the cutoff is {_dollars(facts, 'cutoff')}. "
        rest = "Nothing more goes to Claude until the day ends, or until you allow more. Local models go on."
        return "today's cutoff is reached", spent + rest
    return "all cloud traffic is stopped", "A person stopped it. Local models go on. To lift it run: bursar resume"


def _burn(facts: Facts) -> tuple[str, str]:
    spent, minutes = _dollars(facts, "spent"), facts.get("minutes", "?")
    usual = f"you usually spend {_dollars(facts, 'usual')} in that time" if facts.get("usual") else "that is a lot"
    title = f"{spent} in {minutes} minutes"
    number = facts.get("requests", "")
    requests = counted(int(number), "request") if number.isdecimal() else "some requests"
    said = f"One session spent {spent} in {minutes} minutes with {requests}; {usual}. "
    return title, said + "Is it a loop? To stop all cloud traffic run: bursar stop"


def _ledger(facts: Facts) -> tuple[str, str]:
    why = facts.get("why")
    if why is None:
        return "the ledger is well again", "The ledger can be written again; requests go to Claude as before."
    return "the ledger cannot be written", f"{why}. Nothing goes to Claude until it can. Local models go on."


def _dollars(facts: Facts, key: str) -> str:
    text = facts.get(key)
    return Money.usd(text).dollars() if text else "$?"


def _moment(at: datetime, zone: tzinfo) -> str:
    here = at.astimezone(zone)
    return f"{here:%a} {here.day} {here:%b}, {here:%H:%M %Z}"
