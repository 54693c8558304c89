"""Worked bills, each exact to the picodollar: billing_cases.json holds what the answers said and what they cost."""

import json
from datetime import datetime
from functools import reduce
from pathlib import Path
from typing import Any

import pytest

from pricing.bill import Bill, bill, fold
from pricing.money import Money
from pricing.table import PriceTable

CASES = json.loads(Path(__file__).with_name("billing_cases.json").read_text("utf-8"))


def priced(case: dict[str, Any], table: PriceTable) -> Bill:
    """Bill a case as it would come in: as one object, or folded from a stream."""
    usage = case.get("usage") or reduce(fold, (_told(event) for event in case["sse_events"]), {})
    at = datetime.fromisoformat(case["date"])
    return bill(usage, case["model"], at, table, stop_reason=case.get("stop_reason"))


def _told(event: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = event.get("message", event).get("usage", {})
    return told


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['id']} {case['title']}")
def test_the_bill_is_exact_to_the_picodollar(table: PriceTable, case: dict[str, Any]) -> None:
    made = priced(case, table)
    assert made.total == Money(case["expected_picodollars"]), case["why"]
    assert Money.total(line.amount for line in made.lines) == made.total
    assert not made.provisional


@pytest.mark.parametrize(
    "case", [each for each in CASES if "iterations" not in each.get("usage", {})], ids=lambda c: c["id"]
)
def test_every_line_of_the_bill_is_the_expected_one(table: PriceTable, case: dict[str, Any]) -> None:
    # A rate is in dollars per million tokens, or per thousand searches.
    expected = {
        (what, quantity, (Money.usd(rate).picos) // int(per), Money.usd(usd))
        for what, quantity, rate, per, usd in case["lines"]
    }
    assert {(line.what, line.quantity, line.picos_each, line.amount) for line in priced(case, table).lines} == expected
