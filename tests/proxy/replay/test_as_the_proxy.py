"""The engine and the running proxy send the calls of a short day the same way; tests/prove has longer ones."""

from __future__ import annotations

from pathlib import Path

from tests.kit import traffic
from tests.prove.replay_engine import compared


def test_every_call_of_a_short_day_goes_where_the_proxy_sends_it(tmp_path: Path):
    found = compared(traffic.generate(seed=21, usd=2), tmp_path / "home")
    assert found.differ == ()
    assert 0 < found.at_local < found.calls > 50
    assert found.outgrown > 0
