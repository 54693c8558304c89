"""Bands and limits."""

import pytest

from budget.bands import Band, Limits, band
from pricing.money import Money

TEN = Limits.of(Money.usd(10))


@pytest.mark.parametrize(
    ("gone", "expected"),
    [
        ("0", Band.normal),
        ("7.999999999999", Band.normal),
        ("8", Band.saving),
        ("9.999999999999", Band.saving),
        ("10", Band.reserve),
        ("11.999999999999", Band.reserve),
        ("12", Band.cutoff),
        ("900", Band.cutoff),
    ],
)
def test_a_band_begins_exactly_at_its_threshold(gone: str, expected: Band) -> None:
    assert band(Money.usd(gone), TEN) is expected


def test_the_cutoff_is_120_percent_of_the_budget_unless_set() -> None:
    assert Limits.of(Money.usd(10)).cutoff == Money.usd(12)
    assert Limits.of(Money.usd(10), Money.usd(11)).cutoff == Money.usd(11)


def test_a_cutoff_below_the_budget_still_cuts_off() -> None:
    assert band(Money.usd(5), Limits(Money.usd(10), Money.usd(5))) is Band.cutoff


def test_a_cutoff_of_nothing_is_reached_from_the_start() -> None:
    assert band(Money(0), Limits(Money(0), Money(0))) is Band.cutoff


def test_negative_limits_and_thresholds_are_refused() -> None:
    for wrong in ({"budget": Money(-1), "cutoff": Money(0)}, {"budget": Money(0), "cutoff": Money(-1)}):
        with pytest.raises(ValueError, match="zero or more"):
            Limits(**wrong)
    with pytest.raises(ValueError, match="above zero"):
        Limits(Money(1), Money(1), alerts=(0,))
