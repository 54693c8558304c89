"""Baselines stand beside the entries, are never edited, and their sums are those of the rows; older ledgers go on."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from budget.baseline import Baseline, Basis, Figures, Part, part_of
from budget.ledger import Ask, Held, Labels, Ledger, Offer, Outcome, Settlement
from budget.saved import Saved
from budget.savings import savings
from pricing.machine import LocalCost
from pricing.money import ZERO, Money
from pricing.rates import Rates
from pricing.usage import Usage
from tests.budget.desk import NOON, Desk

OLD = [Path(__file__).with_name(f"ledger_v{version}.sql") for version in (1, 2)]
RATES = Rates(
    input=3_000_000, cache_write_5m=3_750_000, cache_write_1h=6_000_000, cache_read=300_000, output=15_000_000
)


def request(
    ledger: Ledger,
    name: str,
    dollars: str = "0",
    *,
    session: str = "s1",
    local: LocalCost | None = None,
    asked: str = "claude",
    outcome: Outcome = Outcome.complete,
    flags: tuple[str, ...] = (),
) -> int:
    """Make an entry; gives its hold's id."""
    labels = Labels(session=session, tier="L1", task_class="debugging", mode="auto", model_asked=asked)
    is_local = local is not None
    offer = Offer("ollama" if is_local else "anthropic", "qwen" if is_local else "claude", Money.usd(dollars), is_local)
    held = ledger.reserve(Ask(name, (offer,), labels))
    assert isinstance(held, Held)
    amount = ZERO if is_local else Money.usd(dollars)
    settlement = Settlement(outcome, amount, amount, Usage(input=10, output=5), flags=flags, local=local)
    ledger.settle(held.hold_id, settlement).result(5)
    return held.hold_id


def figures(read: int, output: int) -> Figures:
    usage = Usage(cache_read=read, output=output)
    likely = RATES.cost(usage)
    return Figures(likely - Money(1), likely, likely + Money(2), usage, RATES)


def rows(desk: Desk, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(desk.files.database)) as connection:
        return connection.execute(query).fetchall()


def cost(marginal: str, full: str) -> LocalCost:
    return LocalCost(Money.usd(marginal), Money.usd(full), 7, "NVML")


def test_an_actual_baseline_is_what_the_entry_cost_and_saves_nothing(desk: Desk, ledger: Ledger):
    hold = request(ledger, "one", "0.25")
    assert ledger.baselines.record([Baseline(hold, Part.kept, Basis.actual)]).result(5) == 1
    assert rows(desk, "SELECT low, likely, high FROM baselines") == [(250 * 10**9,) * 3]
    assert ledger.baselines.saved(NOON.date(), NOON.date()) == Saved(requests=1)
    assert ledger.check() == []


def test_a_correction_of_what_claude_charged_corrects_the_baseline_too_by_a_next_version(desk: Desk, ledger: Ledger):
    hold = request(ledger, "one", "0.25")
    ledger.baselines.record([Baseline(hold, Part.kept, Basis.actual)]).result(5)
    ledger.correct(1, Money.usd("0.20"), Money.usd("0.20"), "as billed")
    assert rows(desk, "SELECT version, likely FROM baselines") == [(0, 250 * 10**9), (1, 200 * 10**9)]
    assert rows(desk, "SELECT likely, cloud, requests FROM baseline_totals") == [(200 * 10**9, 200 * 10**9, 1)]
    assert ledger.baselines.saved(NOON.date(), NOON.date()) == Saved(requests=1)
    assert ledger.check() == []


def test_a_correction_of_what_a_swapped_request_cost_changes_what_it_saved(ledger: Ledger):
    hold = request(ledger, "one", "0.25", asked="dearer")
    ledger.baselines.record([Baseline(hold, Part.swapped, Basis.simulated, figures(1_000_000, 0))]).result(5)
    assert ledger.baselines.saved(NOON.date(), NOON.date()).likely == Money.usd("0.05")  # 0.30 − 0.25
    ledger.correct(1, Money.usd("0.35"), Money.usd("0.35"), "as billed")
    assert ledger.baselines.saved(NOON.date(), NOON.date()).likely == Money.usd("-0.05")  # 0.30 − 0.35
    assert ledger.check() == []


def test_a_simulated_baseline_is_its_tokens_times_its_rates_and_sql_can_tell(desk: Desk, ledger: Ledger):
    hold = request(ledger, "one", local=cost("0.01", "0.10"))
    made = figures(50_000, 700)
    kept = Baseline(hold, Part.moved, Basis.simulated, made, local_idle=Money.usd("0.05"), note="2 blocks estimated")
    ledger.baselines.record([kept]).result(5)
    [(likely, again)] = rows(
        desk,
        """SELECT likely, input * json_extract(rates, '$[0]') + cache_write_5m * json_extract(rates, '$[1]')
            + cache_write_1h * json_extract(rates, '$[2]') + cache_read * json_extract(rates, '$[3]')
            + output * json_extract(rates, '$[4]') FROM baselines""",
    )
    assert likely == again == 25_500_000_000  # 50,000 × $0.30/MTok + 700 × $15/MTok = 0.015 + 0.0105
    saved = ledger.baselines.saved(NOON.date(), NOON.date())
    assert saved.likely == Money.usd("-0.0745")  # 0.0255 − 0.10
    assert (saved.low, saved.high) == (saved.likely - Money(1), saved.likely + Money(2))


def test_a_baseline_is_never_edited_deleted_or_written_twice(desk: Desk, ledger: Ledger):
    hold = request(ledger, "one", "0.25")
    once = Baseline(hold, Part.kept, Basis.actual)
    assert ledger.baselines.record([once, once]).result(5) == 1
    assert ledger.baselines.record([once]).result(5) == 0
    ledger.close()
    with closing(sqlite3.connect(desk.files.database)) as connection:
        for wrong in ("UPDATE baselines SET likely = 0", "DELETE FROM baselines"):
            with pytest.raises(sqlite3.IntegrityError, match="never"):
                connection.execute(wrong)
        with pytest.raises(sqlite3.IntegrityError, match="already"):
            connection.execute("INSERT INTO baselines SELECT * FROM baselines")


def test_what_says_nothing_gives_way_to_a_better_figure_and_nothing_is_counted_twice(desk: Desk, ledger: Ledger):
    hold = request(ledger, "one", local=cost("0.01", "0.02"))
    assert ledger.baselines.make_up().result(5) == 1
    assert ledger.baselines.saved(NOON.date(), NOON.date()) == Saved(unknown=1)
    ledger.baselines.record([Baseline(hold, Part.moved, Basis.simulated, figures(100_000, 0))]).result(5)
    assert rows(desk, "SELECT version, basis FROM baselines") == [(0, "none"), (1, "simulated")]
    saved = ledger.baselines.saved(NOON.date(), NOON.date())
    assert (saved.likely, saved.requests, saved.unknown) == (Money.usd("0.01"), 1, 0)  # 0.03 − 0.02
    assert ledger.check() == []


def test_entries_that_nobody_recorded_get_what_the_tables_can_tell(desk: Desk, ledger: Ledger):
    request(ledger, "at Claude", "0.25", session="a")
    request(ledger, "local", session="b", local=cost("0", "0"))
    request(ledger, "after it", "0.10", session="b")
    request(ledger, "escalated", session="c", local=cost("0", "0.01"), flags=("escalated: no call",))
    request(ledger, "swapped", "0.10", session="d", asked="dearer")
    assert ledger.baselines.make_up().result(5) == 5
    assert ledger.baselines.make_up().result(5) == 0
    assert rows(desk, "SELECT part, basis, likely FROM baselines ORDER BY entry_id") == [
        ("kept", "actual", 250 * 10**9),
        ("moved", "none", 0),
        ("cold", "none", 0),
        ("attempt", "actual", 0),
        ("swapped", "none", 0),
    ]
    assert ledger.baselines.saved(NOON.date(), NOON.date()).likely == Money.usd("-0.01")
    assert ledger.check() == []


def test_what_a_kill_left_of_a_ping_had_cost_nothing_at_claude_alone(desk: Desk, ledger: Ledger):
    offer = (Offer("anthropic", "claude", Money.usd("0.50"), False, likely=Money.usd("0.02")),)
    assert isinstance(ledger.reserve(Ask("ping_1", offer, Labels(session="a", task_class="ping"))), Held)
    desk.kill(ledger)
    again = desk.open()
    again.baselines.make_up().result(5)
    assert rows(desk, "SELECT part, basis, likely FROM baselines") == [("cold", "simulated", 0)]
    assert again.baselines.saved(NOON.date(), NOON.date()).likely == Money.usd("-0.02")
    assert again.check() == []


def test_after_a_kill_every_entry_has_one_baseline_once_the_rest_is_made_up(desk: Desk, ledger: Ledger):
    first = request(ledger, "recorded", "0.25", session="a")
    ledger.baselines.record([Baseline(first, Part.kept, Basis.actual)]).result(5)
    request(ledger, "not recorded", "0.10", session="a")
    held = ledger.reserve(Ask("orphaned", (Offer("anthropic", "claude", Money.usd(1), False),), Labels(session="a")))
    assert isinstance(held, Held)
    desk.kill(ledger)
    again = desk.open()
    assert again.baselines.make_up().result(5) == 2
    counted = rows(desk, "SELECT count(*), count(DISTINCT entry_id) FROM baselines")
    assert counted == [(3, 3)]
    assert again.baselines.saved(NOON.date(), NOON.date()).likely == ZERO
    assert again.check() == []


def test_what_a_kill_left_of_a_plan_is_made_up_as_a_plans_and_of_a_key_as_a_keys(desk: Desk, ledger: Ledger):
    offer = (Offer("anthropic", "claude", Money.usd(1), False),)
    for name, is_plan in (("key", False), ("plan", True)):
        assert isinstance(ledger.reserve(Ask(name, offer, Labels(session="a", is_plan=is_plan))), Held)
    desk.kill(ledger)
    again = desk.open()
    again.baselines.make_up().result(5)
    assert rows(desk, "SELECT entry_id, is_plan FROM baselines ORDER BY 1") == [(1, 0), (2, 1)]
    found = savings(again.baselines, NOON.date(), NOON.date()).total
    assert (found.paid.cloud, found.plan.cloud) == (Money.usd(0), Money.usd(0))


def test_what_was_saved_is_in_memory_after_a_restart_as_before_it(desk: Desk, ledger: Ledger):
    for number, day in enumerate(("monday", "tuesday")):
        hold = request(ledger, day, local=cost("0.01", "0.02"))
        ledger.baselines.record(
            [Baseline(hold, Part.moved, Basis.simulated, figures(100_000 * (number + 1), 0))]
        ).result(5)
        desk.pass_time(days=1)
    since, until = NOON.date(), desk.now.date()
    before = ledger.baselines.saved(since, until)
    assert before.likely == Money.usd("0.05")  # 0.03 − 0.02 + 0.06 − 0.02
    assert ledger.baselines.saved(since, since).likely == Money.usd("0.01")
    ledger.close()
    assert desk.open().baselines.saved(since, until) == before


def test_on_a_plan_nothing_is_saved_in_dollars_and_local_work_still_costs(ledger: Ledger):
    hold = request(ledger, "one", local=cost("0.01", "0.02"))
    baseline = Baseline(hold, Part.moved, Basis.simulated, figures(100_000, 0), is_plan=True)
    ledger.baselines.record([baseline]).result(5)
    saved = ledger.baselines.saved(NOON.date(), NOON.date())
    assert (saved.low, saved.likely, saved.high) == (Money.usd("-0.02"),) * 3
    assert saved.listed == Money.usd("0.01")  # 0.03 − 0.02


@pytest.mark.parametrize(
    ("outcome", "flags", "is_local", "is_as_asked", "part"),
    [
        ("voided", (), False, True, Part.void),
        ("complete", (), False, True, Part.kept),
        ("complete", (), False, False, Part.swapped),
        ("client_left", (), False, True, Part.kept),
        ("complete", ("estimated tokens",), True, False, Part.moved),
        ("complete", ("retried",), True, False, Part.attempt),
        ("complete", ("escalated: no call",), True, False, Part.attempt),
        ("interrupted", ("failed: truncated",), True, False, Part.attempt),
        ("interrupted", ("failed: truncated", "kept: no money"), True, False, Part.moved),
        ("client_left", (), True, False, Part.moved),
        ("orphaned", (), True, False, Part.attempt),
    ],
)
def test_how_an_entry_ended_says_what_it_is_to_savings(
    outcome: str, flags: tuple[str, ...], is_local: bool, is_as_asked: bool, part: Part
):
    assert part_of(outcome, flags, is_local=is_local, is_as_asked=is_as_asked) is part


@pytest.mark.parametrize("old", OLD, ids=lambda path: path.stem)
def test_a_ledger_of_before_baselines_is_copied_aside_and_goes_on(desk: Desk, old: Path):
    desk.folder.mkdir()
    with closing(sqlite3.connect(desk.files.database)) as connection:
        connection.executescript(old.read_text())
    ledger = desk.open()
    assert ledger.notices == ()
    kept = desk.files.backups / f"of-version-{old.stem[-1]}.db"
    with closing(sqlite3.connect(kept)) as copy:
        assert copy.execute("PRAGMA user_version").fetchone() == (int(old.stem[-1]),)
        assert copy.execute("SELECT count(*) FROM entries").fetchone() == (3,)
    # What is older than baselines stays without; the hold that its run left open is charged, and has one made up.
    assert ledger.baselines.make_up().result(5) == 1
    assert rows(desk, "SELECT entry_id, part, basis FROM baselines") == [(4, "kept", "actual")]
    request(ledger, "new", "0.25")
    assert ledger.baselines.make_up().result(5) == 1
    assert ledger.check() == []
    assert len(ledger.baselines.totals(NOON.date(), NOON.date())) == 2
