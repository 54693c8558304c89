"""Recorded requests are replayed by what could be known then, and told what the best had been."""

from pricing.money import Money
from pricing.rates import Rates
from proxy.keeper.hazard import Hazard
from proxy.keeper.pauses import Said
from proxy.keeper.replay import Asked, Replaying, replay

OPUS_5_5 = Rates(4_000_000, 5_000_000, 8_000_000, 200_000, 20_000_000)
PING, SAVED = 20_000_000_000, 480_000_000_000  # 100,000 tokens: $0.02 read, $0.48 less than written


def asked(
    at_s: float, thread: str = "a", prefix: int = 100_000, *, asks_tool: bool = False, sub: bool = False
) -> Asked:
    """Ask at a moment; the answer takes no time, and all of the prefix before is in the prompt again."""
    return Asked(Said(thread, thread, sub, asks_tool), at_s, at_s, prefix, 0, prefix, OPUS_5_5)


def test_who_is_back_within_the_cache_s_life_needs_no_ping() -> None:
    found = replay([asked(0), asked(285)])
    assert (found.saved, found.best) == (0, 0)


def test_who_is_back_after_seven_minutes_is_saved_the_writing_by_one_ping() -> None:
    replaying = Replaying()
    replaying.take(asked(0))
    replaying.take(asked(420))
    found = replaying.found
    assert (found.pings, found.cost, found.saved, found.wasted) == (1, PING, SAVED, 0)
    assert found.best == SAVED - PING


def test_who_never_comes_back_is_let_go_after_a_few_pings() -> None:
    found = replay([asked(0)])
    assert 1 <= found.pings <= 12
    assert (found.saved, found.wasted, found.best) == (0, found.pings, 0)


def test_what_a_sub_agent_said_last_is_never_kept() -> None:
    assert replay([asked(0, sub=True)]).pings == 0


def test_one_who_knows_the_end_keeps_it_as_long_as_that_pays_and_not_longer() -> None:
    # 24 pings cost what one writing does: to be back after 24 lives is worth nothing.
    assert replay([asked(0), asked(20 * 300 + 1)]).best == SAVED - 20 * PING
    assert replay([asked(0), asked(25 * 300 + 1)]).best == 0


def test_a_prompt_that_was_cut_short_reads_no_more_than_it_has() -> None:
    replaying = Replaying()
    replaying.take(asked(0))
    replaying.take(asked(420, prefix=25_000))
    assert replaying.found.saved == SAVED // 4


def test_no_ping_is_sent_beyond_what_pings_may_cost() -> None:
    assert replay([asked(0)], most=Money(PING)).pings == 1
    assert replay([asked(0)], most=Money(PING - 1)).pings == 0


def test_it_decides_by_nothing_that_comes_later() -> None:
    long = [asked(0, f"s{n}") for n in range(30)]
    one, other = Replaying(Hazard()), Replaying(Hazard())
    for each in long:
        one.take(each)
        other.take(each)
    one.take(asked(2000, "one"))
    other.take(asked(2000, "s3"))
    assert one.found.pings == other.found.pings
