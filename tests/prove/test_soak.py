"""The soak with its verdict: `python tests/run.py --prove`; at full length it is `python -m tests.prove.soak`."""

import sys
from pathlib import Path

import pytest

from tests.prove.soak.__main__ import soak
from tests.prove.soak.verdict import faults, tell

pytestmark = [
    pytest.mark.prove,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory and descriptors are told by /proc alone"),
]

FILLS_MB = 25
"""What all that is remembered of requests may take for ten thousand of them, while it fills."""


def test_of_twenty_thousand_requests_one_in_ten_faulty_nothing_is_left_and_the_books_are_right(tmp_path: Path) -> None:
    seen = soak(tmp_path / "home", 10_000, [64, 256], 0.1, warm=10_000, rounds=2)
    wrong = faults(seen, most_growth_mb=FILLS_MB, most_leak_mb=FILLS_MB)
    tell(seen, wrong)
    assert wrong == []
    assert seen.books.exact > 10_000
