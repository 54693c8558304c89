"""Every fuzzer for long, each with the table of what it tried: `tests/run.py --prove` (issue 9's third point)."""

from pathlib import Path

import pytest

from tests.fuzz.__main__ import tell
from tests.fuzz.fuzzers import FUZZERS
from tests.fuzz.run import Run

pytestmark = pytest.mark.prove

INPUTS = {"wire": 50_000, "bodies": 25_000, "sse": 25_000, "localsse": 1_000, "config": 1_500, "reload": 2_000}
OTHERS = 5_000
"""Inputs of a fuzzer that has no number of its own."""


@pytest.mark.parametrize("name", FUZZERS)
def test_no_made_up_input_breaks_a_promise(name: str, tmp_path: Path) -> None:
    run = Run(name, tmp_path, seed=9, inputs=INPUTS.get(name, OTHERS))
    FUZZERS[name](run)
    tell([run])
    assert run.violations == []
    # Of the API, schemathesis counts for itself.
    assert run.tried == run.inputs or (name == "api" and run.tried > 1000)
