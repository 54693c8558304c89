"""What is measured follows from the context, from bursar's own guess of a prompt, and from the time there is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.bench.plan import FULL, QUICK, Time, chars_for, forecast, largest
from proxy.bench.texts import conversation, filler


def test_all_sizes_of_agents_are_measured_up_to_the_largest_that_fits():
    assert FULL.sizes(40_000) == (1024, 4096, 8192, 16384, 32768, 40_000)
    assert FULL.sizes(33_000) == (1024, 4096, 8192, 16384, 32768)
    assert QUICK.sizes(40_000) == (1024, 8192, 32768, 40_000)
    assert FULL.sizes(700) == (700,)
    assert FULL.sizes(100) == ()


def test_the_largest_prompt_is_one_whose_guess_fits_too():
    # bursar guesses 1,300 where the server counts 1,000; of 10,000 less 64 + 128, a guess of 9,808 fits: 7,544 tokens.
    assert largest(10_000, 64, 1000, 1300) == int(9808 / 1.3 * 0.97)
    assert largest(10_000, 64, 1300, 1000) == int(9808 * 0.97)
    assert largest(100, 64, 1000, 1000) == 0


def test_the_characters_of_a_size_are_learned_from_what_the_server_counted():
    # 400 characters were 120 tokens and 6,400 were 1,620: 4 characters a token behind 20 of the template.
    assert chars_for(1020, [(400, 120), (6400, 1620)]) == 4000
    assert chars_for(10, [(400, 120), (6400, 1620)]) == 1
    assert chars_for(100, [(400, 100), (400, 100)]) == 400


@given(st.integers(1, 10**6), st.integers(1, 10**6), st.floats(0, 1e4))
def test_a_longer_prompt_is_never_forecast_to_take_less(one: int, other: int, seconds: float):
    few, many = sorted((one, other))
    assert forecast([(few, seconds)], many) >= forecast([(few, seconds)], few) * (1 - 1e-9)
    assert forecast([], many) == 0.0


def test_the_time_is_counted_on_the_clock_that_was_given():
    now = [100.0]
    time = Time(10, lambda: now[0])
    part = time.part(0.5)
    now[0] += 4
    assert (time.gone, time.left, part.left) == (4.0, 6.0, 1.0)
    now[0] += 20
    assert (time.left, part.left) == (0.0, 0.0)


@given(st.text(max_size=12), st.integers(0, 20_000))
def test_a_text_has_just_the_length_that_was_asked_for_and_is_the_same_for_the_same_nonce(nonce: str, chars: int):
    assert len(filler(nonce, chars)) == chars
    assert filler(nonce, chars) == filler(nonce, chars)


def test_two_prompts_differ_from_their_first_line_on_and_a_next_turn_goes_on_from_the_first():
    one, other = conversation("a", 1000), conversation("b", 1000)
    assert one["system"] != other["system"]
    assert one["messages"][0]["content"][0]["text"][:60] != other["messages"][0]["content"][0]["text"][:60]
    later = conversation("a", 1000, turns=2)
    assert later["messages"][:1] == one["messages"]
    assert [message["role"] for message in later["messages"]] == ["user", "assistant", "user"]


def test_a_quick_bench_is_about_a_minute_and_a_full_one_about_five():
    assert (QUICK.seconds, FULL.seconds) == (60, 300)
    with pytest.raises(AttributeError):
        QUICK.seconds = 1  # type: ignore[misc]
