"""Row: one request of imported history – ids, numbers, names; never a word of what was said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from budget.historytable import COLUMNS
from pricing.money import Money
from pricing.usage import Usage

Values = tuple[str | int, ...]
"""A row's values in the order of the table's columns: for SQL, and for JSON."""

_USAGE = tuple(field.name for field in fields(Usage))
_NAMES = tuple(COLUMNS.split(", "))
_TEXTS = _NAMES.index(_USAGE[0])
MOST_TEXT = 128
MOST = 2**60


@dataclass(frozen=True, slots=True)
class Row:
    """One request; the fields are explained beside the table. `day` is the person's own."""

    message_id: str
    request_id: str
    at: datetime
    day: date
    session: str
    agent: str
    project: str
    model: str
    turn: str
    tier: str
    task_class: str
    usage: Usage
    cost: Money
    provisional: bool
    tools: int = 0
    edited: int = 0
    through: bool = False

    def values(self) -> Values:
        """Give the values of its columns."""
        usage = self.usage
        return (
            *(self.message_id, self.request_id, self.at.isoformat(timespec="milliseconds"), self.day.isoformat()),
            *(self.session, self.agent, self.project, self.model, self.turn, self.tier, self.task_class),
            *(usage.input, usage.cache_write_5m, usage.cache_write_1h, usage.cache_read, usage.output),
            *(usage.web_searches, self.cost.picos, int(self.provisional), self.tools, self.edited, int(self.through)),
        )


def row_of(values: Sequence[Any]) -> Row:
    """Make a row of its values. Raises ValueError for what is none: a number in place of a text, one below zero."""
    if len(values) != len(_NAMES):
        raise ValueError(f"a row has {len(_NAMES)} values, not {len(values)}")
    texts, numbers = values[:_TEXTS], values[_TEXTS:]
    if not all(isinstance(text, str) and len(text) <= MOST_TEXT and text.isprintable() for text in texts):
        raise ValueError("an id or name of a row is no short text")
    if not all(type(number) is int and 0 <= number <= MOST for number in numbers):
        raise ValueError("a count of a row is no whole number from zero")
    message_id, request_id, at, day, session, agent, project, model, turn, tier, task_class = texts
    *counts, picos, provisional, tools, edited, through = numbers
    moment = datetime.fromisoformat(at)
    if moment.tzinfo is None or not message_id:
        raise ValueError("a row has an id and a moment with its zone")
    return Row(
        message_id=message_id,
        request_id=request_id,
        at=moment,
        day=date.fromisoformat(day),
        session=session,
        agent=agent,
        project=project,
        model=model,
        turn=turn,
        tier=tier,
        task_class=task_class,
        usage=Usage(*counts),
        cost=Money(picos),
        provisional=bool(provisional),
        tools=tools,
        edited=edited,
        through=bool(through),
    )
