"""A disk that fails now and then: calls of the system that read, write or sync fail at random under load (F14).

The failures are libfiu's (`fiu-run`), in the whole of a real bursar: the ledger, its mark and tip, the log, the token.
"""

import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.test_change import load
from tests.kit.bursar import PICOS, Bursar
from tests.kit.fake_claude import FakeClaude
from tests.kit.raw import ask, eventually, message

pytestmark = [
    pytest.mark.prove,
    pytest.mark.skipif(shutil.which("fiu-run") is None, reason="fiu-run (package fiu-utils) is not installed"),
]

FAILING = {
    "pages of the database": "posix/io/rw/pwrite*",
    "files read by offset": "posix/io/rw/pread*",
    "the mark and the log": "posix/io/rw/write",
    "syncing": "posix/io/sync/*",
    "opening files": "posix/io/oc/open*",
    "everything written or synced": "posix/io/sync/*,posix/io/rw/write,posix/io/rw/pwrite*",
}
TOLD = {FAILING["pages of the database"], FAILING["syncing"]}
"""The ledger cannot do without these, and the log can: that it is said shows that the failures came."""
CUTOFF = "2.00"
SECONDS = 3


@contextmanager
def failing(bursar: Bursar, pipe: Path, points: str, probability: float) -> Iterator[None]:
    """Let these calls fail at random; none at the end."""
    each = points.split(",")
    _tell(bursar, pipe, *(f"enable_random name={point},probability={probability}" for point in each))
    try:
        yield
    finally:
        _tell(bursar, pipe, *(f"disable name={point}" for point in each))


def _tell(bursar: Bursar, pipe: Path, *commands: str) -> None:
    words = [word for command in commands for word in ("-c", command)]
    subprocess.run(["fiu-ctrl", *words, "-f", str(pipe), str(bursar.pid)], check=True, timeout=30)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("points", FAILING.values(), ids=FAILING.keys())
def test_f14_whatever_the_disk_refuses_nothing_billed_is_lost_and_it_heals_alone(
    tmp_path: Path, fake: FakeClaude, points: str, seed: int
) -> None:
    chance, pipe = random.Random(seed), tmp_path / "fiu"
    program = ("fiu-run", "-x", "-f", str(pipe), sys.executable, "-m", "tray")
    with Bursar(tmp_path / "home", fake.url, program=program, budget=CUTOFF, cutoff=CUTOFF) as bursar:
        eventually(lambda: _has_started(bursar), 60)
        assert ask(bursar.url, message("[[out:30]]")).status == 200
        with load(bursar.url, 8):
            with failing(bursar, pipe, points, chance.choice((0.01, 0.1, 0.5))):
                time.sleep(SECONDS)
            with failing(bursar, pipe, points, 1):
                time.sleep(SECONDS / 3)
        eventually(lambda: ask(bursar.url, message("[[out:30]]", max_tokens=50)).status == 200, 60)
        bursar.settled()
        fake.wait_until(lambda it: it.bill()["open"] == 0)
        gone = float(bursar.status()["settled_usd"]) * PICOS
        assert fake.bill()["picos"] <= gone + 1 <= float(CUTOFF) * PICOS + 1
        assert bursar.stop() == 0
    assert "the ledger cannot be written" in bursar.output() or points not in TOLD
    assert len(bursar.output()) < 100_000


def _has_started(bursar: Bursar) -> bool:
    log = bursar.home / "bursar.log"
    return log.exists() and "serving agents" in log.read_text("utf-8")
