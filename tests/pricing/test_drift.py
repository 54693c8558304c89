"""Drift alarms: two public price tables against ours, run by hand. They are no source: both have known mistakes.

In a throwaway environment, from the root of the repository:

    python -m venv DIR && DIR/bin/pip install pytest hypothesis genai-prices && DIR/bin/pip install --no-deps litellm
    DIR/bin/python -m pytest -m network tests/pricing/test_drift.py

A line that is printed is a model whose price differs: look at the provider's own page, then append a dated period to
the table or a reason to KNOWN.
"""

import importlib.util
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pricing.rates import CLASSES
from pricing.table import PriceTable

pytestmark = pytest.mark.network

# The day that our table was checked for: a price from after it is what the alarm is for.
AT = datetime(2026, 11, 20, tzinfo=UTC)
Prices = dict[str, tuple[Decimal, Decimal | None]]

KNOWN = {
    ("genai-prices", "claude-sonnet-4-5-20250929"): "still has the long-prompt price that ended on 2026-04-30",
    ("genai-prices", "claude-2.1"): "has no price for caching, which was never offered for it",
    ("genai-prices", "claude-mythos-preview"): "not listed: limited availability",
    ("genai-prices", "claude-mythos-5"): "not listed: limited availability",
    ("genai-prices", "claude-mythos-5-1"): "not listed: limited availability",
    ("litellm", "claude-fable-5-2"): "not listed",
    ("litellm", "claude-mythos-5-2"): "not listed",
}


def ours(name: str) -> Prices:
    terms = PriceTable.load().on(AT, name)
    long = terms.long_prompt.rates.as_dict() if terms.long_prompt else {}
    return {each: (_usd(rate), _usd(long[each]) if long else None) for each, rate in terms.rates.as_dict().items()}


def _usd(picos: int) -> Decimal:
    return Decimal(picos) / 10**6


def differences(source: str, theirs: dict[str, Prices | None]) -> Iterator[str]:
    for name, prices in theirs.items():
        if prices != ours(name) and (source, name) not in KNOWN:
            yield f"{source} {name}: {prices} and not {ours(name)}"


def listed(source: str, *, also_retired: bool) -> list[str]:
    models = PriceTable.load().models()
    return [model.id for model in models if also_retired or model.on_sale(AT)]


def test_genai_prices_says_the_same() -> None:
    genai = pytest.importorskip("genai_prices", reason="genai-prices is not installed; see the top of this file")
    theirs = {name: _from_genai(genai, name) for name in listed("genai-prices", also_retired=True)}
    assert list(differences("genai-prices", theirs)) == []


def _from_genai(genai: Any, name: str) -> Prices | None:
    usage = genai.Usage(input_tokens=1, output_tokens=1)
    try:
        found = genai.calc_price(usage, name, provider_id="anthropic", genai_request_timestamp=AT)
    except LookupError:
        return None
    fields = ("input_mtok", "cache_write_mtok", "cache_write_1h_mtok", "cache_read_mtok", "output_mtok")
    return {each: _tiers(getattr(found.model_price, field)) for each, field in zip(CLASSES, fields, strict=True)}


def _tiers(price: Any) -> tuple[Decimal, Decimal | None]:
    return (price.base, price.tiers[0].price) if hasattr(price, "tiers") else (price, None)


def test_litellm_says_the_same() -> None:
    entries = _litellm()
    theirs = {name: _from_litellm(entries.get(name)) for name in listed("litellm", also_retired=False)}
    assert list(differences("litellm", theirs)) == []


def test_neither_knows_a_model_that_we_do_not() -> None:
    table = PriceTable.load()
    names = [name for name, entry in _litellm().items() if entry.get("litellm_provider") == "anthropic"]
    assert [name for name in names if not table.find(name)] == []


def _litellm() -> dict[str, dict[str, Any]]:
    # Looked up and not imported: its table is data, and needs none of what the package does.
    spec = importlib.util.find_spec("litellm")
    if spec is None or spec.origin is None:
        pytest.skip("litellm is not installed; see the top of this file")
    path = Path(spec.origin).with_name("model_prices_and_context_window_backup.json")
    entries: dict[str, dict[str, Any]] = json.loads(path.read_text("utf-8"), parse_float=Decimal)
    return entries


def _from_litellm(entry: dict[str, Any] | None) -> Prices | None:
    if entry is None:
        return None
    keys = (
        "input_cost_per_token",
        "cache_creation_input_token_cost",
        "cache_creation_input_token_cost_above_1hr",
        "cache_read_input_token_cost",
        "output_cost_per_token",
    )
    return {each: (_mtok(entry, key), _over(entry, key)) for each, key in zip(CLASSES, keys, strict=True)}


def _mtok(entry: dict[str, Any], key: str) -> Decimal:
    return Decimal(entry[key]) * 10**6


def _over(entry: dict[str, Any], key: str) -> Decimal | None:
    found = [name for name in entry if name.startswith(f"{key}_above_") and name.endswith("k_tokens")]
    return _mtok(entry, found[0]) if found else None
