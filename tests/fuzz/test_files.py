"""What is read from disk, made up: a small run of each fuzzer; tests/prove has the long ones."""

from pathlib import Path

import pytest

from tests.fuzz import agentfiles, config, prices, reload
from tests.fuzz.run import Run

RUNS = {
    "config": (config.fuzz, 12),
    "prices": (prices.fuzz, 120),
    "agentfiles": (agentfiles.fuzz, 60),
    "reload": (reload.fuzz, 10),
}


@pytest.mark.parametrize("name", RUNS)
def test_no_file_breaks_a_promise(name: str, tmp_path: Path):
    fuzz, inputs = RUNS[name]
    run = Run(name, tmp_path, inputs=inputs)
    fuzz(run)
    assert (run.tried, [(found.number, found.why) for found in run.violations]) == (inputs, [])
    assert len(run.ends) > 1, run.ends
