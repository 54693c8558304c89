"""The table finds the right price at the right instant, from the right layer."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import pricing
from pricing.rates import Rates
from pricing.table import PriceTable, PriceTableError, bare_id
from pricing.tablefile import read_table

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
PACKAGED = Path(pricing.__file__).with_name("anthropic_prices.json")


def raw() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(PACKAGED.read_text("utf-8"))
    return data


def refreshed(folder: Path, data: Any) -> Path:
    path = folder / "refreshed.json"
    path.write_text(json.dumps(data), "utf-8")
    return path


def entry(data: dict[str, Any], model: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in data["models"] if each["id"] == model)
    return found


def test_the_mark_for_the_long_context_is_no_part_of_an_id() -> None:
    assert bare_id("claude-opus-5-5[1m]") == "claude-opus-5-5"
    assert bare_id("claude-opus-5-5") == "claude-opus-5-5"
    assert bare_id("claude-opus-5-5[1m]x") == "claude-opus-5-5[1m]x"


@pytest.mark.parametrize(
    "name", ["claude-sonnet-4-0", "claude-sonnet-4-20250514", "claude-sonnet-4@20250514", "claude-sonnet-4[1m]"]
)
def test_every_name_finds_its_model(table: PriceTable, name: str) -> None:
    found = table.find(name)
    assert found is not None
    assert found.id == "claude-sonnet-4-20250514"


def test_every_id_of_every_model_finds_it(table: PriceTable) -> None:
    for model in table.models():
        for name in model.ids:
            found = table.find(name)
            assert found is not None
            assert found.id == model.id


@pytest.mark.parametrize("name", ["claude-sonnet", "claude-sonnet-4-7", "sonnet", "gpt-5", ""])
def test_an_unknown_name_finds_nothing(table: PriceTable, name: str) -> None:
    assert table.find(name) is None
    assert table.on(NOON, name).provisional


def test_a_periods_start_belongs_to_it_and_its_end_to_the_next(table: PriceTable) -> None:
    change = datetime(2026, 10, 7, tzinfo=UTC)
    assert table.on(change - timedelta(microseconds=1), "claude-sonnet-5-5").rates.cache_read == 200_000
    assert table.on(change, "claude-sonnet-5-5").rates.cache_read == 100_000


def test_fast_prices_come_and_go_without_the_standard_ones_changing(table: PriceTable) -> None:
    def fast(at: datetime) -> Rates | None:
        return table.on(at, "claude-opus-4-7").fast

    assert fast(datetime(2026, 5, 11, tzinfo=UTC)) is None
    assert fast(datetime(2026, 5, 12, tzinfo=UTC)) == Rates(30_000_000, 37_500_000, 60_000_000, 3_000_000, 150_000_000)
    assert fast(datetime(2026, 7, 24, tzinfo=UTC)) is None


def test_the_window_was_longer_where_long_prompts_were_sold(table: PriceTable) -> None:
    assert table.on(datetime(2026, 4, 29, tzinfo=UTC), "claude-sonnet-4-5").context_window == 1_000_000
    assert table.on(datetime(2026, 4, 30, tzinfo=UTC), "claude-sonnet-4-5").context_window == 200_000


def test_a_retired_model_does_not_set_the_price_of_an_unknown_one(table: PriceTable) -> None:
    # Opus 4.1 at 15/75 was retired on 2026-08-05; from then on Fable 5 is the dearest.
    before = table.highest(datetime(2026, 8, 4, 23, 59, 59, tzinfo=UTC), "x").rates
    after = table.highest(datetime(2026, 8, 5, tzinfo=UTC), "x").rates
    assert (before.output, after.output) == (75_000_000, 50_000_000)


def test_the_fingerprint_is_of_what_is_priced_and_not_of_the_file(table: PriceTable, tmp_path: Path) -> None:
    respaced = tmp_path / "packaged.json"
    respaced.write_text(json.dumps(raw(), indent=3), "utf-8")
    assert PriceTable.load(respaced).fingerprint == table.fingerprint
    changed = raw()
    entry(changed, "claude-opus-5-5")["periods"][0]["output"] = "20.01"
    respaced.write_text(json.dumps(changed), "utf-8")
    assert PriceTable.load(respaced).fingerprint != table.fingerprint


def test_the_table_is_old_after_thirty_days(table: PriceTable) -> None:
    # Its facts are of 2026-11-12.
    assert not table.is_old(datetime(2026, 12, 12, tzinfo=UTC))
    assert table.is_old(datetime(2026, 12, 12, 0, 0, 1, tzinfo=UTC))


def test_a_refreshed_table_goes_over_the_packaged_one(tmp_path: Path) -> None:
    data = raw() | {"data_as_of": "2026-11-20"}
    periods = entry(data, "claude-opus-5-5")["periods"]
    periods[-1]["until"] = "2026-11-20"
    periods.append(periods[-1] | {"from": "2026-11-20", "output": "18"})
    del periods[-1]["until"]
    table = PriceTable.load(refreshed=refreshed(tmp_path, data))
    terms = table.on(NOON, "claude-opus-5-5")
    assert terms.rates.output == 18_000_000
    assert terms.source.startswith("refreshed 2026-11-20: ")
    assert table.on(NOON - timedelta(days=1), "claude-opus-5-5").rates.output == 20_000_000
    assert table.notices == ()


def test_a_model_that_only_the_packaged_table_knows_keeps_its_price(tmp_path: Path) -> None:
    data = raw() | {"data_as_of": "2026-11-20"}
    data["models"] = [entry(data, "claude-opus-5-5")]
    table = PriceTable.load(refreshed=refreshed(tmp_path, data))
    assert not table.on(NOON, "claude-haiku-5-5").provisional
    assert table.on(NOON, "claude-haiku-5-5").source.startswith("packaged")


def test_a_newer_program_does_not_listen_to_an_older_refresh(tmp_path: Path) -> None:
    data = raw() | {"data_as_of": "2026-11-11"}
    entry(data, "claude-opus-5-5")["periods"][0]["output"] = "1"
    table = PriceTable.load(refreshed=refreshed(tmp_path, data))
    assert table.on(NOON, "claude-opus-5-5").rates.output == 20_000_000
    assert "older" in table.notices[0]


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "\x00", '{"format": "bursar-prices/2"}'])
def test_a_spoilt_refresh_leaves_the_packaged_table(tmp_path: Path, table: PriceTable, text: str) -> None:
    path = tmp_path / "refreshed.json"
    path.write_text(text, "utf-8")
    loaded = PriceTable.load(refreshed=path)
    assert loaded.fingerprint == table.fingerprint
    assert "set aside" in loaded.notices[0]


def test_layers_that_do_not_exist_are_no_layers(tmp_path: Path, table: PriceTable) -> None:
    loaded = PriceTable.load(refreshed=tmp_path / "no.json", user=tmp_path / "no.toml")
    assert (loaded.fingerprint, loaded.notices) == (table.fingerprint, ())


def spoilt(change: Any) -> bytes:
    data = raw()
    change(data, entry(data, "claude-sonnet-5-5"))
    return json.dumps(data).encode()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda _, model: model["periods"][0].update(output="0.000001"), "finer"),
        (lambda _, model: model["periods"][0].update(output="0"), "zero"),
        (lambda _, model: model["periods"][0].update(output="-1"), "between"),
        (lambda _, model: model["periods"][0].update(output="99999"), "between"),
        (lambda _, model: model["periods"][0].update(output="NaN"), "between"),
        (lambda _, model: model["periods"][0].update(output="ten"), "not an amount"),
        (lambda _, model: model["periods"][0].update(output=True), "not an amount"),
        (lambda _, model: model["periods"][0].update(output=None), "not an amount"),
        (lambda _, model: model["periods"][0].update(output=10.5), "exact"),
        (lambda _, model: model["periods"][0].pop("output"), "output"),
        (lambda _, model: model["periods"][0].update(outptu="1"), "unknown key"),
        (lambda _, model: model["periods"][0].update(until="2026-10-06"), "no price from"),
        (lambda _, model: model["periods"][0].update(until="2026-10-08"), "overlaps"),
        (lambda _, model: model["periods"][0].update({"from": "2026-10-07"}), "not after its start"),
        (lambda _, model: model["periods"][0].update({"from": "soon"}), "not a date"),
        (lambda _, model: model["periods"][1].update(until="2026-12-01"), "must be open"),
        (lambda _, model: model.update(periods=[]), "must be open"),
        (lambda _, model: model.update(aliases=["claude-opus-5-5"]), "means both"),
        (lambda _, model: model.update(id="claude-opus-5-5"), "twice|both"),
        (lambda _, model: model.update(geo="yes"), "neither true nor false"),
        (lambda _, model: model.update(context_window=0), "number of tokens"),
        (lambda _, model: model.update(context_window=True), "number of tokens"),
        (lambda _, model: model.update(id=""), "short text"),
        (lambda _, model: model.pop("retired"), "retired"),
        (lambda data, _: data.update(models=[]), "no models"),
        (lambda data, _: data.update(models={}), "no models"),
        (lambda data, _: data.update(models=[5]), "not a price table"),
        (lambda data, _: data.update(format="other"), "format"),
        (lambda data, _: data.update(extra=1), "unknown key"),
        (lambda data, _: data.pop("data_as_of"), "data_as_of"),
        (lambda data, _: data.update(web_search_usd_per_1000="free"), "not an amount"),
    ],
)
def test_a_table_with_a_mistake_is_refused_and_told_where(change: Any, why: str) -> None:
    with pytest.raises(PriceTableError, match=why):
        read_table(spoilt(change), "test")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b'{"format": "bursar-prices/1", "format": "bursar-prices/1"}', "twice"),
        (b'{"format": NaN}', "not a number"),
        (b"\xff\xfe\x00", "not a price table"),
        (b"[" * 100_000, "not a price table"),
        (b" " * (4 * 1024 * 1024 + 1), "too long"),
    ],
)
def test_a_table_that_is_no_sound_json_is_refused(text: bytes, why: str) -> None:
    with pytest.raises(PriceTableError, match=why):
        read_table(text, "test")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b'"input": "8"', b'"input": "1e999999999"', "is not an amount in dollars"),
        (b'"input": "8"', b'"input": "' + b"9" * 5000 + b'"', "is not an amount in dollars"),
        (b'"input": "8"', b'"input": "8.00000000000000000000000000000000000000000001"', "is not an amount in dollars"),
        (b'"context_window": 200000', b'"context_window": ' + b"9" * 5000, "a number is too long"),
        (b'"aliases": ["claude-2.0", "claude-2"]', b'"aliases": 5', "claude-2.1: a value is of another kind"),
    ],
)
def test_what_no_number_can_be_is_told_in_a_short_line(tmp_path: Path, old: bytes, new: bytes, said: str) -> None:
    path = tmp_path / "refreshed.json"
    path.write_bytes(PACKAGED.read_bytes().replace(old, new, 1))
    (notice,) = PriceTable.load(refreshed=path).notices
    assert said in notice
    assert len(notice) < 400
