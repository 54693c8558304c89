"""`bursar whatif`: recorded days under other policies; its figures add up, and it says what they rest on."""

import contextlib
import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from budget.bands import Limits
from budget.ledger import Ask, Held, Labels, Ledger, Offer, Outcome, Settlement
from pricing.machine import LocalCost
from pricing.money import ZERO, Money
from pricing.table import PriceTable
from pricing.usage import Usage
from tests.kit import traffic
from tests.kit.claude_logs import Logs
from tests.tray.conftest import NOON, Command, Said
from tray.cli.main import run
from tray.cli.place import Place
from tray.settings import read

DAY = datetime(2026, 11, 18, tzinfo=UTC)
PRICES = PriceTable.load()


def imported(bursar: Command, folder: Path, days: int = 2, usd: float = 12) -> Logs:
    """Import days of traffic as Claude Code logs it."""
    logs = Logs(folder, DAY)
    for number in range(days):
        logs = Logs(folder, DAY + timedelta(days=number))
        calls = [replace(call, session=f"{number}{call.session}") for call in traffic.generate(number + 3, usd)]
        logs.write(calls)
    assert bursar("history", "import", str(folder)).code == 0
    return logs


def money(found: Any, name: str) -> Money:
    return Money.usd(found[name])


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What is told of two imported days."""
    folder = tmp_path_factory.mktemp("whatif")
    home = folder / "home"
    home.mkdir(mode=0o700)
    (home / "config.toml").write_text('zone = "UTC"\n')
    (home / "config.toml").chmod(0o600)
    bursar = partial(command_in, home)
    imported(bursar, folder / "logs")
    return json.loads(bursar("whatif", "--budget", "4", "--json").out)


def command_in(home: Path, *arguments: str) -> Said:
    """Run a command in this process, at noon, for a fixture that lasts longer than a test."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        code = run(list(arguments), Place({"BURSAR_HOME": str(home)}, lambda: NOON))
    return Said(code, out.getvalue(), "")


def test_the_parts_of_every_policy_add_up(found: Any):
    assert (found["days"], found["since"], found["until"]) == (2, "2026-11-18", "2026-11-19")
    assert [policy["name"] for policy in found["policies"]] == [
        *("claude", "unlimited", "auto", "cheaper", "shares", "hard"),
    ]
    for policy in found["policies"]:
        tiers = policy["tiers"].values()
        assert sum(tier["requests"] for tier in tiers) == policy["requests"] == found["requests"]
        for name, of in (("cost_usd", "cost_usd"), ("baseline_usd", "baseline_usd"), ("unanswered_usd",) * 2):
            assert Money.total(money(tier, of) for tier in tiers) == money(policy, name)
        assert Money.total(map(Money.usd, policy["by_day"].values())) == money(policy, "cost_usd")
        left = money(policy, "baseline_usd") - money(policy, "unanswered_usd") - money(policy, "cost_usd")
        assert left - money(policy, "energy_usd") == money(policy, "saved_usd")


def test_the_classes_of_a_case_add_up_to_its_policy(found: Any):
    policies = {policy["name"]: policy for policy in found["policies"]}
    assert {case["policy"] for case in found["case"]} == policies.keys() - {"claude"}
    for case in found["case"]:
        policy, classes = policies[case["policy"]], case["classes"].values()
        for name in ("cost_usd", "baseline_usd"):
            assert Money.total(money(of, name) for of in classes) == money(policy, name)
        assert sum(of["local"] for of in classes) == policy["local"]


def test_all_at_claude_replays_to_what_claude_charged(found: Any):
    claude = found["policies"][0]
    assert claude["cost_usd"] == claude["baseline_usd"]
    billed = money(found["check"], "billed_usd")
    assert billed == money(found["as_it_was"], "cost_usd")
    off = abs((money(found["check"], "replayed_usd") - billed).picos) / billed.picos
    assert off < 0.01
    assert any(note.startswith("The replay's own error: ") for note in found["notes"])


def test_no_policy_passes_its_limits(found: Any):
    for policy in found["policies"]:
        most = {"auto": "4.8", "cheaper": "4.8", "shares": "4.8", "hard": "4"}.get(policy["name"])
        if most:
            assert money(policy, "dearest_day_usd") <= Money.usd(most)
            assert policy["degraded"] + policy["refused"] > 0
    hard = next(policy for policy in found["policies"] if policy["name"] == "hard")
    assert hard["days_over_budget"] == 0


def test_a_machine_pays_for_itself_after_its_price_by_what_it_brings_in_a_day(bursar: Command, tmp_path: Path):
    imported(bursar, tmp_path / "logs", 1)
    [case] = bursar("whatif", "--policy", "unlimited", "--gpu-price", "100", "--json").json["case"]
    brings = money(case, "brings_in_a_day_usd")
    assert case["break_even_days"] == pytest.approx(100 * 10**12 / brings.picos, abs=0.1)
    slow = bursar("whatif", "--policy", "unlimited", "--reads", "1", "--writes", "0.1", "--json").json
    assert slow["case"][0]["break_even_days"] is None
    assert slow["case"][0]["too_much_for_one"]


def test_a_small_window_is_told_as_requests_that_do_not_fit(bursar: Command, tmp_path: Path):
    imported(bursar, tmp_path / "logs", 1)
    small = bursar("whatif", "--policy", "unlimited", "--context", "16000", "--json").json
    large = bursar("whatif", "--policy", "unlimited", "--context", "1000000", "--json").json
    assert small["policies"][1]["too_long"] > 0 == large["policies"][1]["too_long"]
    assert small["policies"][1]["local"] < large["policies"][1]["local"]
    assert any("do not fit into 16,000 tokens" in note for note in small["notes"])


def test_local_answers_that_fail_cost_more(bursar: Command, tmp_path: Path):
    imported(bursar, tmp_path / "logs", 1)
    good, bad = (
        bursar("whatif", "--policy", "unlimited", "--fails", percent, "--json").json["policies"][1]
        for percent in ("0", "60")
    )
    assert money(bad, "cost_usd") > money(good, "cost_usd")
    assert bad["escalated"] > good["escalated"]


def test_words_and_pictures_say_the_same(bursar: Command, tmp_path: Path):
    imported(bursar, tmp_path / "logs", 1, 4)
    said = bursar("whatif", "--policy", "auto", "--picture", str(tmp_path / "w.svg"))
    found = bursar("whatif", "--policy", "auto", "--json").json
    cost = Money.usd(found["policies"][1]["cost_usd"]).dollars(rounding="up")
    assert cost in said.out
    assert cost in (tmp_path / "w.svg").read_text()
    assert "pays for itself" in said.out
    assert "is taken to be as good" in said.out
    assert bursar("whatif", "--policy", "auto", "--picture", str(tmp_path / "w.png")).code == 0
    assert (tmp_path / "w.png").read_bytes().startswith(b"\x89PNG")
    assert bursar("whatif", "--picture", "w.gif").code == 2


def test_without_a_local_model_it_says_so_before_all_figures(bursar: Command, tmp_path: Path):
    imported(bursar, tmp_path)
    said = bursar("whatif", "--policy", "auto").out
    assert said.index("No local model has been measured on this machine") < said.index("policy")
    assert "reads 1,500 and writes 40 of them a second" in said
    typed = ("--context", "65536", "--reads", "900", "--writes", "30")
    assert "No local model" not in bursar("whatif", "--policy", "auto", *typed).out
    told = bursar("whatif", "--policy", "auto", *typed, "--json").json["local_model"]
    assert told == {"is_guess": False, "context": 65536, "reads": 900, "writes": 30}


def test_with_nothing_recorded_it_says_how_to_get_something(bursar: Command, tmp_path: Path):
    said = bursar("whatif")
    assert said.code == 1
    assert "bursar history import" in said.err
    imported(bursar, tmp_path / "logs", 1, 2)
    said = bursar("whatif", "--days", "1")
    assert "nothing was recorded since 2026-11-20; the first recorded day is 2026-11-18: --since 2026-11-18" in said.err
    assert bursar("whatif", "--from", "ledger").code == 1


def test_wrong_wishes_are_named(bursar: Command):
    assert "has no price" in bursar("whatif", "--cheaper", "gpt-9").err
    assert "below the budget" in bursar("whatif", "--budget", "10", "--cutoff", "5").err
    assert bursar("whatif", "--policy", "magic").code == 2


class Book:
    """A ledger's entries of one day, put in as the proxy does."""

    def __init__(self, home: Path) -> None:
        settings = read((home / "config.toml").read_text(), lambda: "UTC")
        limits = Limits.of(Money.usd(1000))
        self.now = DAY + timedelta(hours=9)
        self.ledger = Ledger.open(home / "ledger", clock=lambda: self.now, limits=limits, zone=settings.zone)
        self._number = 0

    def put(
        self, usage: Usage, *, local: bool = False, outcome: Outcome = Outcome.complete, again: bool = False
    ) -> None:
        self.now += timedelta(seconds=5)
        self._number += not again
        labels = Labels("s1", "", "claude-opus-5-5", "test", "L1", "auto", turn="t1", attempt=int(again))
        offer = Offer("anthropic", "claude-opus-5-5", Money.usd(1), is_local=False)
        if local:
            offer = Offer("llama", "qwen", ZERO, is_local=True)
        held = self.ledger.reserve(Ask(f"req_{self._number}", (offer,), labels))
        assert isinstance(held, Held)
        cost = ZERO if local or outcome is Outcome.voided else PRICES.on(self.now, "claude-opus-5-5").rates.cost(usage)
        spent = LocalCost(Money.usd("0.001"), Money.usd("0.003"), 5, "NVML") if local else None
        settled = Settlement(outcome, cost, cost, usage, upstream_id=f"up_{self._number}", local=spent)
        self.ledger.settle(held.hold_id, settled).result(5)


def test_the_ledgers_own_days_are_replayed_each_request_once(bursar: Command, home: Path):
    book = Book(home)
    book.put(Usage(cache_write_5m=20_000, output=100))
    book.put(Usage(input=21_000, output=50), local=True)  # Good for nothing:
    book.put(Usage(cache_write_5m=1_000, cache_read=20_000, output=60), again=True)  # Claude did it again.
    book.put(Usage(input=22_000, output=40), local=True)
    book.put(Usage(output=0), outcome=Outcome.voided)
    book.ledger.correct(1, Money.usd("0.11"), Money.usd("0.11"), "as billed")
    book.ledger.close()
    found = bursar("whatif", "--from", "ledger", "--json").json
    assert (found["requests"], found["from_ledger"]) == (3, 3)
    was = found["as_it_was"]
    # 0.11 as corrected; 1,000 written at 5, 20,000 read at 0.20, 60 out at 20 millionths.
    assert money(was, "cost_usd") == Money.usd("0.1202")
    assert (was["machine_usd"], was["local"]) == ("0.006", 1)
    assert any(note.startswith("1 request answered locally") for note in found["notes"])


def test_what_stands_in_both_is_replayed_once(bursar: Command, home: Path, tmp_path: Path):
    logs = imported(bursar, tmp_path / "logs", 1, 2)
    book = Book(home)
    name = sorted(logs.truth.usage)[0].removeprefix("msg_")
    offer = Offer("anthropic", "claude-opus-5-5", Money.usd(1), is_local=False)
    held = book.ledger.reserve(Ask("req_1", (offer,), Labels(tier="L2")))
    assert isinstance(held, Held)
    cost = Money.usd("0.1")
    done = Settlement(Outcome.complete, cost, cost, Usage(input=9), upstream_id=f"req_{name}")
    book.ledger.settle(held.hold_id, done).result(5)
    book.ledger.close()
    bursar("history", "import", str(tmp_path / "logs"))
    both, one = (bursar("whatif", "--from", source, "--json").json for source in ("both", "history"))
    assert both["requests"] == one["requests"] == len(logs.truth.usage)
    assert (both["from_ledger"], one["from_ledger"]) == (1, 1)
