"""What a whole day missed of Claude's cache against the fake's own bills: `python tests/run.py --prove`."""

from pathlib import Path

import pytest

from tests.kit import traffic
from tests.prove import cache_day


@pytest.mark.prove
@pytest.mark.parametrize("family", cache_day.FAMILIES)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_a_day_missed_is_what_its_bills_say(tmp_path: Path, seed: int, family: str) -> None:
    outcome = cache_day.play(cache_day.newer(traffic.generate(seed, usd=40), family), tmp_path)
    cache_day.tell(outcome, family)  # The figures: --prove shows them.
    expired = sum(cut.amount.picos for cut in outcome.found.cuts if cut.kind == "expired")
    assert abs(expired - outcome.expiry) * 1000 <= outcome.expiry
    for said, true in ((outcome.whole.if_5m.picos, outcome.if_5m), (outcome.whole.if_1h.picos, outcome.if_1h)):
        assert abs(said - true) * 1000 <= true


def test_what_a_morning_missed_is_what_its_bills_say(tmp_path: Path) -> None:
    outcome = cache_day.play(traffic.generate(1, usd=40)[:60], tmp_path)
    assert sum(cut.amount.picos for cut in outcome.found.cuts if cut.kind == "expired") == outcome.expiry > 0
    assert (outcome.whole.if_5m.picos, outcome.whole.if_1h.picos) == (outcome.if_5m, outcome.if_1h)
