"""What the keeper's offer, its past and its sums cost: `python -m tests.bench.keeper_speed [--entries N] [--days N]`.

The entries are spread over the days that pauses are learned from and those of the offer; two ledgers in one go: of
nothing but requests, and with pings of one session in twenty.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path

from budget.pings import pings
from pricing.table import PriceTable
from proxy.keeper.past import learn, offer
from proxy.keeper.wish import Wish
from tests.budget.desk import NOON, Desk

SESSIONS_A_DAY = 40
_DAY = "INSERT OR IGNORE INTO days (day, budget, cutoff) VALUES (?, 10000000000000, 12000000000000)"
_ENTRIES = """
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < :entries - 1)
INSERT INTO entries (hold_id, day, at, since, instance, request_id, upstream, model, is_local, held, charged, likely,
    outcome, input, cache_write_5m, cache_write_1h, cache_read, output, web_searches, raw_usage, terms, rates, status,
    upstream_id, flags, note, session, agent, model_asked, task_class, tier, mode, band, reason, project, turn, dialect,
    attempt)
SELECT i + 1, day, strftime('%Y-%m-%dT%H:%M:%f+00:00', since, '+8 seconds'),
    strftime('%Y-%m-%dT%H:%M:%f+00:00', since), 'x', 'req_' || i, 'anthropic', 'claude-opus-5-5', 0, 0, 50000000000,
    50000000000, 'complete', 10, iif(i % 7, 1573, 81573), 0, iif(i % 7, 80000, 0), 187, 0, '', '', '', 200, '', '',
    iif(is_ping, '{"keeps_s":300,"prefix":80000,"saves":380000000000}', ''), session, '', 'claude-opus-5-5',
    iif(is_ping, 'ping', 'feature'), 'L2', 'auto', 'normal', '', '', iif(is_ping, '', 't' || (i / :sessions / 9)),
    'anthropic', 0
FROM (SELECT i, day, datetime(day, '+6 hours', '+' || (i % :a_day * 50000 / :a_day) || ' seconds') AS since,
        's' || day || (i % :sessions) AS session, i % :sessions < :pinged AND i / :sessions % 4 = 3 AS is_ping
    FROM (SELECT i, date(:first, (i / :a_day) || ' days') AS day FROM n))"""
_ENDS = """
UPDATE days SET first_entry = (SELECT min(id) FROM entries e WHERE e.day = days.day),
    last_entry = (SELECT max(id) FROM entries e WHERE e.day = days.day)"""
_TOTALS = "INSERT INTO totals VALUES (?, 'a', 'm', 0, '', 'ping', 1, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0)"


def main() -> None:
    """Make the ledgers, and measure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--days", type=int, default=35)
    given = parser.parse_args()
    today, prices = NOON.date(), PriceTable.load()
    for pinged in (0, 2):
        with tempfile.TemporaryDirectory() as folder:
            file = _made(Path(folder), given.entries, given.days, pinged)
            _measure("offer", given.entries, pinged, partial(offer, file, today, prices, Wish()))
            _measure("learn", given.entries, pinged, partial(learn, file, NOON))
            _measure("pings", given.entries, pinged, partial(pings, file, today - timedelta(days=6), today))


def _made(folder: Path, entries: int, days: int, pinged: int) -> Path:
    desk = Desk(folder / "ledger")
    desk.open()
    desk.close_all()
    first = NOON.date() - timedelta(days=days)
    values = {"entries": entries, "a_day": -(-entries // days), "first": first.isoformat()}
    with closing(sqlite3.connect(desk.files.database)) as connection, connection:
        connection.executemany(_DAY, [((first + timedelta(days=number)).isoformat(),) for number in range(days)])
        connection.execute(_ENTRIES, {**values, "sessions": SESSIONS_A_DAY, "pinged": pinged})
        connection.execute(_ENDS)
        if pinged:
            connection.execute(_TOTALS, ((NOON - timedelta(days=1)).date().isoformat(),))
    return desk.files.database


def _measure(name: str, entries: int, pinged: int, work: Callable[[], object]) -> None:
    work()
    wall, cpu = time.perf_counter(), time.thread_time()
    work()
    spent = time.perf_counter() - wall, time.thread_time() - cpu
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    found = {"what": name, "entries": entries, "sessions_pinged": pinged, "wall_s": round(spent[0], 3)}
    print(json.dumps({**found, "cpu_s": round(spent[1], 3), "peak_mb": round(peak / 2**20, 1)}))


if __name__ == "__main__":
    main()
