"""Money is whole picodollars: read exactly or not at all, rounded only when shown."""

from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing.money import ZERO, Money

amounts = st.integers(-(10**20), 10**20).map(Money)


@pytest.mark.parametrize(
    ("text", "picos"),
    [
        ("0.006", 6_000_000_000),
        ("0.000000000001", 1),
        ("12", 12 * 10**12),
        ("-0.5", -5 * 10**11),
        ("1e-12", 1),
        (20, 20 * 10**12),
        (Decimal("0.10"), 10**11),
    ],
)
def test_dollars_are_read_exactly(text: str | int | Decimal, picos: int) -> None:
    assert Money.usd(text).picos == picos


@pytest.mark.parametrize(
    "text",
    [
        *("", "ten", "NaN", "Infinity", "-Infinity", "1,000", "$1", "0.0000000000001", "1e-999999999", "1e999999"),
        # One digit more than decimal arithmetic keeps by default: it must not be rounded off in silence.
        "12345678901234567.8901234567891",
    ],
)
def test_what_is_no_exact_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="amount"):
        Money.usd(text)


def test_the_precision_of_someone_elses_decimals_does_not_change_an_amount() -> None:
    with localcontext() as context:
        context.prec = 3
        assert Money.usd("12.345678901234").picos == 12_345_678_901_234
        assert Money(12_345_678_901_234).exact() == "12.345678901234"


@pytest.mark.parametrize("wrong", [0.5, True, None, 1.0])
def test_money_is_not_made_of_floats_or_flags(wrong: object) -> None:
    with pytest.raises(TypeError):
        Money.usd(wrong)  # type: ignore[arg-type]


def test_money_times_a_float_is_an_error() -> None:
    with pytest.raises(TypeError):
        Money(10) * 0.5  # type: ignore[operator]


@pytest.mark.parametrize(
    ("picos", "up", "down", "nearest"),
    [
        (1_840_000_000_000, "$1.84", "$1.84", "$1.84"),
        (1_840_000_000_001, "$1.85", "$1.84", "$1.84"),
        (1_845_000_000_000, "$1.85", "$1.84", "$1.84"),
        (1_855_000_000_000, "$1.86", "$1.85", "$1.86"),
        (0, "$0.00", "$0.00", "$0.00"),
        (-1_005_000_000_000, "-$1.00", "-$1.01", "-$1.00"),
        (1_234_567_000_000_000_000, "$1,234,567.00", "$1,234,567.00", "$1,234,567.00"),
    ],
)
def test_only_what_is_shown_is_rounded(picos: int, up: str, down: str, nearest: str) -> None:
    money = Money(picos)
    assert (money.dollars(rounding="up"), money.dollars(rounding="down"), money.dollars()) == (up, down, nearest)


@pytest.mark.parametrize(
    ("usd", "up", "down", "nearest"),
    [
        ("0.00345", "$0.0035", "$0.0034", "$0.0034"),
        ("0.009999", "$0.0100", "$0.0099", "$0.0100"),
        ("-0.00345", "-$0.0034", "-$0.0035", "-$0.0034"),
        ("0.000000094578", "$0.000000095", "$0.000000094", "$0.000000095"),
        ("0.000000000001", "$0.000000000001", "$0.000000000001", "$0.000000000001"),
    ],
)
def test_less_than_a_cent_keeps_two_digits_and_never_reads_as_nothing(
    usd: str, up: str, down: str, nearest: str
) -> None:
    money = Money.usd(usd)
    assert (money.dollars(rounding="up"), money.dollars(rounding="down"), money.dollars()) == (up, down, nearest)


@pytest.mark.parametrize(
    ("usd", "shown"),
    [("0", "$0.00"), ("0.08314", "$0.0831"), ("1.08314", "$1.08"), ("0.0000123", "$0.000012"), ("-0.5", "-$0.5000")],
)
def test_what_one_request_came_to_is_shown_to_the_hundredth_of_a_cent(usd: str, shown: str) -> None:
    assert Money.usd(usd).fine() == shown


def test_places_may_be_none_or_all() -> None:
    assert Money(1_500_000_000_001).dollars(0, "up") == "$2"
    assert Money.usd("0.4").dollars(0) == "$0.40"
    assert Money(1_500_000_000_001).dollars(12) == "$1.500000000001"


def test_sums_are_sums() -> None:
    assert Money.total([Money.usd("0.1"), Money.usd("0.2")]) == Money.usd("0.3")
    assert Money.total([]) == ZERO
    assert not ZERO
    assert Money(3) * 2 == 2 * Money(3) == Money(6)
    assert Money(1) < Money(2)


@given(amounts)
def test_what_is_printed_exactly_reads_back_as_the_same(money: Money) -> None:
    assert Money.usd(money.exact()) == money


@given(amounts, st.integers(0, 12))
def test_rounded_up_is_never_less_and_rounded_down_never_more(money: Money, places: int) -> None:
    def shown(rounding: str) -> Money:
        return Money.usd(money.dollars(places, rounding).replace("$", "").replace(",", ""))  # type: ignore[arg-type]

    assert shown("down") <= money <= shown("up")
    assert shown("nearest") in (shown("down"), shown("up"))
    assert (shown("up") - shown("down")).picos in (0, *(10**step for step in range(12 - places + 1)))
    assert bool(shown("nearest")) is bool(money)
