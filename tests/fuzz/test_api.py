"""The control API, tried from its own description: a small run; tests/prove has the long one."""

from pathlib import Path

import pytest

from tests.fuzz import api
from tests.fuzz.run import Run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not api.is_installed(), reason="schemathesis is not there: python3 tests/run.py fetches it"),
]


def test_no_request_to_the_control_api_breaks_a_promise(tmp_path: Path):
    run = Run("api", tmp_path, inputs=3 * api.OPERATIONS)
    api.fuzz(run)
    assert run.ends["operations"] == api.OPERATIONS
    assert [found.why for found in run.violations] == []
