"""A small day of agent traffic through the proxy: the books agree, the cutoff holds, nobody is left without a word."""

from pathlib import Path

from tests.kit import traffic
from tests.kit.bursar import PICOS
from tests.prove import replay_day


def test_the_ledger_and_the_bill_agree_to_the_picodollar(tmp_path: Path) -> None:
    outcome = replay_day.with_money_enough(traffic.generate(seed=5, usd=4), tmp_path / "home")
    assert {done.fate for done in outcome.done} == {"cloud"}
    assert outcome.ledger == outcome.billed
    assert outcome.charged == outcome.bill > 2 * PICOS


def test_on_a_budget_every_call_is_answered_or_refused_with_a_reason(tmp_path: Path) -> None:
    outcome = replay_day.on_a_budget(traffic.generate(seed=5, usd=4), tmp_path / "home")
    assert outcome.bill <= outcome.charged <= 12 * PICOS
    assert {done.fate for done in outcome.done} <= {"cloud", "local", "refused"}
    assert all(done.reason.startswith("bursar: ") for done in outcome.done if done.fate == "refused")
