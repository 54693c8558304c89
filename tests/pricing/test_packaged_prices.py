"""The packaged table is sound: every date meets the next, every rate stays whole under every modifier."""

import re
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path

import pytest

import pricing
from pricing.rates import CLASSES, Rates
from pricing.table import PriceTable
from pricing.terms import Model, Period

PACKAGED = Path(pricing.__file__).with_name("anthropic_prices.json")
MODELS = PriceTable.load().models()
PERIODS = [(model, period) for model in MODELS for period in (*model.periods, *model.fast)]
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)

# Dollars per million tokens, from PRICING.md: input, 5-minute write, 1-hour write, cache read, output.
IN_FORCE = {
    "claude-fable-5-2": "8 10 16 0.20 40",
    "claude-opus-5-5": "4 5 8 0.20 20",
    "claude-opus-5": "5 6.25 10 0.50 25",
    "claude-opus-4-8": "5 6.25 10 0.50 25",
    "claude-sonnet-5-5": "2 2.50 4 0.10 10",
    "claude-sonnet-4-6": "3 3.75 6 0.30 15",
    "claude-sonnet-4-5": "3 3.75 6 0.30 15",
    "claude-haiku-5-5": "0.10 0.125 0.20 0.01 0.50",
    "claude-haiku-4-5": "1 1.25 2 0.10 5",
}
FAST = {"claude-fable-5-2": "16 80", "claude-opus-5-5": "8 40", "claude-opus-5": "10 50", "claude-opus-4-8": "10 50"}


def picos(text: str) -> int:
    """Dollars per million tokens, by hand: move the point six places."""
    whole, _, part = text.partition(".")
    return int(whole + part.ljust(6, "0"))


@pytest.mark.parametrize(("model", "prices"), IN_FORCE.items())
def test_the_prices_in_force_are_the_published_ones(table: PriceTable, model: str, prices: str) -> None:
    assert table.on(NOW, model).rates == Rates(*map(picos, prices.split()))


@pytest.mark.parametrize(("model", "prices"), FAST.items())
def test_the_fast_prices_in_force_are_the_published_ones(table: PriceTable, model: str, prices: str) -> None:
    fast = table.on(NOW, model).fast
    assert fast is not None
    assert [fast.input, fast.output] == list(map(picos, prices.split()))


def test_haiku_costs_five_times_as_much_over_a_hundred_thousand_tokens(table: PriceTable) -> None:
    terms = table.on(NOW, "claude-haiku-5-5")
    assert terms.long_prompt is not None
    assert terms.long_prompt.over == 100_000
    assert terms.long_prompt.rates == terms.rates.times(5, 1)


def test_there_are_thirty_models_with_all_their_ids(table: PriceTable) -> None:
    assert len(MODELS) == 30
    assert len({name for model in MODELS for name in (model.id, *model.aliases)}) == 47


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.id)
def test_prices_have_no_gap_from_release_on_and_no_end(model: Model) -> None:
    assert model.periods[0].start.date() == model.released
    assert model.periods[-1].end is None
    for before, after in pairwise(model.periods):
        assert before.end == after.start


@pytest.mark.parametrize(("model", "period"), PERIODS, ids=lambda value: getattr(value, "id", None))
def test_every_rate_stays_whole_at_half_price_and_in_the_us(model: Model, period: Period) -> None:
    for rates in filter(None, (period.rates, period.long_prompt and period.long_prompt.rates)):
        for num, den in ((1, 2), (11, 10), (11, 20), (12, 10), (12, 20)):
            assert all(type(rate) is int and rate > 0 for rate in rates.times(num, den).as_dict().values())


@pytest.mark.parametrize(("model", "period"), PERIODS, ids=lambda value: getattr(value, "id", None))
def test_writing_costs_more_than_reading_and_longer_more_than_shorter(model: Model, period: Period) -> None:
    rates = period.rates
    assert rates.cache_read < rates.input < rates.cache_write_5m < rates.cache_write_1h
    assert rates.input < rates.output


@pytest.mark.parametrize(("model", "period"), PERIODS, ids=lambda value: getattr(value, "id", None))
def test_every_price_names_its_source_and_the_table_it_came_from(model: Model, period: Period) -> None:
    assert re.fullmatch(r"packaged 2026-11-12: (S\d+|MEM)( S\d+)*", period.source)


def test_the_facts_of_a_model_are_kept(table: PriceTable) -> None:
    opus = table.find("claude-opus-4-5")
    assert opus is not None
    assert (opus.id, opus.name, opus.context_window) == ("claude-opus-4-5-20251101", "Claude Opus 4.5", 200_000)
    assert (opus.released, opus.retired, opus.tokenizer) == (date(2025, 11, 24), None, "pre-4.7")
    assert not opus.geo_supported
    # The shortest prompt that caches went from 1,024 to 4,096 tokens on 2025-12-05.
    assert opus.min_cacheable(datetime(2025, 12, 4, tzinfo=UTC)) == 1024
    assert opus.min_cacheable(datetime(2025, 12, 5, tzinfo=UTC)) == 4096
    assert opus.min_cacheable(datetime(2025, 1, 1, tzinfo=UTC)) is None


def test_the_file_can_be_reviewed_by_the_line() -> None:
    lines = PACKAGED.read_text("utf-8").splitlines()
    assert max(map(len, lines)) < 600
    assert all(sum(f'"{name}"' in line for name in CLASSES) in (0, 5) for line in lines)
