"""Hundreds of requests of every kind, one in ten faulty, through the running proxy (FAULTS.md F21)."""

import sys
from pathlib import Path

import pytest

from tests.prove.soak.__main__ import soak
from tests.prove.soak.verdict import faults


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory and descriptors are told by /proc alone")
def test_f21_hundreds_of_requests_of_every_kind_leave_right_books_and_nothing_open(tmp_path: Path) -> None:
    seen = soak(tmp_path / "home", 250, [16, 32], 0.1, every_s=0.3)
    assert faults(seen, has_slope=False) == []
    assert seen.asked >= 250
    assert seen.books.exact > 80
    assert seen.health
