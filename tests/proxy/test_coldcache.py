"""A local turn is weighed against what it lets go cold at Claude."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from pricing.money import ZERO, Money
from pricing.rates import Rates
from proxy.coldcache import Turn, Warm, Warmth, warm_after, worth_of

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SOON = NOW + timedelta(minutes=4)
OPUS = Rates(4_000_000, 5_000_000, 8_000_000, 200_000, 20_000_000)  # $4 / 5 / 8 / 0.20 / 20 per MTok
TURN = Turn(requests=3, new_tokens=1_000, output_tokens=200)


def test_a_warm_turn_saves_its_reads_and_its_output():
    worth = worth_of(OPUS, 100_000, Warm(100_000, SOON), NOW, TURN)
    # 3 × 100,000 reads at $0.20, 3,000 reads of what was added (1,000 + 2,000), 600 out at $20 a million
    assert worth.saved == Money.usd("0.0726")  # 0.06 + 0.0006 + 0.012


def test_what_goes_cold_costs_a_write_in_place_of_a_read_as_often_as_it_happens():
    worth = worth_of(OPUS, 100_000, Warm(100_000, SOON), NOW, TURN, cooling_permille=390)
    assert worth.cooling == Money.usd("0.1872")  # 100,000 × ($5.00 − $0.20) a million × 0.39
    assert not worth.is_worth_it


def test_a_prefix_that_lives_an_hour_is_dearer_to_lose():
    worth = worth_of(OPUS, 100_000, Warm(100_000, SOON, for_an_hour=True), NOW, TURN, cooling_permille=1000)
    assert worth.cooling == Money.usd("0.78")  # 100,000 × ($8.00 − $0.20) a million


def test_a_fresh_session_and_an_expired_cache_have_nothing_to_lose():
    for warm in (None, Warm(100_000, NOW)):
        worth = worth_of(OPUS, 100_000, warm, NOW, TURN)
        assert worth.cooling == ZERO
        # 2 × 100,000 reads, 3,000 reads of what was added, 600 out; the write comes sooner or later
        assert worth.saved == Money.usd("0.0526")
        assert worth.is_worth_it


@given(
    st.integers(0, 10**6), st.integers(0, 10**6), st.integers(1, 50), st.integers(0, 10**4), st.integers(0, 10**4),
    st.integers(0, 1000),
)  # fmt: skip
def test_no_turn_has_a_negative_part_and_a_likelier_loss_is_never_cheaper(context, held, requests, new, out, permille):
    turn, warm = Turn(requests, new, out), Warm(held, SOON)
    worth = worth_of(OPUS, context, warm, NOW, turn, permille)
    assert worth.saved >= ZERO
    assert ZERO <= worth.cooling <= worth_of(OPUS, context, warm, NOW, turn, 1000).cooling


def test_a_cache_that_is_kept_warm_costs_three_pings_in_place_of_its_writing():
    worth = worth_of(OPUS, 100_000, Warm(100_000, SOON), NOW, is_kept=True)
    # 100,000 × 39 % × 3 readings at 0.1 of the input's price, in place of 1.15 of it
    assert worth.cooling == Money(100_000 * 3 * OPUS.cache_read * 390 // 1000)
    assert 3 * worth.cooling < worth_of(OPUS, 100_000, Warm(100_000, SOON), NOW).cooling


def test_warmth_is_remembered_until_it_expires_and_for_so_many_conversations_only():
    warmth = Warmth(most=2)
    for key in ("a", "b", "c"):
        warmth.heard(key, Warm(10, SOON))
    assert warmth.of("a", NOW) is None
    assert warmth.of("c", NOW) == Warm(10, SOON)
    assert warmth.of("c", SOON) is None


def test_an_answer_says_what_is_warm_and_for_how_long():
    usage = {"input_tokens": 10, "cache_read_input_tokens": 1_000, "cache_creation_input_tokens": 200}
    assert warm_after(usage, NOW, for_an_hour=False) == Warm(1_210, NOW + timedelta(minutes=5))
    assert warm_after(usage, NOW, for_an_hour=True) == Warm(1_210, NOW + timedelta(hours=1), for_an_hour=True)


def test_what_was_written_is_believed_before_the_request_s_marks():
    split = {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 200}
    usage = {"input_tokens": 10, "cache_creation_input_tokens": 200, "cache_creation": split}
    assert warm_after(usage, NOW, for_an_hour=False) == Warm(210, NOW + timedelta(hours=1), for_an_hour=True)


def test_an_answer_without_a_cache_leaves_nothing_warm():
    assert warm_after({"input_tokens": 10, "cache_read_input_tokens": None}, NOW, for_an_hour=True) is None
