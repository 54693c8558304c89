"""The kit's bursar: one that does not start leaves neither a process nor a pipe behind."""

import os
import sys
from pathlib import Path

import pytest

from tests.bench.process import tree
from tests.kit.bursar import Bursar
from tests.kit.leftovers import nothing_left
from tests.prove.day.clocked import Clocked

NOWHERE = "http://127.0.0.1:9"


class Mute(Clocked):
    """A module that runs, and never serves."""

    module = "tests.kit.leftovers"


def test_one_that_never_answers_is_ended(tmp_path: Path):
    asleep = (sys.executable, "-c", "import time; time.sleep(60)")
    bursar = Bursar(tmp_path / "home", NOWHERE, program=asleep)
    before = tree(os.getpid())
    with nothing_left(), pytest.raises(AssertionError, match="did not start"):
        bursar.start(0.2)
    assert tree(os.getpid()) == before


def test_one_that_ends_at_once_leaves_no_pipe(tmp_path: Path):
    bursar = Mute(tmp_path / "home", NOWHERE)
    with nothing_left(), pytest.raises(AssertionError):
        bursar.start()
