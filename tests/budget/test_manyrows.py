"""What is recorded in a batch stands in the tables as if it had been recorded one by one."""

import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from budget.baseline import Baseline, Basis, Figures, Part
from budget.cachemiss import Cause, Kind, Looked, Miss, What
from budget.ledger import Ask, Held, Labels, Ledger, Offer, Outcome, Settlement
from budget.manyrows import MOST, insert, select
from pricing.money import ZERO, Money
from pricing.rates import Rates
from pricing.usage import Usage
from tests.budget.desk import Desk

TABLES = (
    "baselines",
    "baseline_totals",
    "baseline_sessions",
    *(f"cache_{t}" for t in ("looked", "misses", "days", "lives")),
)
RATES = Rates(3, 4, 6, 1, 15)
SPENT = Money.usd("0.25")
DAYS_LATER = (0, 0, 1, 61)  # A day on which what is too old is let go of, too.

numbers = st.integers(0, 9)
holds = st.integers(1, 7)  # Of entries 1 to 6: some are recorded twice, some have no entry.
amounts = st.integers(0, 10**12).map(Money)
misses = st.builds(
    lambda kind, what, tokens: Miss(Cause(kind, what), tokens, 0, 10**11 * (tokens == 9), RATES, 5),
    st.sampled_from([Kind.expired, Kind.changed]),
    st.sampled_from([What.none, What.tools]),
    numbers,
)
looks = st.builds(
    lambda hold, prefix, life, both, missed: Looked(hold, prefix, prefix, life, None, 1, *both, False, missed),
    holds,
    numbers,
    st.sampled_from(["", "5m", "1h"]),
    st.one_of(st.just((None, None)), st.tuples(amounts, amounts)),
    st.lists(misses, max_size=2).map(tuple),
)


@st.composite
def baselines(draw: st.DrawFn) -> Baseline:
    basis = draw(st.sampled_from(Basis))
    likely = draw(st.integers(1, 10**12))
    figures = Figures(Money(likely - 1), Money(likely), Money(likely + 1), Usage(output=draw(numbers)), RATES)
    part = draw(st.sampled_from(Part))
    predicted, would = draw(st.none() | amounts), draw(st.sampled_from(["", "box/qwen\x00'"]))
    known = figures if basis is Basis.simulated else None
    return Baseline(
        draw(holds), part, basis, known, predicted, ZERO, draw(st.booleans()), would, draw(st.text(max_size=3))
    )


@dataclass(frozen=True)
class Recorded:
    desk: Desk
    ledger: Ledger

    def rows(self) -> dict[str, list[tuple[Any, ...]]]:
        """Read all that stands in the tables, but for the moments of writing."""
        assert self.ledger.check() == []
        with closing(sqlite3.connect(self.desk.files.database)) as connection:
            return {table: connection.execute(f"SELECT * FROM {table}").fetchall() for table in TABLES}


@contextmanager
def entries() -> Iterator[Recorded]:
    """Open a ledger with six entries of three days and two sessions."""
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(Path(folder) / "ledger")
        ledger = desk.open()
        for number in range(6):
            desk.pass_time(days=DAYS_LATER[number % 4])
            labels = Labels(
                session=f"s{number % 2}", agent="a" * (number % 3), project=f"p{number}", model_asked="claude"
            )
            held = ledger.reserve(Ask(f"r{number}", (Offer("anthropic", "claude", SPENT, is_local=False),), labels))
            assert isinstance(held, Held)
            ledger.settle(held.hold_id, Settlement(Outcome.complete, SPENT, SPENT)).result(10)
        try:
            yield Recorded(desk, ledger)
        finally:
            ledger.close()


def record(made: Sequence[Baseline], looked: Sequence[Looked], size: int) -> tuple[dict[str, list[Any]], int]:
    """Record in batches of a size; gives all rows, and how many were counted."""
    with entries() as recorded:
        keep, judge = recorded.ledger.baselines.record, recorded.ledger.cache_misses.record
        counted = sum(keep(made[at : at + size]).result(10) for at in range(0, len(made), size))
        counted += sum(judge(looked[at : at + size]).result(10) for at in range(0, len(looked), size))
        return recorded.rows(), counted


@settings(max_examples=8, deadline=None)
@given(
    st.lists(baselines(), max_size=12),
    # In the order of their days, as they are judged: what is let go of is never judged again.
    st.lists(looks, max_size=12).map(lambda looked: sorted(looked, key=lambda one: one.hold_id)),
)
def test_a_batch_makes_the_same_rows_and_sums_as_its_parts_one_by_one(made: list[Baseline], looked: list[Looked]):
    assert record(made, looked, 100) == record(made, looked, 1)


def test_more_rows_than_one_statement_takes_keep_their_order_and_their_values():
    rows = [(number, "it's \x00 told", None, -(2**63)) for number in range(3 * MOST + 1)]
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE t (a INTEGER, b TEXT, c TEXT, d INTEGER)")
        insert(connection, "INSERT INTO t", rows)
        insert(connection, "INSERT INTO t", [])
        assert connection.execute("SELECT * FROM t ORDER BY rowid").fetchall() == rows
        found = select(connection, ("b", "c", "d"), "FROM json_each(?) JOIN t ON a = value", [5, 700])
        assert found == [[*rows[5][1:]]]
