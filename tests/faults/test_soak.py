"""Hundreds of requests of every kind, one in ten faulty, through the running proxy (FAULTS.md F21)."""

import sys
from pathlib import Path

import pytest

from tests.prove.soak.__main__ import soak
from tests.prove.soak.verdict import faults

FILLS_MB = 400
"""More than all that is remembered of requests takes for ten thousand of them while it fills; their bodies are 600."""

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="memory and descriptors are told by /proc alone"
)


def test_f21_hundreds_of_requests_of_every_kind_leave_right_books_and_nothing_open(tmp_path: Path) -> None:
    seen = soak(tmp_path / "home", 200, [16, 32], 0.1, warm=100, rounds=2, every_s=0.3)
    assert faults(seen, most_growth_mb=FILLS_MB, most_leak_mb=FILLS_MB) == []
    assert seen.asked >= 250
    assert seen.books.exact > 80
    assert seen.health


def test_f21_a_body_that_is_kept_for_each_request_would_be_seen(tmp_path: Path) -> None:
    seen = soak(tmp_path / "home", 120, [16], 0.1, warm=60, rounds=2, every_s=0.3, leak=60_000)
    (resident, in_use) = faults(seen, most_growth_mb=FILLS_MB, most_leak_mb=FILLS_MB)
    assert resident.startswith("resident memory grows by")
    assert in_use.startswith("memory in use grows by")
