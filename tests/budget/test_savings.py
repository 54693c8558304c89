"""Savings add up: the parts of every cut to its total, the cuts to the whole, and all to plain SQL over the rows."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, fields
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from budget.baseline import Baseline, Basis, Figures, Part
from budget.ledger import Ask, Held, Labels, Ledger, Offer, Outcome, Settlement
from budget.savings import CUTS, Cut, Savings, Sum, savings
from pricing.machine import LocalCost
from pricing.money import ZERO, Money
from pricing.rates import Rates
from pricing.usage import Usage
from tests.budget.desk import NOON, Desk

RATES = Rates(
    input=3_000_000, cache_write_5m=3_750_000, cache_write_1h=6_000_000, cache_read=300_000, output=15_000_000
)
DAYS = st.integers(0, 2)
PICOS = st.integers(0, 10**12)
TODAY = NOON.date()


@dataclass(frozen=True)
class Made:
    """One request with its baseline."""

    day: int
    session: str
    mode: str
    tier: str
    project: str
    agent: str
    asked: str
    part: Part
    is_known: bool
    is_plan: bool
    cost: int
    marginal: int
    wear: int
    idle: int
    read: int
    spread: int
    predicted: int | None
    would: str
    corrected: int | None


MADE = st.builds(
    Made,
    day=DAYS,
    session=st.sampled_from(("s1", "s2", "s3")),
    mode=st.sampled_from(("auto", "local")),
    tier=st.sampled_from(("L0", "L1")),
    project=st.sampled_from(("", "bursar")),
    agent=st.sampled_from(("", "a1", "a2")),
    asked=st.sampled_from(("opus", "sonnet")),
    part=st.sampled_from(Part),
    is_known=st.booleans(),
    is_plan=st.booleans(),
    cost=PICOS,
    marginal=PICOS,
    wear=PICOS,
    idle=PICOS,
    read=st.integers(0, 10**6),
    spread=st.integers(0, 10**9),
    predicted=st.none() | PICOS,
    would=st.sampled_from(("", "box/qwen")),
    corrected=st.none() | PICOS,
)


def enter(ledger: Ledger, made: Made, number: int) -> None:
    """Enter one request, its baseline, and perhaps a correction of it."""
    is_local = made.part in (Part.moved, Part.attempt)
    offer = Offer("box" if is_local else "anthropic", "qwen" if is_local else "opus", ZERO, is_local)
    labels = Labels(
        session=made.session,
        mode=made.mode,
        tier=made.tier,
        project=made.project,
        agent=made.agent,
        model_asked=made.asked,
    )
    held = ledger.reserve(Ask(f"r{number}", (offer,), labels))
    assert isinstance(held, Held)
    is_void = made.part is Part.void
    amount = ZERO if is_local or is_void else Money(made.cost)
    local = LocalCost(Money(made.marginal), Money(made.marginal + made.wear + made.idle), 1, "m") if is_local else None
    outcome = Outcome.voided if is_void else Outcome.complete
    entry = ledger.settle(held.hold_id, Settlement(outcome, amount, amount, local=local)).result(5).entry_id
    usage = Usage(cache_read=made.read)
    likely = RATES.cost(usage)
    is_actual = made.part in (Part.kept, Part.attempt, Part.void)
    basis = Basis.none if not made.is_known else Basis.actual if is_actual else Basis.simulated
    figures = Figures(max(ZERO, likely - Money(made.spread)), likely, likely + Money(made.spread), usage, RATES)
    baseline = Baseline(
        hold_id=held.hold_id,
        part=made.part,
        basis=basis,
        figures=figures if basis is Basis.simulated else None,
        predicted=None if made.predicted is None or is_local else Money(made.predicted),
        local_idle=Money(made.idle) if is_local else ZERO,
        is_plan=made.is_plan,
        would=made.would,
    )
    ledger.baselines.record([baseline]).result(5)
    if made.corrected is not None and not is_local and not is_void:
        ledger.correct(entry, Money(made.corrected), Money(made.corrected), "as billed")


def with_ledger(made: list[Made], then: Callable[[Ledger, Desk], None]) -> None:
    with TemporaryDirectory() as folder:
        desk = Desk(Path(folder) / "ledger")
        ledger = desk.open()
        try:
            for number, each in enumerate(sorted(made, key=lambda one: one.day)):
                while desk.now.date() < TODAY + timedelta(days=each.day):
                    desk.pass_time(days=1)
                enter(ledger, each, number)
            then(ledger, desk)
        finally:
            desk.close_all()


def of_all_days(ledger: Ledger) -> Savings:
    return savings(ledger.baselines, TODAY, TODAY + timedelta(days=2))


def adds_up(total: Sum) -> None:
    assert total.parts.total == total.saved.likely == total.baseline.likely - total.cloud - total.local
    assert total.saved.low <= total.saved.likely <= total.saved.high
    assert total.saved_marginal.likely - total.saved.likely == total.local - total.marginal >= ZERO
    counted = total.kept + total.returned + total.moved + total.swapped + total.attempts
    assert counted == total.requests


@settings(max_examples=15, deadline=None)
@given(st.lists(MADE, max_size=8))
def test_the_parts_of_every_cut_add_up_to_it_and_every_cut_adds_up_to_the_whole(made: list[Made]):
    def check(ledger: Ledger, _: Desk) -> None:
        found = of_all_days(ledger)
        assert set(found.by) == set(CUTS)
        sessions = tuple(session.cut for session in found.sessions)
        for cuts in (*found.by.values(), sessions):
            assert sum(cuts, Cut("")) == found.total
            for cut in cuts:
                adds_up(cut.paid)
                adds_up(cut.plan)
        days = ledger.baselines.saved(found.since, found.until)
        paid = found.total.paid.saved
        assert (days.low, days.likely, days.high) == (paid.low, paid.likely, paid.high)
        assert (days.listed, days.unknown) == (found.total.plan.saved.likely, found.total.unknown.requests)
        assert ledger.check() == []

    with_ledger(made, check)


RECOUNT = """
WITH counting AS (
    SELECT e.day, b.*, e.local_full, e.local_marginal, e.model_asked,
        (SELECT sum(likely) FROM entries WHERE id = e.id OR corrects = e.id) AS cloud
    FROM baselines b JOIN entries e ON e.id = b.entry_id
    WHERE version = (SELECT max(version) FROM baselines WHERE entry_id = b.entry_id)),
paid AS (SELECT * FROM counting WHERE basis <> 'none' AND NOT is_plan)
SELECT
    (SELECT coalesce(sum(likely), 0) - coalesce(sum(cloud), 0) - coalesce(sum(local_full), 0) FROM paid),
    (SELECT coalesce(sum(local_full), 0) FROM counting WHERE basis <> 'none' AND is_plan),
    (SELECT coalesce(sum(likely) - sum(cloud) - sum(local_full), 0) FROM counting WHERE basis <> 'none' AND is_plan),
    (SELECT coalesce(sum(cloud - likely), 0) FROM paid WHERE part = 'cold'),
    (SELECT coalesce(sum(local_full), 0) FROM counting WHERE basis <> 'none' AND part = 'attempt'),
    (SELECT coalesce(sum(local_idle), 0) FROM counting WHERE basis <> 'none' AND part = 'moved'),
    (SELECT coalesce(sum(abs(predicted - cloud)), 0) FROM counting WHERE predicted IS NOT NULL)
"""


@settings(max_examples=15, deadline=None)
@given(st.lists(MADE, max_size=8))
def test_an_accountant_with_plain_sql_over_the_rows_comes_to_the_same_picodollar(made: list[Made]):
    def check(ledger: Ledger, desk: Desk) -> None:
        with closing(sqlite3.connect(desk.files.database)) as connection:
            recounted = connection.execute(RECOUNT).fetchone()
            wrong = connection.execute(TOKENS).fetchall()
        found = of_all_days(ledger)
        paid, plan = found.total.paid, found.total.plan
        saved, plan_local, listed, cold, escalated, idle, off = recounted
        assert paid.saved.likely == Money(saved - plan_local)
        assert plan.saved.likely == Money(listed)
        assert paid.parts.cold == Money(-cold)
        assert paid.parts.escalated == Money(-escalated)
        assert paid.parts.idle == Money(-idle)
        assert found.error.off == Money(off)
        assert wrong == []

    with_ledger(made, check)


TOKENS = """
SELECT entry_id FROM baselines WHERE basis = 'simulated' AND likely <>
    input * json_extract(rates, '$[0]') + cache_write_5m * json_extract(rates, '$[1]')
    + cache_write_1h * json_extract(rates, '$[2]') + cache_read * json_extract(rates, '$[3]')
    + output * json_extract(rates, '$[4]')"""


class Rows:
    """Sums that were written by hand."""

    def __init__(self, *rows: dict[str, Any]) -> None:
        self._rows = [{**NOTHING, **row} for row in rows]

    def totals(self, since: date, until: date) -> list[dict[str, Any]]:
        return self._rows

    def sessions(self, since: date, until: date) -> list[dict[str, Any]]:
        return []


NOTHING: dict[str, Any] = {
    **dict.fromkeys(("low", "likely", "high", "cloud", "local_marginal", "local_full", "local_idle"), 0),
    **dict.fromkeys(("predicted_requests", "predicted", "predicted_actual", "predicted_off"), 0),
    **dict.fromkeys(("would_requests", "would_likely"), 0),
    "day": "2026-11-21",
    "mode": "auto",
    "tier": "L0",
    "task_class": "docs",
    "model_asked": "opus",
    "model": "qwen",
    "is_local": 1,
    "project": "",
    "agent": "",
    "is_plan": 0,
    "part": "moved",
    "basis": "simulated",
    "requests": 1,
}


def test_a_week_whose_idle_gpu_costs_more_than_claude_would_have_is_told_as_a_loss():
    moved = {"likely": 300, "local_marginal": 20, "local_full": 1000, "local_idle": 900}
    cold = {"part": "cold", "likely": 100, "cloud": 350}
    found = savings(Rows(moved, cold), TODAY, TODAY).total.paid
    # 300 moved − 20 energy − 80 wear − 900 idle, and 250 more for a cold cache
    assert [part.picos for part in (getattr(found.parts, f.name) for f in fields(found.parts))] == [
        *(300, 0, -250, -20, -80, -900, 0),
    ]
    assert found.saved.likely == Money(-950)
    assert found.saved_marginal.likely == Money(30)


def test_the_simulator_s_error_is_told_with_its_sign_and_without_anything_set_off():
    rows = [
        {"part": "kept", "basis": "actual", "predicted_requests": 2, "predicted": 1010}
        | {"predicted_actual": 1000, "predicted_off": 50}
    ]
    error = savings(Rows(*rows), TODAY, TODAY).error
    assert (error.requests, error.permille, error.off_permille) == (2, 10, 50)
    assert savings(Rows(), TODAY, TODAY).error.permille is None


def test_without_requests_nothing_is_saved_and_nothing_is_unknown():
    found = savings(Rows(), TODAY, TODAY)
    assert found.total == Cut("")
