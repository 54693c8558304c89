"""What leaves no entry is counted by day, tier and reason, and survives a restart."""

import sqlite3
from contextlib import closing
from datetime import date

from budget.ledger import Ledger
from budget.tallies import Tally
from budget.weekbooks import read
from tests.budget.desk import Desk

SATURDAY, SUNDAY = date(2026, 11, 21), date(2026, 11, 22)


def counted(desk: Desk, ledger: Ledger) -> tuple[Tally, ...]:
    """Read back once all is written."""
    ledger._command(lambda _: None)
    return read(desk.files.database, SATURDAY, SUNDAY).tallies


def test_refusals_are_counted_by_day_tier_and_reason(desk: Desk, ledger: Ledger):
    for why in ("cutoff", "cutoff", "no_local"):
        ledger.tallies.refused("L2", why)
    ledger.tallies.degraded("L2")
    counted(desk, ledger)
    desk.pass_time(days=1)
    ledger.tallies.refused("L3", "full")
    assert counted(desk, ledger) == (
        Tally(SATURDAY, "degraded", "L2", "", 1),
        Tally(SATURDAY, "refused", "L2", "cutoff", 2),
        Tally(SATURDAY, "refused", "L2", "no_local", 1),
        Tally(SUNDAY, "refused", "L3", "full", 1),
    )


def test_what_was_counted_is_there_after_a_kill(desk: Desk, ledger: Ledger):
    ledger.tallies.refused("L2", "cutoff")
    desk.kill(ledger)
    again = desk.open()
    again.tallies.refused("L2", "cutoff")
    assert counted(desk, again) == (Tally(SATURDAY, "refused", "L2", "cutoff", 2),)
    with closing(sqlite3.connect(desk.files.database)) as connection:
        assert connection.execute("SELECT count(*) FROM entries").fetchone() == (0,)
