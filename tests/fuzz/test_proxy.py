"""A few hundred inputs for each fuzzer of the running proxy; tests/prove/test_fuzz.py has the long runs (F11, F12)."""

from pathlib import Path

import pytest

from tests.fuzz.fuzzers import FUZZERS
from tests.fuzz.run import Run


@pytest.mark.parametrize(("name", "inputs"), [("wire", 200), ("bodies", 80), ("sse", 150)])
def test_no_made_up_input_breaks_a_promise(name: str, inputs: int, tmp_path: Path) -> None:
    run = Run(name, tmp_path, seed=1, inputs=inputs)
    FUZZERS[name](run)
    assert run.violations == []
    assert (run.tried, sum(run.ends.values())) == (inputs, inputs)


@pytest.mark.parametrize("name", ["wire", "bodies", "sse"])
def test_an_input_can_be_made_again_from_its_number(name: str, tmp_path: Path) -> None:
    whole, one = Run(name, tmp_path, inputs=20), Run(name, tmp_path, first=17, inputs=1)
    ((number, again),) = one.cases()
    assert again.random() == dict(whole.cases())[number].random()
