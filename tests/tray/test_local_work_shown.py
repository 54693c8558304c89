"""What local work cost, as a person reads it: with its units, how it is known, and never as money spent."""

import csv
import io
from pathlib import Path

import pytest

from budget.bands import Limits
from budget.ledger import Ask, Held, Labels, Ledger, Offer, Outcome, Settlement
from budget.words import ENDS
from pricing.machine import LocalCost
from pricing.money import ZERO, Money
from pricing.usage import Usage
from tests.tray.conftest import NOON, Command
from tray.cli.log import _line
from tray.cli.show import fine_dollars, kwh
from tray.cli.status import _model
from tray.settings import read

KNOWN = "NVML energy counter, timed by the server; assumed: price $1,499 (launch price of RTX 3090), 3 years"


def serve_locally(home: Path, cost: LocalCost | None, request_id: str = "req_local") -> None:
    """Put one local request into the ledger: 30,000 tokens read anew, 170,000 kept, 10,000 written."""
    settings = read((home / "config.toml").read_text(), lambda: "UTC")
    limits = Limits.of(settings.budget)
    with Ledger.open(home / "ledger", clock=lambda: NOON, limits=limits, zone=settings.zone) as ledger:
        offer = Offer("ollama", "qwen3-coder", ZERO, is_local=True)
        held = ledger.reserve(Ask(request_id, (offer,), Labels(tier="L0", model_asked="claude-opus-5-5")))
        assert isinstance(held, Held)
        usage = Usage(input=30_000, cache_read=170_000, output=10_000)
        ledger.settle(held.hold_id, Settlement(Outcome.complete, ZERO, ZERO, usage, local=cost)).result(5)


def metered() -> LocalCost:
    # 90 kJ are 0.025 kWh; at $0.18 and a power supply of 90 %: 0.025 × 0.18 / 0.9 = $0.005
    return LocalCost(Money.usd("0.005"), Money.usd("0.125"), 90_000_000, KNOWN)


def test_the_report_tells_energy_both_figures_and_their_rate(bursar: Command, home: Path):
    serve_locally(home, metered())
    said = bursar("report").out
    assert "$0.00 for 1 request" in said
    # 40,000 tokens were read anew or written: $0.005 × 25 = $0.125 and $0.125 × 25 = $3.125 a million
    row = next(line for line in said.splitlines() if line.startswith("qwen3-coder ") and "kWh" in line)
    assert row.split() == ["qwen3-coder", "1", "40,000", "0.0250", "kWh", "$0.0050", "$0.1250", "$0.1250", "$3.12"]
    assert f"Known by: {KNOWN}" in " ".join(said.split())
    assert "no limit counts" in said


def test_the_report_as_json_keeps_every_digit_and_the_provenance(bursar: Command, home: Path):
    serve_locally(home, metered())
    found = bursar("report", "--json").json
    assert found["charged_usd"] == "0"
    assert found["local"] == {
        "marginal_usd": "0.005",
        "full_usd": "0.125",
        "millijoules": 90_000_000,
        "tokens": 40_000,
        "marginal_usd_per_mtok": "0.125",
        "full_usd_per_mtok": "3.125",
        "provenance": [KNOWN],
    }
    assert found["models"][0]["local"] == found["tiers"][0]["local"] == found["local"]
    assert found["days"][0]["local"]["full_usd"] == "0.125"


def test_the_report_as_csv_has_the_local_columns(bursar: Command, home: Path):
    serve_locally(home, metered())
    rows = list(csv.DictReader(io.StringIO(bursar("report", "--csv").out)))
    assert rows[0]["local_marginal_usd"] == "0.005"
    assert rows[0]["local_full_usd"] == "0.125"
    assert rows[0]["local_millijoules"] == "90000000"
    assert rows[0]["local_source"] == KNOWN


def test_what_is_not_known_is_said_and_is_no_zero(bursar: Command, home: Path):
    serve_locally(home, None)
    said = bursar("report").out
    assert "not known" in said
    assert "L0 (local)" in said
    assert "local: cost not known" in bursar("log").out
    assert bursar("report", "--json").json["local"] is None
    row = next(csv.DictReader(io.StringIO(bursar("report", "--csv").out)))
    assert (row["local_full_usd"], row["local_source"]) == ("", "")


def test_status_tells_todays_local_work_beside_the_money(bursar: Command, home: Path):
    assert "Local work" not in bursar("status").out
    serve_locally(home, metered())
    said = bursar("status").out
    assert "$0.00 of $10.00 (0%)" in said
    assert "Local work  0.0250 kWh, $0.0050 for energy, $0.1250 with everything (no limit counts it)" in said
    assert f"known by: {KNOWN}" in said
    assert bursar("status", "--json").json["local_today"]["millijoules"] == 90_000_000


def test_the_log_tells_each_local_requests_energy_and_cost(bursar: Command, home: Path):
    serve_locally(home, metered())
    assert "local: 0.0250 kWh, $0.0050 for energy, $0.1250 with everything" in bursar("log").out


@pytest.mark.parametrize(
    ("usd", "shown"),
    [
        ("0", "$0.00"),
        ("0.000000094578", "$0.000000095"),
        ("0.000004187995", "$0.0000042"),
        ("0.000000000001", "$0.000000000001"),
        ("0.0123", "$0.0123"),
        ("0.12346", "$0.1235"),
        ("3.126", "$3.13"),
    ],
)
def test_an_amount_far_below_a_cent_keeps_two_digits(usd: str, shown: str):
    assert fine_dollars(usd) == shown


def test_energy_is_shown_in_the_unit_that_can_be_read_and_rounded_up():
    assert kwh(0) == "0.0 J"
    assert kwh(1) == "0.1 J"
    assert kwh(245_000) == "245.0 J"
    assert kwh(3_599_999) == "3,600.0 J"
    assert kwh(3_600_000) == "0.0010 kWh"  # 3.6 kJ are a watt hour.
    assert kwh(3_600_000_001) == "1.0001 kWh"


@pytest.mark.parametrize(
    ("outcome", "route", "charged", "shown"),
    [
        ("complete", "anthropic/claude-haiku-5-5", "0.0297", "done, $0.0297"),
        ("voided", "anthropic/claude-haiku-5-5", "0", "failed, $0.00"),
        ("client_left", "anthropic/claude-haiku-5-5", "0.01", "agent hung up, $0.0100"),
        ("", "anthropic/claude-haiku-5-5", None, "under way"),
        ("refused", "refused", None, ""),
    ],
)
def test_the_log_says_in_plain_words_how_a_request_ended(outcome: str, route: str, charged: str | None, shown: str):
    line = {
        "at": "2026-11-20T12:00:00+00:00", "model_asked": "claude-haiku-5-5", "route": route, "outcome": outcome,
        "charged_usd": charged, "local": None, "tier": "L1", "task_class": "test", "reason": "L1, normal: local first",
    }  # fmt: skip
    assert f"claude-haiku-5-5 -> {route}{'  ' if shown else ''}{shown}  L1 test  L1, normal" in _line(line)


def test_every_end_that_the_ledger_knows_has_plain_words():
    assert set(ENDS) == {outcome.value for outcome in Outcome}


def test_the_status_says_which_local_models_get_no_requests_with_tools():
    models = [
        {"id": name, "context": 65536, "tools": tools} for name, tools in (("a", True), ("b", False), ("c", None))
    ]
    assert [_model(model) for model in models] == [
        "a (65,536 tokens)", "b (65,536 tokens, no tools)", "c (65,536 tokens, tools not probed yet)",
    ]  # fmt: skip
