"""Posting: what a hold and what its end write, each with all that follows from it, as one statement.

Every statement lets other threads run and waits for its turn again, which costs more than what it writes. So each of
these is a row for a view of our connection's own, whose trigger writes all that it means; rows of a kind share a
statement, and a statement alone is its own transaction.
"""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from budget.localwork import MOST_SOURCES
from budget.schema import LABELS, LOCAL


class HoldRow(NamedTuple):
    """A hold as its table has it; amounts in picodollars."""

    id: int
    day: str
    since: str
    instance: str
    request_id: str
    upstream: str
    model: str
    is_local: int
    amount: int
    likely: int
    terms: str
    session: str
    agent: str
    model_asked: str
    task_class: str
    tier: str
    mode: str
    band: str
    reason: str
    project: str
    turn: str
    dialect: str
    attempt: int
    is_plan: int


HOLD_COLUMNS = ", ".join(HoldRow._fields)

_FIGURES = (
    "at, charged, likely, outcome, input, cache_write_5m, cache_write_1h, cache_read, output, web_searches, "
    f"status, upstream_id, flags, duration_ms, first_byte_ms, note, {LOCAL}"
)
_SETTLED = f"hold_id, entry_id, {_FIGURES}, raw_usage, rates"

# What an entry adds to the totals of its kind, after the statement that names the row.
ADDED = f"""
ON CONFLICT DO UPDATE SET
    requests = requests + excluded.requests, voided = voided + excluded.voided,
    charged = charged + excluded.charged, likely = likely + excluded.likely,
    input = input + excluded.input, cache_write_5m = cache_write_5m + excluded.cache_write_5m,
    cache_write_1h = cache_write_1h + excluded.cache_write_1h, cache_read = cache_read + excluded.cache_read,
    output = output + excluded.output, web_searches = web_searches + excluded.web_searches,
    local_marginal = local_marginal + excluded.local_marginal, local_full = local_full + excluded.local_full,
    joules_milli = joules_milli + excluded.joules_milli,
    local_source = CASE
        WHEN excluded.local_source IN ('', local_source) OR length(local_source) > {MOST_SOURCES} THEN local_source
        WHEN local_source = '' THEN excluded.local_source
        WHEN instr(char(10) || local_source || char(10), char(10) || excluded.local_source || char(10))
            THEN local_source
        ELSE local_source || char(10) || excluded.local_source END
"""


def _view(name: str, columns: str) -> str:
    empty = ", ".join(f"NULL AS {column}" for column in columns.split(", "))
    return f"CREATE TEMP VIEW {name} AS SELECT {empty} WHERE false"


def _new(columns: str) -> str:
    return ", ".join(f"new.{column}" for column in columns.split(", "))


HOLD = f"INSERT INTO holds ({HOLD_COLUMNS})"
"""Where holds go that nobody needs to ask for: those that cost nothing."""

ADMIT = "INSERT INTO admissions"
"""Where a hold goes, and how much must stay free beside it; an IntegrityError, and nothing written, if it does not fit.
"""

SETTLE = "INSERT INTO settlements"
"""Where a hold's end goes: it becomes an entry, with details and in all sums; an IntegrityError if it is not open."""

# The check and the hold are one statement: two requests can never both see the last dollar.
_ADMITS = f"""
CREATE TEMP TRIGGER admits INSTEAD OF INSERT ON admissions BEGIN
    UPDATE days SET held = held + new.amount
    WHERE day = new.day AND settled + held + new.amount + new.keep <= cutoff + extra
        AND EXISTS (SELECT 1 FROM state WHERE mode <> 'local' AND stopped_by IS NULL);
    SELECT RAISE(ABORT, 'it does not fit under the cutoff') WHERE changes() = 0;
    INSERT INTO holds ({HOLD_COLUMNS}) VALUES ({_new(HOLD_COLUMNS)});
END
"""

_SETTLES = f"""
CREATE TEMP TRIGGER settles INSTEAD OF INSERT ON settlements BEGIN
    INSERT INTO entries (
        id, hold_id, day, since, instance, request_id, upstream, model, is_local, held, terms, {LABELS},
        raw_usage, rates, {_FIGURES})
    SELECT new.entry_id, id, day, since, instance, request_id, upstream, model, is_local, amount, '', {LABELS},
        '', '', {_new(_FIGURES)}
    FROM holds WHERE id = new.hold_id;
    SELECT RAISE(ABORT, 'this hold is not open') WHERE changes() = 0;
    INSERT INTO details SELECT new.entry_id, new.raw_usage, terms, new.rates
    FROM holds WHERE id = new.hold_id AND (new.raw_usage <> '' OR terms <> '' OR new.rates <> '');
    INSERT INTO totals
    SELECT day, upstream, model, is_local, tier, task_class, 1, new.outcome = 'voided', new.charged, new.likely,
        new.input, new.cache_write_5m, new.cache_write_1h, new.cache_read, new.output, new.web_searches, {_new(LOCAL)}
    FROM holds WHERE id = new.hold_id
    {ADDED};
    UPDATE days SET held = held - amount, settled = settled + new.charged, likely = days.likely + new.likely,
        requests = requests + 1, first_entry = coalesce(first_entry, new.entry_id), last_entry = new.entry_id
    FROM holds WHERE holds.id = new.hold_id AND days.day = holds.day;
    DELETE FROM holds WHERE id = new.hold_id;
END
"""


def teach(connection: sqlite3.Connection) -> None:
    """Give a connection the views and what they write; they are in no file, and nobody else sees them."""
    for statement in (_view("admissions", f"{HOLD_COLUMNS}, keep"), _ADMITS, _view("settlements", _SETTLED), _SETTLES):
        connection.execute(statement)
