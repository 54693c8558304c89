"""What local work cost stands beside the money, never in it; and a ledger of before it was kept goes on."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from budget import reading
from budget.ledger import Ask, Held, Labels, Ledger, Offer, Outcome, Settlement
from budget.peek import peek
from budget.report import week
from pricing.machine import LocalCost
from pricing.money import ZERO, Money
from pricing.usage import Usage
from tests.budget.desk import BERLIN, NOON, TEN, Desk, complete, held, spend

OLD = Path(__file__).with_name("ledger_v1.sql")
NVML = "NVML energy counter; assumed: 3 years"
MODEL = "modelled from a TDP of 350 W; assumed: 3 years"


def local(ledger: Ledger, cost: LocalCost | None, request_id: str = "r", tier: str = "L0") -> int:
    """Serve one request locally, at this cost."""
    labels = Labels(session="s1", tier=tier, task_class="documentation")
    answer = ledger.reserve(Ask(request_id, (Offer("ollama", "qwen", ZERO, True),), labels))
    assert isinstance(answer, Held)
    settlement = Settlement(Outcome.complete, ZERO, ZERO, Usage(input=1000, output=50), status=200, local=cost)
    return ledger.settle(answer.hold_id, settlement).result(5).entry_id


def cost(marginal: str, full: str, joules_milli: int, source: str = NVML) -> LocalCost:
    return LocalCost(Money.usd(marginal), Money.usd(full), joules_milli, source)


def old_ledger(desk: Desk) -> None:
    """Put a ledger there that the code of before local costs wrote."""
    desk.folder.mkdir()
    with closing(sqlite3.connect(desk.files.database)) as connection:
        connection.executescript(OLD.read_text())


def test_an_entry_keeps_what_the_machine_spent_and_the_cutoff_counts_none_of_it(ledger: Ledger):
    spent = cost("0.000012", "0.004", 245_000)
    local(ledger, spent)
    entry = ledger.entry("r")[0]
    assert entry.local == spent
    assert (entry.charged, entry.likely) == (ZERO, ZERO)
    assert ledger.today().settled == ZERO
    assert ledger.check() == []


def test_what_is_not_known_of_a_local_request_is_none_and_not_zero(ledger: Ledger):
    local(ledger, None)
    spend(ledger, "1", "cloud")
    assert [entry.local for entry in ledger.entries()] == [None, None]
    assert ledger.days(NOON.date(), NOON.date())[0].local is None
    assert week(ledger, NOON.date()).local is None


def test_the_week_sums_local_costs_and_names_each_source_once(ledger: Ledger):
    for number in range(3):
        local(ledger, cost("0.01", "0.10", 1_000), f"metered {number}")
    local(ledger, cost("0.02", "0.30", 2_000, MODEL), "modelled")
    spend(ledger, "1", "cloud")
    found = week(ledger, NOON.date())
    # 3 × 0.01 + 0.02; 3 × 0.10 + 0.30; 3 × 1 J + 2 J
    assert found.local == cost("0.05", "0.60", 5_000, f"{NVML}\n{MODEL}")
    assert found.local_usage == Usage(input=4000, output=200)
    assert [(share.name, share.local) for share in found.models] == [("claude", None), ("qwen", found.local)]
    assert ledger.days(NOON.date(), NOON.date())[0].local == found.local
    assert ledger.check() == []


def test_a_source_within_another_is_still_named(ledger: Ledger):
    local(ledger, cost("0.01", "0.10", 1, "modelled from 350 W"))
    local(ledger, cost("0.01", "0.10", 1, "modelled"))
    local(ledger, cost("0.01", "0.10", 1, "modelled"))
    total = week(ledger, NOON.date()).local
    assert total is not None
    assert total.provenance.splitlines() == ["modelled from 350 W", "modelled"]


def test_sources_that_keep_changing_do_not_grow_without_end(ledger: Ledger):
    for number in range(50):
        local(ledger, cost("0.01", "0.10", 1, f"source number {number} of a machine whose settings change all day"))
    total = week(ledger, NOON.date()).local
    assert total is not None
    assert total.full == Money.usd("5.00")  # 50 × 0.10
    assert len(total.provenance) < 1100


@pytest.mark.parametrize(
    "spent",
    [LocalCost(ZERO, Money(2**60 + 1), 0, NVML), LocalCost(ZERO, ZERO, 2**60 + 1, NVML)],
    ids=["a million dollars", "more joules than there are"],
)
def test_a_cost_that_no_request_can_have_is_refused(spent: LocalCost):
    with pytest.raises(ValueError, match="not what a local machine can spend"):
        Settlement(Outcome.complete, ZERO, ZERO, local=spent)


def test_an_entry_with_a_local_cost_is_never_edited(desk: Desk, ledger: Ledger):
    local(ledger, cost("0.01", "0.10", 1))
    ledger.close()
    with closing(sqlite3.connect(desk.files.database)) as connection:
        for column in ("local_marginal", "local_full", "joules_milli"):
            with pytest.raises(sqlite3.IntegrityError, match="never edited"):
                connection.execute(f"UPDATE entries SET {column} = 0")
        with pytest.raises(sqlite3.IntegrityError, match="CHECK"):
            connection.execute("UPDATE totals SET local_full = -1")


def test_a_ledger_of_before_local_costs_goes_on_with_all_that_it_held(desk: Desk):
    old_ledger(desk)
    ledger = desk.open()
    assert ledger.notices == ()
    # One request of $0.25 corrected to $0.20, one local, and an open hold of $1.50 that is charged as an orphan.
    assert ledger.today().settled == Money.usd("1.70")
    assert [(entry.request_id, entry.local) for entry in ledger.entries()] == [
        *(("one", None), ("two", None), ("one", None), ("three", None)),
    ]
    local(ledger, cost("0.01", "0.10", 7), "four")
    spend(ledger, "0.5", "five")
    assert week(ledger, NOON.date()).local == cost("0.01", "0.10", 7)
    assert ledger.check() == []


def test_a_migrated_ledger_has_the_same_tables_as_a_new_one(desk: Desk, tmp_path: Path):
    old_ledger(desk)
    desk.open().close()
    new = Desk(tmp_path / "new")
    new.open().close()

    def shape(database: Path) -> dict[str, list[tuple[object, ...]]]:
        with closing(sqlite3.connect(database)) as connection:
            tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
            columns = {table: list(connection.execute(f"PRAGMA table_info({table})")) for table in tables}
            triggers = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' ORDER BY name")
            return {**columns, "triggers": list(triggers), "version": list(connection.execute("PRAGMA user_version"))}

    assert shape(desk.files.database) == shape(new.files.database)


def test_an_old_ledger_at_rest_is_read_without_changing_a_byte(desk: Desk):
    old_ledger(desk)
    path = desk.files.database
    before = path.read_bytes()
    today = peek(desk.folder, clock=lambda: NOON, limits=TEN, zone=BERLIN)
    assert (today.trouble, today.settled, today.local) == (None, Money.usd("0.20"), None)
    assert [entry.local for entry in reading.entries(path, "1", {}, 10)] == [None, None, None]
    assert reading.days(path, NOON.date(), NOON.date())[0].local is None
    assert len(reading.totals(path, NOON.date(), NOON.date())) == 2
    assert path.read_bytes() == before


def test_a_backup_of_before_local_costs_can_still_take_the_place_of_a_damaged_ledger(desk: Desk):
    ledger = desk.open()
    local(ledger, cost("0.01", "0.10", 7))
    ledger.close()
    with closing(sqlite3.connect(desk.files.backups / "ledger-2026-11-20.db")) as backup:
        backup.executescript(OLD.read_text())
    desk.files.database.write_bytes(b"")
    again = desk.open()
    assert any("restored from ledger-2026-11-20.db" in notice for notice in again.notices)
    local(again, cost("0.02", "0.20", 9), "after")
    assert week(again, NOON.date()).local == cost("0.02", "0.20", 9)
    assert again.check() == []


def test_a_migration_that_dies_half_way_changed_nothing(desk: Desk):
    old_ledger(desk)
    with closing(sqlite3.connect(desk.files.database)) as connection:
        # The second table cannot take the column: the first must not keep it either.
        connection.execute("ALTER TABLE totals ADD COLUMN joules_milli TEXT")
    with pytest.raises(sqlite3.OperationalError, match="duplicate column"):
        reading_migrated(desk.files.database)
    with closing(sqlite3.connect(desk.files.database)) as connection:
        columns = {row[1] for row in connection.execute("PRAGMA table_info(entries)")}
        assert "local_full" not in columns
        assert connection.execute("PRAGMA user_version").fetchone()[0] == 1


def reading_migrated(path: Path) -> None:
    from budget.database import open_writer

    open_writer(path).close()


def test_today_shows_local_work_from_memory_after_a_restart_too_and_begins_anew_with_the_day(desk: Desk):
    ledger = desk.open()
    assert ledger.today().local is None
    for number in range(2):
        local(ledger, cost("0.01", "0.10", 7), str(number))
    local(ledger, cost("0.01", "0.10", 7, MODEL), "modelled")
    sum_of_three = cost("0.03", "0.30", 21, f"{NVML}\n{MODEL}")
    assert ledger.today().local == sum_of_three
    ledger.close()
    assert peek(desk.folder, clock=lambda: NOON, limits=TEN, zone=BERLIN).local == sum_of_three
    again = desk.open()
    assert again.today().local == sum_of_three
    desk.pass_time(days=1)
    assert again.today().local is None
    local(again, cost("0.02", "0.20", 9), "tomorrow")
    assert again.today().local == cost("0.02", "0.20", 9)


def test_days_without_a_local_request_cost_the_machine_nothing_that_is_known(desk: Desk, ledger: Ledger):
    local(ledger, cost("0.01", "0.10", 7))
    desk.pass_time(days=1)
    ledger.settle(held(ledger, "1", "next day").hold_id, complete("1")).result(5)
    days = ledger.days(NOON.date(), NOON.date() + timedelta(days=1))
    assert [day.local for day in days] == [cost("0.01", "0.10", 7), None]
