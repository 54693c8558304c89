"""How long savings take to tell, from a million entries: `python -m tests.bench.savings_speed [--entries N]`.

The entries are spread over 550 days, 45 sessions each, as a busy person's are (ROUTING.md).
"""

import argparse
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from typing import TypeVar

from budget.savings import savings
from budget.schema import BASELINE_VALUES
from tests.budget.desk import NOON, Desk

DAYS = 550
T = TypeVar("T")

_TABLE = "a8ecd495c4d70534bfc4cab0830d1e8975050a3b636614229e1ac514cb0ef184"
DETAILS = {
    "usage": '{"input_tokens": 10, "cache_creation_input_tokens": 1573, "cache_read_input_tokens": 80000, '
    '"cache_creation": {"ephemeral_5m_input_tokens": 1573, "ephemeral_1h_input_tokens": 0}, "output_tokens": 187, '
    '"service_tier": "standard", "inference_geo": "global"}',
    "terms": '{"model":"claude-opus-5-5","at":"2026-11-21T10:32:39.120713+00:00","input":582305,"output":32000,'
    '"passes":1,"searches":0,"rates":{"input":4400000,"cache_write_5m":5500000,"cache_write_1h":8800000,'
    f'"cache_read":220000,"output":22000000}},"table":"{_TABLE}"}}',
    "rates": '{"lines":[["cache_write_5m","claude-opus-5-5",1573,5000000],["cache_read","claude-opus-5-5",80000,'
    '200000],["output","claude-opus-5-5",187,20000000]],"notes":[],"source":"packaged 2026-11-12: S1 S2 S9 S10",'
    f'"table":"{_TABLE}"}}',
}
"""Of the length that a real entry's texts have; those of the last 100 days are kept."""

_DAY = "INSERT OR IGNORE INTO days (day, budget, cutoff) VALUES (?, 10000000000000, 12000000000000)"
_ENTRIES = """
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :entries)
INSERT INTO entries (hold_id, day, at, since, instance, request_id, upstream, model, is_local, held, charged, likely,
    outcome, input, cache_write_5m, cache_write_1h, cache_read, output, web_searches, raw_usage, terms, rates, status,
    upstream_id, flags, note, session, agent, model_asked, task_class, tier, mode, band, reason, project, turn, dialect,
    attempt, local_marginal, local_full)
SELECT i, day, day || 'T12:00:00.000+00:00', day || 'T12:00:00.000+00:00', 'x', 'req_' || i,
    iif(i % 3, 'anthropic', 'box'), iif(i % 3, 'claude-opus-5-5', 'qwen'), iif(i % 3, 0, 1), 0,
    iif(i % 3, 50000000000, 0), iif(i % 3, 50000000000, 0), 'complete', 10, 0, 0, 80000, 187, 0, '', '', '',
    200, 'req_011CQEuRjuyo2loNfb' || i,
    '', '', 's' || day || (i % 45), iif(i % 20, '', 'a' || i), 'claude-opus-5-5', 'class' || (i % 12), 'L' || (i % 4),
    'auto', 'normal', 'L2, normal: turn stays on Claude', 'project' || (i % 5),
    'c7dca32d72a6741891e' || i, 'anthropic', 0, iif(i % 3, 0, 1000), iif(i % 3, 0, 9000)
FROM (SELECT i, date(:first, (i * :days / (:entries + 1)) || ' days') AS day FROM n)"""
_DETAILS = "INSERT INTO details SELECT id, :usage, :terms, :rates FROM entries WHERE at >= date(:until, '-100 days')"
_BASELINES = """
INSERT INTO baselines SELECT id, 0, at, iif(is_local, 'moved', 'cold'), 'simulated', 40000000000, 45000000000,
    50000000000, 10, 0, 0, 80000, 187, '[4000000, 5000000, 8000000, 200000, 20000000]',
    iif(is_local, NULL, 49000000000), iif(is_local, 4000, 0), 0, '', '' FROM entries"""
_VALUES = """count(*), sum(b.low), sum(b.likely), sum(b.high), sum(e.likely), sum(e.local_marginal),
    sum(e.local_full), sum(b.local_idle), count(b.predicted), coalesce(sum(b.predicted), 0),
    coalesce(sum(iif(b.predicted IS NULL, 0, e.likely)), 0), coalesce(sum(abs(b.predicted - e.likely)), 0), 0, 0"""
_TOTALS = f"""
INSERT INTO baseline_totals SELECT e.day, mode, tier, task_class, model_asked, model, is_local, project,
    iif(agent = '', '', 'sub-agent'), 0, b.part, b.basis, {_VALUES}
FROM baselines b JOIN entries e ON e.id = b.entry_id GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12"""
_SESSIONS = f"""
INSERT INTO baseline_sessions (session, day, is_plan, part, basis, project, since, until, {BASELINE_VALUES})
SELECT session, e.day, 0, b.part, b.basis, max(project), min(since), max(e.at), {_VALUES}
FROM baselines b JOIN entries e ON e.id = b.entry_id GROUP BY 1, 2, 3, 4, 5"""


def fill(database: Path, entries: int, first: date, days: int = DAYS) -> None:
    """Write the rows as the ledger would have."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.executemany(_DAY, [((first + timedelta(days=day)).isoformat(),) for day in range(days + 1)])
        connection.execute(_ENTRIES, {"entries": entries, "first": first.isoformat(), "days": days})
        until = (first + timedelta(days=days)).isoformat()
        connection.execute(_DETAILS, {"until": until, **DETAILS})
        for statement in (_BASELINES, _TOTALS, _SESSIONS, f"UPDATE baseline_state SET complete_to = {entries}"):
            connection.execute(statement)
        connection.commit()


def timed(what: str, work: Callable[[], T]) -> T:
    """Do something and print how long it took."""
    began = time.perf_counter()
    found = work()
    print(f"  {what:44} {(time.perf_counter() - began) * 1000:9.2f} ms")
    return found


def main() -> None:
    """Fill a ledger, and time what reads it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(Path(folder) / "ledger")
        desk.open().close()
        today = NOON.date()
        fill(desk.files.database, options.entries, today - timedelta(days=DAYS))
        print(f"{options.entries:,} entries, {desk.files.database.stat().st_size / 1e6:,.0f} MB")
        ledger = timed("open", desk.open)
        timed("make up what nobody recorded", lambda: ledger.baselines.make_up().result(60))
        for days in (7, 31, 365):
            since = today - timedelta(days=days)
            found = timed(f"savings of {days} days", lambda since=since: savings(ledger.baselines, since, today))  # type: ignore[misc]
            print(f"    {found.total.requests:,} requests, {len(found.sessions):,} sessions")
        timed("saved this week, from memory", lambda: ledger.baselines.saved(today - timedelta(days=6), today))
        timed("what is known of a session", lambda: ledger.baselines.known("s2026-11-201"))
        desk.close_all()


if __name__ == "__main__":
    main()
