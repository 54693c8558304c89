"""A morning's traffic is said beforehand within two percent of what a provider with a real cache bills."""

from tests.kit import pieces, traffic
from tests.prove.baseline_day import Day, off


def test_a_mornings_calls_cost_what_was_said_within_two_percent_though_some_turns_went_local() -> None:
    said = Day().play(traffic.generate(usd=5.0))
    assert any(each.is_local for each in said)
    assert abs(off((each.likely, each.billed) for each in said)) < 0.02
    assert abs(off((each.own_likely, each.own_billed) for each in said)) < 0.02
    assert sum(each.low for each in said) < sum(each.billed for each in said) < sum(each.high for each in said)


def test_that_holds_where_tokens_are_pieces_of_words_and_content_is_of_many_kinds() -> None:
    said = Day(pieces.count, pieces.Shelf().fill).play(traffic.generate(usd=5.0))
    assert abs(off((each.likely, each.billed) for each in said)) < 0.02


def test_prices_without_the_cache_would_have_said_several_times_as_much() -> None:
    said = Day().play(traffic.generate(usd=3.0))
    assert off((each.without_cache, each.billed) for each in said) > 2
