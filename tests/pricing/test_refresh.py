"""A refreshed table is judged before it counts, and put in place whole or not at all."""

import json
import os
import stat
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import pricing
from pricing.refresh import Judgement, install, judge
from pricing.table import PriceTable, PriceTableError

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
PACKAGED = Path(pricing.__file__).with_name("anthropic_prices.json")
Change = Callable[[dict[str, Any], dict[str, dict[str, Any]]], object]


def changed(change: Change | None = None) -> bytes:
    data = json.loads(PACKAGED.read_text("utf-8")) | {"data_as_of": "2026-11-20"}
    if change:
        change(data, {model["id"]: model for model in data["models"]})
    return json.dumps(data).encode()


def verdict(table: PriceTable, change: Change | None = None, seen: set[str] | None = None) -> Judgement:
    return judge(changed(change), table, seen=seen or set(), now=NOON)


def next_price(model: str, since: str = "2026-11-20", **usd: str) -> Change:
    """Close the model's last period and add one with these prices."""

    def change(_: object, models: dict[str, dict[str, Any]]) -> None:
        periods = models[model]["periods"]
        periods.append(periods[-1] | {"from": since} | usd)
        periods[-2]["until"] = since

    return change


def test_the_same_prices_with_a_new_date_may_come(table: PriceTable) -> None:
    made = verdict(table)
    assert (made.problems, made.questions, made.changes) == ((), (), ())
    assert made.usable()


def test_a_new_dated_price_may_come(table: PriceTable) -> None:
    made = verdict(table, next_price("claude-opus-5-5", output="18"))
    assert made.usable()
    assert "claude-opus-5-5: standard price from 2026-11-20" in made.changes


def test_a_new_model_may_come(table: PriceTable) -> None:
    def change(data: dict[str, Any], models: dict[str, Any]) -> None:
        data["models"].append(models["claude-opus-5-5"] | {"id": "claude-opus-6", "bedrock": None, "vertex": None})

    made = verdict(table, change)
    assert made.usable()
    assert "claude-opus-6 is new" in made.changes


def test_a_model_that_nobody_asked_for_may_go(table: PriceTable) -> None:
    def change(data: dict[str, Any], _: object) -> None:
        data["models"] = [model for model in data["models"] if model["id"] != "claude-2.1"]

    made = verdict(table, change, seen={"claude-opus-5-5"})
    assert made.usable()
    assert "claude-2.1 is not in it" in made.changes


@pytest.mark.parametrize("name", ["claude-haiku-4-5", "claude-haiku-4-5-20251001", "claude-haiku-4-5[1m]"])
def test_a_model_that_was_asked_for_may_not_go(table: PriceTable, name: str) -> None:
    def change(data: dict[str, Any], _: object) -> None:
        data["models"] = [model for model in data["models"] if model["id"] != "claude-haiku-4-5-20251001"]

    made = verdict(table, change, seen={name})
    assert not made.usable(yes=True)
    assert name in made.problems[0]


def test_an_unknown_model_that_was_asked_for_may_stay_unknown(table: PriceTable) -> None:
    assert verdict(table, seen={"claude-next"}).usable()


def _closed_rewritten(_: object, models: dict[str, dict[str, Any]]) -> None:
    models["claude-sonnet-5-5"]["periods"][0]["cache_read"] = "0.19"


def _boundary_moved(_: object, models: dict[str, dict[str, Any]]) -> None:
    models["claude-sonnet-5-5"]["periods"][0]["until"] = "2026-10-06"
    models["claude-sonnet-5-5"]["periods"][1]["from"] = "2026-10-06"


def _history_dropped(_: object, models: dict[str, dict[str, Any]]) -> None:
    del models["claude-sonnet-5-5"]["periods"][0]


def _closed_fast_dropped(_: object, models: dict[str, dict[str, Any]]) -> None:
    del models["claude-opus-4-7"]["fast"]


def _start_moved(_: object, models: dict[str, dict[str, Any]]) -> None:
    models["claude-opus-5-5"]["periods"][0]["from"] = "2026-09-23"


def _slipped_in(_: object, models: dict[str, dict[str, Any]]) -> None:
    periods = models["claude-opus-5-5"]["periods"]
    periods.insert(0, periods[0] | {"from": "2026-09-01", "until": "2026-09-22", "output": "1"})


def _alias_taken(_: object, models: dict[str, dict[str, Any]]) -> None:
    models["claude-haiku-4-5-20251001"]["aliases"] = []
    models["claude-haiku-5-5"]["aliases"] = ["claude-haiku-4-5"]


def _older(data: dict[str, Any], _: object) -> None:
    data["data_as_of"] = "2026-11-11"


def _from_the_future(data: dict[str, Any], _: object) -> None:
    data["data_as_of"] = "2026-11-22"


def _gap(_: object, models: dict[str, dict[str, Any]]) -> None:
    models["claude-sonnet-5-5"]["periods"][0]["until"] = "2026-10-06"


def _inexact(_: object, models: dict[str, dict[str, Any]]) -> None:
    models["claude-sonnet-5-5"]["periods"][1]["output"] = "10.000001"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (_closed_rewritten, "closed standard price from 2026-09-28 is rewritten"),
        (_boundary_moved, "rewritten"),
        (_history_dropped, "rewritten"),
        (_closed_fast_dropped, "closed fast price"),
        (_start_moved, "from 2026-09-22 is gone"),
        (_slipped_in, "slipped in"),
        (_alias_taken, "claude-haiku-4-5 would mean claude-haiku-5-5"),
        (_older, "older"),
        (_from_the_future, "not come yet"),
        (_gap, "no price from"),
        (_inexact, "finer"),
    ],
)
def test_what_breaks_the_rules_is_refused_whoever_says_yes(table: PriceTable, change: Change, why: str) -> None:
    made = verdict(table, change)
    assert not made.usable(yes=True)
    assert any(why in problem for problem in made.problems), made.problems


@pytest.mark.parametrize("raw", [b"", b"{", b"null", b"<html>not found</html>"])
def test_what_is_no_table_is_refused(table: PriceTable, raw: bytes) -> None:
    assert not judge(raw, table, seen=set(), now=NOON).usable(yes=True)


def _corrected(_: object, models: dict[str, dict[str, Any]]) -> None:
    models["claude-opus-5-5"]["periods"][0]["output"] = "19"


def _no_more_residency(_: object, models: dict[str, dict[str, Any]]) -> None:
    models["claude-opus-5-5"]["geo"] = False


def _smaller_window(_: object, models: dict[str, dict[str, Any]]) -> None:
    models["claude-opus-5-5"]["context_window"] = 200_000


def _long_tier_gone(_: object, models: dict[str, dict[str, Any]]) -> None:
    next_price("claude-haiku-5-5")(_, models)
    for name in ("input", "cache_write_5m", "cache_write_1h", "cache_read", "output"):
        models["claude-haiku-5-5"]["periods"][-1][name] = "0.09"
    del models["claude-haiku-5-5"]["periods"][-1]["over"]


def _free_search(data: dict[str, Any], _: object) -> None:
    data["web_search_usd_per_1000"] = "1"


def _cheap_newcomer(data: dict[str, Any], models: dict[str, dict[str, Any]]) -> None:
    cheap = dict.fromkeys(("input", "cache_write_5m", "cache_write_1h", "cache_read", "output"), "0.001")
    period = models["claude-opus-5-5"]["periods"][0] | cheap
    newcomer = {"id": "claude-opus-6", "bedrock": None, "vertex": None, "periods": [period], "fast": []}
    data["models"].append(models["claude-opus-5-5"] | newcomer)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (next_price("claude-opus-5-5", output="100.00002"), "output price from 2026-11-20 moves more than 5 times"),
        (next_price("claude-opus-5-5", output="3.99998"), "moves more than 5 times"),
        (_long_tier_gone, "moves more than 5 times"),
        (_corrected, "corrected in place"),
        (_no_more_residency, "residency"),
        (_smaller_window, "window"),
        (_free_search, "searches"),
        (_cheap_newcomer, "claude-opus-6"),
    ],
)
def test_what_is_unlikely_needs_a_yes(table: PriceTable, change: Change, why: str) -> None:
    made = verdict(table, change)
    assert made.problems == ()
    assert any(why in question for question in made.questions), made.questions
    assert not made.usable()
    assert made.usable(yes=True)


def test_a_move_of_exactly_five_times_needs_no_yes(table: PriceTable) -> None:
    assert verdict(table, next_price("claude-opus-5-5", output="100")).usable()
    assert verdict(table, next_price("claude-opus-5-5", output="4")).usable()


def test_what_is_installed_is_what_was_judged(tmp_path: Path, table: PriceTable) -> None:
    target = tmp_path / "state" / "prices.json"
    install(verdict(table, next_price("claude-opus-5-5", output="18")), target)
    loaded = PriceTable.load(refreshed=target)
    assert loaded.on(NOON, "claude-opus-5-5").rates.output == 18_000_000
    assert list(target.parent.iterdir()) == [target]
    if sys.platform != "win32":
        assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_what_may_not_be_used_leaves_the_last_good_table(tmp_path: Path, table: PriceTable) -> None:
    target = tmp_path / "prices.json"
    target.write_bytes(b"the last good one")
    with pytest.raises(PriceTableError, match="rewritten"):
        install(verdict(table, _closed_rewritten), target, yes=True)
    with pytest.raises(PriceTableError, match="corrected"):
        install(verdict(table, _corrected), target)
    assert target.read_bytes() == b"the last good one"


def test_a_swap_that_fails_leaves_the_last_good_table_and_no_litter(tmp_path: Path, table: PriceTable) -> None:
    target = tmp_path / "prices.json"
    target.mkdir()
    (target / "in the way").touch()
    with pytest.raises(OSError, match=r"prices\.json"):
        install(verdict(table), target)
    assert os.listdir(tmp_path) == ["prices.json"]


def test_a_link_is_replaced_and_not_followed(tmp_path: Path, table: PriceTable) -> None:
    other = tmp_path / "other"
    other.write_bytes(b"someone else's")
    target = tmp_path / "prices.json"
    try:
        target.symlink_to(other)
    except OSError:
        pytest.skip("this account may not make symbolic links (Windows without developer mode)")
    install(verdict(table), target)
    assert other.read_bytes() == b"someone else's"
    assert not target.is_symlink()


def test_a_refresh_of_a_refresh_is_compared_with_the_refresh(tmp_path: Path, table: PriceTable) -> None:
    target = tmp_path / "prices.json"
    install(verdict(table, next_price("claude-opus-5-5", output="18")), target)
    good = PriceTable.load(refreshed=target)
    # The packaged prices, sent again, would take back a price that has been published.
    made = judge(changed(), good, seen=set(), now=NOON)
    assert any("from 2026-11-20 is gone" in problem for problem in made.problems)
