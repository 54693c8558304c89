"""What is printed as a sum comes out as printed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing.addingup import left_of
from pricing.money import Money

amounts = st.integers(-(10**16), 10**16).map(Money)


@pytest.mark.parametrize(
    ("amounts", "printed"),
    [
        # Rounded each for itself, 38.66 − 30.77 − 0.65 would be 7.24, and 7.23 is left.
        (("38.655", "30.774", "0.648"), ("$38.65", "$30.77", "$0.65", "$7.23")),
        (("0.05", "0.003", "0.5"), ("$0.0500", "$0.0030", "$0.5000", "-$0.4530")),
        (("2", "1.99", "0.00123"), ("$2.0000", "$1.9900", "$0.0012", "$0.0088")),
        (("1.25", "1.25"), ("$1.25", "$1.25", "$0.00")),
        (("0", "0"), ("$0.00", "$0.00", "$0.00")),
    ],
)
def test_a_reader_who_adds_up_comes_to_what_is_printed(amounts: tuple[str, ...], printed: tuple[str, ...]):
    assert left_of(*map(Money.usd, amounts)) == printed


@given(amounts, st.lists(amounts, max_size=5))
def test_what_is_printed_comes_out_and_is_nowhere_far_off(whole: Money, taken: list[Money]):
    read = [Money.usd(text.replace("$", "").replace(",", "")) for text in left_of(whole, *taken)]
    first, *less, rest = read
    assert first - Money.total(less) == rest
    assert abs((rest - (whole - Money.total(taken))).picos) <= 10**10 // 2
    assert all(abs((one - true).picos) < 2 * 10**10 for one, true in zip((first, *less), (whole, *taken), strict=True))
