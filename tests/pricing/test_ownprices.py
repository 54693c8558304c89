"""The user's own price file is pleasant to write, wins over the table, and says what to mend."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pricing import ownprices
from pricing.rates import Rates
from pricing.table import PriceTable, PriceTableError

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
COMPLETE = "input = 1\ncache_write_5m = 1.25\ncache_write_1h = 2\ncache_read = 0.10\noutput = 5\n"
COMPLETE_RATES = Rates(1_000_000, 1_250_000, 2_000_000, 100_000, 5_000_000)


def with_own(folder: Path, text: str, name: str = "prices.toml") -> PriceTable:
    path = folder / name
    path.write_text(text, "utf-8")
    return PriceTable.load(user=path)


def test_a_class_left_out_keeps_the_price_of_the_table(tmp_path: Path) -> None:
    terms = with_own(tmp_path, "[models.claude-opus-5-5]\ninput = 3.60\noutput = 18\n").on(NOON, "claude-opus-5-5")
    assert terms.rates == Rates(3_600_000, 5_000_000, 8_000_000, 200_000, 18_000_000)
    assert terms.source == "your own prices: input, output; the rest packaged 2026-11-12: S4 S8 S9 S10 S11"


def test_an_own_price_by_an_alias_is_the_models(tmp_path: Path) -> None:
    table = with_own(tmp_path, "[models.claude-opus-4-5]\noutput = 18\n")
    assert table.on(NOON, "claude-opus-4-5-20251101").rates.output == 18_000_000


def test_a_price_in_the_file_is_exact_however_it_is_written(tmp_path: Path) -> None:
    toml = with_own(tmp_path, "[models.claude-opus-5-5]\ninput = 0.1\noutput = '0.3'\n")
    as_json = with_own(tmp_path, '{"models": {"claude-opus-5-5": {"input": 0.1, "output": "0.3"}}}', "prices.json")
    for table in (toml, as_json):
        rates = table.on(NOON, "claude-opus-5-5").rates
        assert (rates.input, rates.output) == (100_000, 300_000)


def test_a_model_that_only_the_user_knows_has_their_price(tmp_path: Path) -> None:
    terms = with_own(tmp_path, f"[models.house-model]\n{COMPLETE}context_window = 64000\n").on(NOON, "house-model")
    assert (terms.rates, terms.context_window, terms.provisional) == (COMPLETE_RATES, 64_000, False)
    assert not terms.geo_supported


def test_a_model_that_costs_nothing_may_be_written_as_such(tmp_path: Path) -> None:
    free = "input = 0\ncache_write_5m = 0\ncache_write_1h = 0\ncache_read = 0\noutput = 0\n"
    terms = with_own(tmp_path, f"[models.house-model]\n{free}").on(NOON, "house-model")
    assert (terms.rates, terms.provisional) == (Rates(0, 0, 0, 0, 0), False)


def test_an_own_price_has_its_time(tmp_path: Path) -> None:
    text = "[models.claude-sonnet-5-5]\nfrom = 2026-10-01\nuntil = 2026-11-01\ncache_read = 0.05\n"
    table = with_own(tmp_path, text)

    def read(month: int, day: int) -> int:
        return table.on(datetime(2026, month, day, tzinfo=UTC), "claude-sonnet-5-5").rates.cache_read

    assert [read(9, 30), read(10, 1), read(10, 31), read(11, 1)] == [200_000, 50_000, 50_000, 100_000]


def test_a_class_left_out_follows_the_table_from_date_to_date(tmp_path: Path) -> None:
    table = with_own(tmp_path, "[models.claude-sonnet-5-5]\ninput = 1\n")
    for day, read in ((6, 200_000), (7, 100_000)):
        rates = table.on(datetime(2026, 10, day, tzinfo=UTC), "claude-sonnet-5-5").rates
        assert (rates.input, rates.cache_read) == (1_000_000, read)


def test_several_periods_are_a_list_and_the_last_one_wins(tmp_path: Path) -> None:
    text = "[[models.claude-opus-5-5]]\noutput = 19\n[[models.claude-opus-5-5]]\nfrom = 2026-11-20\noutput = 18\n"
    table = with_own(tmp_path, text)
    assert table.on(datetime(2026, 11, 19, tzinfo=UTC), "claude-opus-5-5").rates.output == 19_000_000
    assert table.on(datetime(2026, 11, 20, tzinfo=UTC), "claude-opus-5-5").rates.output == 18_000_000


def test_fast_and_long_prompts_keep_the_tables_price_until_they_have_their_own(tmp_path: Path) -> None:
    table = with_own(tmp_path, "[models.claude-opus-5-5]\noutput = 18\n[models.claude-haiku-5-5]\noutput = 0.40\n")
    fast = table.on(NOON, "claude-opus-5-5").fast
    long = table.on(NOON, "claude-haiku-5-5").long_prompt
    assert fast is not None
    assert long is not None
    assert (fast.output, long.rates.output) == (40_000_000, 2_500_000)
    own = "[models.claude-opus-5-5]\nfast = {output = 30}\n"
    own += f"[models.claude-haiku-5-5.over]\ntokens = 50000\n{COMPLETE}"
    table = with_own(tmp_path, own + "[models.claude-haiku-5-5]\noutput = 0.40\n")
    fast = table.on(NOON, "claude-opus-5-5").fast
    long = table.on(NOON, "claude-haiku-5-5").long_prompt
    assert fast is not None
    assert long is not None
    assert (fast.input, fast.output) == (8_000_000, 30_000_000)
    assert (long.over, long.rates) == (50_000, COMPLETE_RATES)


def test_facts_beside_the_price_may_be_corrected(tmp_path: Path) -> None:
    terms = with_own(tmp_path, "[models.claude-haiku-4-5]\ngeo = true\ncontext_window = 500000\n").on(
        NOON, "claude-haiku-4-5"
    )
    assert (terms.geo_supported, terms.context_window, terms.rates.output) == (True, 500_000, 5_000_000)


def test_another_name_stands_for_a_model(tmp_path: Path) -> None:
    table = with_own(tmp_path, '[aliases]\nour-opus = "claude-opus-5-5"\n')
    assert table.on(NOON, "our-opus[1m]").rates.output == 20_000_000
    assert table.on(NOON, "our-opus").model_id == "claude-opus-5-5"


def test_an_own_price_changes_the_fingerprint(tmp_path: Path, table: PriceTable) -> None:
    assert with_own(tmp_path, "[models.claude-opus-5-5]\noutput = 18\n").fingerprint != table.fingerprint
    assert with_own(tmp_path, '[aliases]\nour-opus = "claude-opus-5-5"\n').fingerprint != table.fingerprint
    assert with_own(tmp_path, "").fingerprint == table.fingerprint


def test_one_own_price_leaves_all_other_models_alone(tmp_path: Path, table: PriceTable) -> None:
    own = with_own(tmp_path, "[models.claude-opus-5-5]\noutput = 18\n")
    for model in table.models():
        if model.id != "claude-opus-5-5":
            assert own.find(model.id) == model


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[models.claude-opus-5-5]\noutptu = 18\n", r"prices.toml: .*'outptu'.*output"),
        ("[model.claude-opus-5-5]\noutput = 18\n", "unknown key 'model'"),
        ("[models.claude-opus-5-5]\noutput = true\n", "not an amount"),
        ("[models.claude-opus-5-5]\noutput = -1\n", "between"),
        ("[models.claude-opus-5-5]\noutput = inf\n", "between"),
        ("[models.claude-opus-5-5]\noutput = 18.000001\n", "finer"),
        ("[models.claude-opus-5-5]\nfrom = 'soon'\n", "not a date"),
        ("[models.claude-opus-5-5]\ngeo = 'no'\n", "neither true nor false"),
        ("[models.claude-opus-5-5]\nover = {tokens = 5, input = 1}\n", "no price for cache_write_5m"),
        ("[models.house-model]\ninput = 1\noutput = 2\n", "missing: cache_write_5m, cache_write_1h, cache_read"),
        ("[aliases]\nours = 'claude-nothing'\n", "'claude-nothing', which has no price"),
        ("[models]\nclaude-opus-5-5 = 5\n", "prices.toml"),
        ("[models", "prices.toml"),
        ("models = 5", "prices.toml"),
    ],
)
def test_a_mistake_is_told_so_that_it_can_be_mended(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(PriceTableError, match=why):
        with_own(tmp_path, text)


def test_a_file_that_is_not_text_is_told_as_such(tmp_path: Path) -> None:
    path = tmp_path / "prices.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PriceTableError, match=r"prices\.toml"):
        PriceTable.load(user=path)


def test_the_example_in_the_code_is_a_valid_file(tmp_path: Path) -> None:
    example = (ownprices.__doc__ or "").partition("\n\n")[2]
    table = with_own(tmp_path, example)
    assert table.on(NOON, "our-opus").rates.output == 18_000_000
    assert table.on(NOON, "corporate-model").provisional
    assert table.on(datetime(2026, 12, 1, tzinfo=UTC), "corporate-model").rates == COMPLETE_RATES


def test_json_is_read_by_its_name(tmp_path: Path) -> None:
    table = with_own(tmp_path, json.dumps({"aliases": {"x": "claude-opus-5-5"}}), "prices.json")
    assert table.find("x") is table.find("claude-opus-5-5")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[models.m]\ninput = 1e99999999999999999999\n", "own.toml: a number is too long"),
        ("[models.m]\ninput = " + "9" * 5000 + "\n", "own.toml: a number is too long"),
        ('[models.m]\ninput = "1e999999999"\n', "own.toml: m, input: '1e999999999' is not an amount in dollars"),
        ('[models.m]\ninput = "2.50000000000000000000000000000000000000000000001"\n', "is not an amount in dollars"),
        ("models = 5\n", "own.toml: [models] and [aliases] are tables"),
        ("[aliases]\nours = 5\n", "own.toml: aliases, ours: 5 is not the name of a model in quotes"),
        ('[aliases]\nours = "nobody"\n', "own.toml: your prices: 'ours' stands for 'nobody', which has no price"),
        ('[models."\\u001b[31m"]\ninput = 1\n', r"own.toml: \x1b[31m is not in the price table"),
    ],
)
def test_whatever_stands_there_is_told_with_the_file_and_moves_no_terminal(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(PriceTableError) as refused:
        with_own(tmp_path, text, "own.toml")
    assert said in str(refused.value)
    assert str(refused.value).isprintable()


def test_a_price_that_is_written_twice_in_json_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PriceTableError, match="a key is written twice"):
        with_own(tmp_path, '{"models": {"claude-opus-5-5": {"input": 0.1, "input": 5}}}', "own.json")


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    assert (
        with_own(tmp_path, "\ufeff[models.claude-opus-5-5]\ninput = 1\n").on(NOON, "claude-opus-5-5").rates.input
        == 10**6
    )
