"""Counts and shares read alike everywhere."""

import pytest

from pricing.figures import counted, noun, percent, percent_of, share
from pricing.money import Money


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (counted(0, "request"), "0 requests"),
        (counted(1, "request"), "1 request"),
        (counted(1234, "request"), "1,234 requests"),
        (counted(1, "entry", "entries"), "1 entry"),
        (counted(2, "entry", "entries"), "2 entries"),
        (noun(1, "is", "are"), "is"),
        (noun(0, "is", "are"), "are"),
    ],
)
def test_one_is_one_and_all_else_is_many(said: str, expected: str):
    assert said == expected


@pytest.mark.parametrize(
    ("permille", "said"), [(None, ""), (0, "0%"), (20, "2%"), (375, "37.5%"), (-12, "-1.2%"), (5, "0.5%")]
)
def test_a_share_has_its_tenth_where_it_has_one(permille: int | None, said: str):
    assert share(permille) == said


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [
        (Money.usd("1.84"), Money.usd(10), "18%"),
        (Money.usd("9.999"), Money.usd(10), "99%"),
        (Money.usd("0.000001"), Money.usd(10), "<1%"),
        (Money.usd(0), Money.usd(10), "0%"),
        (Money.usd(-1), Money.usd(10), "0%"),
        (Money.usd(1), Money.usd(0), ""),
        (3, 4, "75%"),
    ],
)
def test_something_of_a_whole_is_never_none_of_it(part: Money | int, whole: Money | int, said: str):
    assert percent_of(part, whole) == said


def test_percent_is_written_without_a_blank():
    assert percent(120) == "120%"
