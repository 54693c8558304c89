"""The long proofs with their verdicts: `python tests/run.py --prove`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit import pieces, traffic
from tests.kit.bursar import PICOS
from tests.kit.claude_code import installed
from tests.kit.fake_claude import FakeClaude
from tests.prove import (
    baseline_day,
    claude_code,
    kill_proxy,
    local_fuzz,
    local_matrix,
    local_turns,
    no_false_refusals,
    replay_day,
    replay_engine,
    tray,
)  # fmt: skip

pytestmark = pytest.mark.prove


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the kill harness forks, which Windows cannot")
@pytest.mark.parametrize(
    "proof",
    [
        ["tests.prove.kill_ledger", "--kills", "1000", "--mutants", "60"],
        ["tests.prove.kill_points", "--proxy", "300", "--random", "0"],
        ["tests.prove.ledger_power_cut", "--cuts", "10200", "--traces", "17", "--steps", "600"],
    ],
    ids=["a thousand kills at random", "two thousand kills at every call", "ten thousand power cuts"],
)
def test_the_ledger_overspends_nothing_and_its_mutants_are_caught(proof: list[str]) -> None:
    done = subprocess.run([sys.executable, "-m", *proof], capture_output=True, text=True, timeout=3600, check=False)
    print(done.stdout)  # The figures: --prove shows them.
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_hundred_kills_lose_no_billed_request_and_pass_no_cutoff(tmp_path: Path) -> None:
    tally = kill_proxy.prove(100, tmp_path)
    print(tally)
    assert (tally.kills, tally.over_cutoff, tally.unknown, tally.undercharged) == (100, 0, [], [])
    assert tally.billed > 1000


def test_the_engine_of_whatif_sends_every_call_as_the_running_proxy_does(tmp_path: Path) -> None:
    found = replay_engine.compared(traffic.generate(seed=1, usd=50), tmp_path / "home")
    print(found.calls, found.at_local, found.outgrown)
    assert found.differ == ()
    assert 0 < found.at_local < found.calls > 800
    assert found.outgrown > 5


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


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("is_real_text", [False, True], ids=["four bytes a token", "pieces of mixed text"])
def test_what_a_day_costs_at_claude_is_said_beforehand_within_two_percent(seed: int, is_real_text: bool) -> None:
    day = baseline_day.Day(pieces.count, pieces.Shelf().fill) if is_real_text else baseline_day.Day()
    said = day.play(traffic.generate(seed, 40.0), seed)
    baseline_day.tell(f"seed {seed}", said, day)
    assert abs(baseline_day.off((each.likely, each.billed) for each in said)) < 0.02
    assert abs(baseline_day.off((each.own_likely, each.own_billed) for each in said)) < 0.02
    errors = sorted(map(abs, baseline_day.by_session(said).values()))
    assert errors[len(errors) // 2] < 0.02


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


@pytest.mark.parametrize("escalates", [True, False], ids=["escalation on", "escalation off"])
def test_of_all_scripts_through_all_templates_no_wrong_call_is_delivered(
    fake: FakeClaude, tmp_path: Path, escalates: bool
) -> None:
    cells = local_matrix.matrix(fake, tmp_path, escalates=escalates)
    print(f"\n{local_matrix.table(cells)}\n\n{local_matrix.by_marker(cells)}")
    assert local_matrix.wrong(cells) == []
    assert [cell for cell in cells if cell.fate == "missed"] == []
    assert not escalates or {cell.fate for cell in cells} == {"right", "repaired", "retried", "escalated"}


@pytest.mark.parametrize("seed", [2, 3])
def test_of_two_hundred_turns_with_broken_answers_none_fails_with_escalation_and_none_in_silence_without(
    tmp_path: Path, seed: int
) -> None:
    on = local_turns.play(200, tmp_path / "on", escalates=True, seed=seed)
    local_turns.tell("Escalation on", on)
    off = local_turns.play(200, tmp_path / "off", escalates=False, seed=seed)
    local_turns.tell("Escalation off", off)
    assert on.success >= 0.99
    assert (on.silent, off.silent) == ([], [])
    assert (on.charged, on.open_holds, off.billed, off.open_holds) == (on.billed, 0, {}, 0)


def test_two_thousand_mangled_local_answers_never_hang_never_end_well_and_leave_nothing(tmp_path: Path) -> None:
    tally = local_fuzz.fuzz(2000, tmp_path, hangs=5)
    local_fuzz.tell(tally)
    assert tally.faults == []


@pytest.mark.skipif(installed() is None, reason="Claude Code is not there: `python tests/run.py` fetches it")
def test_claude_code_does_twenty_sessions_of_ten_local_steps_in_a_row(fake: FakeClaude, tmp_path: Path) -> None:
    with claude_code.a_llama() as llama:
        sessions, asked = claude_code.in_a_row(claude_code.Stage(tmp_path, fake), llama, 20)
    claude_code.tell_row(sessions, asked)
    assert [session.exit_code for session in sessions] == [0] * 20
    assert [len(session.tool_results) for session in sessions] == [claude_code.STEPS] * 20
    assert asked == 0


@pytest.mark.skipif(
    shutil.which("dbus-daemon") is None, reason="dbus-daemon is not there: `python tests/run.py` installs it"
)
def test_twenty_rounds_through_the_trays_whole_menu_while_panels_and_buses_come_and_go(
    fake: FakeClaude, tmp_path: Path
) -> None:
    tally = tray.prove(20, fake)
    print(tally)
    assert tally.rounds == 20
    tray.says_once_that_nobody_sees_the_icon(tmp_path)
