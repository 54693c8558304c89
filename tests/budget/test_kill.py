"""A few kills and power cuts of the long proofs, so that every run of the tests has seen some."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.prove import ledger_power_cut
from tests.prove.ledger.deeds import ACTS

pytestmark = pytest.mark.slow


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the kill harness forks, which Windows cannot")
def test_killed_at_random_it_overspends_nothing_forgets_nothing_and_three_mutants_are_caught() -> None:
    command = [sys.executable, "-m", "tests.prove.kill_ledger", "--kills", "40", "--mutants", "25"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    ledger, *mutants = json.loads(done.stdout)["runs"]
    assert (ledger["kills"], ledger["unknown_requests"], ledger["overspent_picos"]) == (40, 0, 0)
    assert len(mutants) == 3


def test_killed_at_some_calls_of_all_that_it_does_on_disk_it_leaves_what_was_promised() -> None:
    command = [sys.executable, "-m", "tests.prove.kill_points", "--every", "100", "--proxy", "0", "--random", "0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if done.stdout.startswith("not run"):
        pytest.skip(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(done.stdout)
    assert [act["name"] for act in figures["acts"]] == [act.name for act in ACTS]
    assert figures["kills"] >= 20
    assert all(act["kills"] for act in figures["acts"])


def test_when_the_power_is_cut_the_ledger_never_shows_less_than_was_spent(tmp_path: Path) -> None:
    try:
        found = ledger_power_cut.run(40, 400, 3, tmp_path)
    except ledger_power_cut.CannotCut as reason:
        pytest.skip(str(reason))
    assert found.good, found
    assert found.cuts >= 40


@pytest.mark.parametrize("mutant", ["mark-is-not-synced", "files-are-not-synced"])
def test_what_is_not_synced_is_found_out(tmp_path: Path, mutant: str) -> None:
    try:
        found = ledger_power_cut.run(30, 400, 3, tmp_path, mutant)
    except ledger_power_cut.CannotCut as reason:
        pytest.skip(str(reason))
    assert found.unseen_picos > 0
    assert found.files_lost > 0 or mutant == "mark-is-not-synced"
