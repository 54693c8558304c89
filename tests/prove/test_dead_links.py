"""Links that are dead, in a network of their own (FAULTS.md F01, F02)."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit.fake_claude import ROOT

pytestmark = pytest.mark.prove

APART = ("unshare", "--net", "--mount")


def why_not() -> str:
    """Say why this machine cannot make a network of its own; nothing if it can."""
    if not shutil.which("unshare") or not shutil.which("ip"):
        return "the commands unshare and ip, which make a network of its own, are missing"
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return "only root can make a network of its own"
    words = "ip link set lo up"
    done = subprocess.run([*APART, *words.split()], capture_output=True, text=True, check=False)
    return f"this machine gives no network of its own: {done.stderr.strip()}" if done.returncode else ""


@pytest.mark.skipif(bool(why_not()), reason=why_not() or "it can")
def test_f01_f02_where_nothing_answers_it_is_told_in_time_and_costs_nothing(tmp_path: Path) -> None:
    command = [*APART, sys.executable, "-m", "tests.prove.dead_links", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    print(done.stdout)
    for what, found in json.loads(done.stdout).items():
        assert found["status"] == 502, what
        assert "cannot reach anthropic" in found["said"], what
        assert found["entries"] == [["voided", 0]], what
        assert found["seconds"] < 15, what  # Ten are allowed; the machine of a test may be busy.
