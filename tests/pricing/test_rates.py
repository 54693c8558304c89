"""Rates are whole picodollars per token, and stay whole or fail."""

import pytest

from pricing.money import Money
from pricing.rates import Rates
from pricing.usage import Usage

OPUS_5_5 = Rates(4_000_000, 5_000_000, 8_000_000, 200_000, 20_000_000)


def test_each_class_is_priced_on_its_own() -> None:
    usage = Usage(input=1, cache_write_5m=10, cache_write_1h=100, cache_read=1000, output=10000)
    # 1·4 + 10·5 + 100·8 + 1000·0.20 + 10000·20 = 201,054 dollars per million
    assert OPUS_5_5.cost(usage) == Money.usd("0.201054")


def test_searches_are_not_tokens() -> None:
    assert OPUS_5_5.cost(Usage(web_searches=5)) == Money(0)


def test_a_multiple_is_exact() -> None:
    assert OPUS_5_5.times(11, 20) == Rates(2_200_000, 2_750_000, 4_400_000, 110_000, 11_000_000)


def test_a_multiple_that_is_not_whole_is_an_error() -> None:
    with pytest.raises(ValueError, match="whole"):
        Rates(3, 3, 3, 3, 3).times(1, 2)


def test_the_worst_of_two_is_the_higher_of_each_class() -> None:
    assert Rates(1, 9, 1, 9, 1).worst(Rates(5, 5, 5, 5, 5)) == Rates(5, 9, 5, 9, 5)
