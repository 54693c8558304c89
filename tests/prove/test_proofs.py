"""The long proofs with their verdicts: `python tests/run.py --prove`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit import traffic
from tests.kit.bursar import PICOS
from tests.prove import kill_proxy, no_false_refusals, replay_day

pytestmark = pytest.mark.prove


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the kill harness forks, which Windows cannot")
@pytest.mark.parametrize(
    "proof",
    [
        ["tests.prove.kill_ledger", "--kills", "1000", "--mutants", "60"],
        ["tests.prove.ledger_power_cut", "--cuts", "400", "--steps", "4000"],
    ],
    ids=["a thousand kills", "four hundred power cuts"],
)
def test_the_ledger_overspends_nothing_and_its_mutants_are_caught(proof: list[str]) -> None:
    done = subprocess.run([sys.executable, "-m", *proof], capture_output=True, text=True, timeout=1800, check=False)
    print(done.stdout)  # The figures: --prove shows them.
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_hundred_kills_lose_no_billed_request_and_pass_no_cutoff(tmp_path: Path) -> None:
    tally = kill_proxy.prove(100, tmp_path)
    print(tally)
    assert (tally.kills, tally.over_cutoff, tally.unknown, tally.undercharged) == (100, 0, [], [])
    assert tally.billed > 1000


def test_a_hundred_dollar_day_is_charged_exactly_as_billed(tmp_path: Path) -> None:
    outcome = replay_day.with_money_enough(traffic.generate(usd=100), tmp_path / "home")
    assert {done.fate for done in outcome.done} == {"cloud"}
    assert outcome.ledger == outcome.billed
    assert outcome.charged == outcome.bill


def test_a_hundred_dollar_day_on_ten_dollars_stays_within_twelve_and_answers_or_refuses_all(tmp_path: Path) -> None:
    outcome = replay_day.on_a_budget(traffic.generate(usd=100), tmp_path / "home")
    assert outcome.charged <= 12 * PICOS
    assert {done.fate for done in outcome.done} <= {"cloud", "local", "refused"}
    assert all(done.reason.startswith("bursar: ") for done in outcome.done if done.fate == "refused")
    assert outcome.bill <= outcome.charged


@pytest.mark.parametrize(
    ("agents", "max_tokens", "at_least"),
    # 64 holds of $3 on $20 wait longer than the four minutes that a request may wait: the last case is bound by that.
    [(8, 32_000, 15), (8, 128_000, 12), (64, 32_000, 14), (64, 128_000, 10)],
)
def test_most_of_twenty_dollars_is_spent_before_the_first_refusal(
    tmp_path: Path, agents: int, max_tokens: int, at_least: int
) -> None:
    found = no_false_refusals.measure(agents, max_tokens, tmp_path / "home")
    print(found)
    assert found.spent > at_least * PICOS
    assert found.spent > 2 * found.baseline
