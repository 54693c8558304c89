"""The cache keeper's proof: a small one here, the long ones with `--prove`.

By `python -m tests.prove.keeper_replay` and `python -m tests.prove.keeper_day` with other days, and more of them.
"""

from pathlib import Path

import pytest

from tests.prove import keeper_day, keeper_replay

WORST = 1.01
"""No day may cost more with the keeper than this share of what it costs without."""


@pytest.mark.parametrize("family", keeper_replay.FAMILIES)
def test_three_days_cost_less_with_the_keeper_and_none_much_more(family: str) -> None:
    found = list(keeper_replay.drawn(range(201, 204), family, 1, 100.0, None))
    assert sum(one.kept.net.picos for one in found) > 0
    assert all(one.oracle <= one.keeper <= WORST for one in found)


@pytest.mark.prove
@pytest.mark.parametrize(("family", "points"), [("5.5", 6.0), ("4.6", 5.5)])
def test_forty_days_are_kept_within_points_of_one_who_knows_when_each_pause_ends(family: str, points: float) -> None:
    found = list(keeper_replay.drawn(range(1, 41), family, 1, 100.0, None))
    keeper_replay.tell(family, found)
    gaps = sorted((one.keeper - one.oracle) * 100 for one in found)
    assert max(one.keeper for one in found) <= WORST
    assert gaps[len(gaps) // 2] <= points


@pytest.mark.prove
@pytest.mark.parametrize("family", keeper_day.FAMILIES)
def test_three_days_through_the_running_proxy(family: str, tmp_path: Path) -> None:
    found = [
        keeper_day.compared(keeper_day.day_of(seed, 25.0, family, None), tmp_path / str(seed)) for seed in (1, 2, 3)
    ]
    keeper_day.tell(family, found)
    assert all(one.is_unchanged and one.on.bill == one.on.charged for one in found)
    assert sum(one.on.bill for one in found) < sum(one.off.bill for one in found)
    assert max(one.keeper for one in found) <= WORST
