"""Savings of a whole day against the fake's own bills: `python tests/run.py --prove`."""

from pathlib import Path

import pytest

from tests.kit import traffic
from tests.prove import savings_day

pytestmark = pytest.mark.prove


def test_a_day_s_savings_are_told_within_two_in_a_hundred(tmp_path: Path) -> None:
    outcome = savings_day.play(traffic.generate(usd=100), tmp_path)
    savings_day.tell(outcome)  # The figures: --prove shows them.
    assert outcome.local > 200
    assert abs(outcome.said - outcome.truth) * 50 <= abs(outcome.truth)
    assert outcome.found.total.unknown.requests == 0
    assert outcome.found.error.off_permille is not None
    assert outcome.found.error.off_permille <= 20
