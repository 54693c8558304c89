"""What the soak says of memory: a leak of a megabyte in ten thousand requests never passes, and what is none does."""

import random

import pytest

from tests.prove.soak.books import Compared
from tests.prove.soak.inside import Inside
from tests.prove.soak.run import Seen
from tests.prove.soak.samples import Rest, Sample
from tests.prove.soak.verdict import faults

WARM = 60_000


def seen(leak_mb: float, *, noise_mb: float = 0.0, above_mb: float = 20.0) -> Seen:
    """Make what a run sees whose memory grows so in ten thousand requests; 256 agents leave `above_mb` more."""
    chance, found = random.Random(1), Seen(2)
    found.at_rest = [_rest(0, 0, 70.0, 50.0), _rest(64, WARM // 2, 120.0, 90.0), _rest(256, WARM, 150.0, 100.0)]
    for number in range(10):
        asked, agents = WARM + 10_000 * (number + 1), 64 if number % 2 == 0 else 256
        grown, above = leak_mb * number, above_mb if agents == 256 else 0.0
        found.at_rest.append(
            _rest(agents, asked, 150.0 + grown + above + chance.uniform(-noise_mb, noise_mb), 100.0 + grown)
        )
    found.samples = [rest.sample for rest in found.at_rest]
    found.books = Compared()
    return found


def _rest(agents: int, asked: int, resident: float, used: float) -> Rest:
    return Rest(agents, Sample(asked, resident, resident, 30, 30, 0, 0), Inside(used, used, 0.0))


def test_a_leak_of_a_megabyte_in_ten_thousand_requests_is_told_of_what_is_in_use() -> None:
    assert faults(seen(1.0)) == ["memory in use grows by 1.00 MB for ten thousand requests"]


@pytest.mark.parametrize("noise_mb", [0.0, 4.0])
def test_a_larger_one_is_told_of_what_is_resident_too(noise_mb: float) -> None:
    resident, in_use = faults(seen(2.0, noise_mb=noise_mb))
    assert resident.startswith("resident memory grows by")
    assert in_use == "memory in use grows by 2.00 MB for ten thousand requests"


@pytest.mark.parametrize("above_mb", [0.0, 20.0, 100.0])
def test_that_more_at_once_leave_more_behind_is_no_growth(above_mb: float) -> None:
    assert faults(seen(0.0, above_mb=above_mb)) == []


def test_of_a_single_round_nothing_can_be_told() -> None:
    short = seen(50.0)
    del short.at_rest[5:]
    assert faults(short) == ["whether memory grows cannot be told: ask for two rounds at least"]


def test_what_the_warm_up_filled_is_no_growth() -> None:
    filled = seen(0.0)
    filled.at_rest[1] = _rest(64, WARM // 2, 20.0, 20.0)
    assert faults(filled) == []
