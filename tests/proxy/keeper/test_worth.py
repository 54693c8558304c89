"""A ping is sent where it is expected to save more than it costs, counting the pings that may follow it."""

from hypothesis import given
from hypothesis import strategies as st

from pricing.rates import Rates
from proxy.keeper.worth import MOST_PINGS, Stake, stake_of, worth

OPUS_5_5 = Rates(4_000_000, 5_000_000, 8_000_000, 200_000, 20_000_000)
STAKES = st.builds(Stake, st.integers(1, 10**12), st.integers(1, 10**13))
CHANCES = st.lists(st.floats(0, 1), min_size=MOST_PINGS, max_size=MOST_PINGS)
STEP_S = 290.0


def of(chances: list[float]):
    """Say how likely a return is in each step."""
    return lambda since_s, until_s: chances[round(since_s / STEP_S)]


def test_a_prefix_costs_its_reading_and_saves_its_writing() -> None:
    # 100,000 tokens: read at $0.20 a million, written for five minutes at $5, for an hour at $8; 1,000 more at $4.
    assert stake_of(OPUS_5_5, 100_000, 1_000, for_an_hour=False) == Stake(24_000_000_000, 480_000_000_000)
    assert stake_of(OPUS_5_5, 100_000, 0, for_an_hour=True) == Stake(20_000_000_000, 780_000_000_000)


def test_who_is_sure_to_come_back_is_waited_for_and_who_never_does_is_not() -> None:
    stake = Stake(20, 480)
    assert worth(stake, 0, STEP_S, of([1.0] * MOST_PINGS)) == 460
    assert worth(stake, 0, STEP_S, of([0.0] * MOST_PINGS)) == -20


def test_a_ping_that_does_not_pay_alone_is_worth_it_where_the_next_one_pays() -> None:
    # Nobody comes in the first five minutes, half do in the next: -20 + (0.5 x 480 - 20) = 200.
    assert worth(Stake(20, 480), 0, STEP_S, of([0.0, 0.5] + [0.0] * (MOST_PINGS - 2))) == 200


def test_the_line_is_where_the_chance_times_what_is_saved_is_what_a_ping_costs() -> None:
    only_now = [0.05] + [0.0] * (MOST_PINGS - 1)
    assert worth(Stake(24, 480), 0, STEP_S, of(only_now)) == 0
    assert worth(Stake(23, 480), 0, STEP_S, of(only_now)) > 0
    assert worth(Stake(25, 480), 0, STEP_S, of(only_now)) < 0


@given(STAKES, CHANCES)
def test_it_is_never_worth_more_than_what_is_saved_nor_less_than_one_ping(stake: Stake, chances: list[float]) -> None:
    assert -stake.ping <= worth(stake, 0, STEP_S, of(chances)) <= stake.saved - stake.ping + 1e-3


@given(STAKES, CHANCES, st.integers(0, MOST_PINGS - 1))
def test_to_look_further_ahead_never_makes_it_worth_less(stake: Stake, chances: list[float], most: int) -> None:
    near = worth(stake, 0, STEP_S, of(chances), most + 1)
    assert worth(stake, 0, STEP_S, of(chances)) >= near - 1e-3
