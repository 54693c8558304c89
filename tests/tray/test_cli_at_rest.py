"""The command while no bursar runs: it tells what the ledger kept, and what it changes lasts."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from budget.bands import Limits
from budget.instance import InstanceLock
from budget.ledger import Ask, Held, Labels, Ledger, Offer, Outcome, Settlement
from budget.refused import RefusedRequest
from pricing.money import Money
from pricing.usage import Usage
from tests.tray.conftest import NOON, Command
from tray.settings import read


def ledger_of(home: Path) -> Ledger:
    """Open the ledger of a home, as `bursar serve` does."""
    settings = read((home / "config.toml").read_text(), lambda: "UTC")
    return Ledger.open(home / "ledger", clock=lambda: NOON, limits=Limits.of(settings.budget), zone=settings.zone)


def spend(home: Path, dollars: str, *, model: str = "claude-opus-5-5", labels: Labels = Labels(tier="L2")) -> None:  # noqa: B008
    """Put one complete request into the ledger."""
    with ledger_of(home) as ledger:
        offer = Offer("anthropic", model, Money.usd(dollars), is_local=False)
        held = ledger.reserve(Ask("req_1", (offer,), labels))
        assert isinstance(held, Held)
        cost = Money.usd(dollars)
        ledger.settle(held.hold_id, Settlement(Outcome.complete, cost, cost, Usage(output=7))).result(5)


def test_status_says_that_nothing_runs_and_writes_nothing(bursar: Command, home: Path):
    said = bursar("status")
    assert said.code == 0
    assert "Today   $0.00 of $10.00 (0%)" in said.out
    assert "bursar is not running; start it with: bursar serve" in said.out
    assert [path.name for path in home.iterdir()] == ["config.toml"]


def test_status_shows_what_the_ledger_kept(bursar: Command, home: Path):
    spend(home, "1.843")
    said = bursar("status")
    assert "$1.84 of $10.00 (18%)" in said.out
    assert bursar("status", "--json").json["settled_usd"] == "1.843"


def test_what_was_refused_today_is_told_and_explained_while_nothing_runs(bursar: Command, home: Path):
    assert bursar("status", "--json").json["refused_today"] == 0
    with ledger_of(home) as ledger:
        said = "bursar: today's cutoff of $12.00 is reached"
        ledger.refused.keep(
            RefusedRequest(NOON, "req_9", model_asked="claude-opus-5-5", tier="L2", why="full", said=said)
        )
        ledger.tallies.degraded("L2")
    shown = bursar("status")
    assert "today: 1 request; why: bursar explain" in shown.out
    assert "today: 1 request, Claude's work done locally" in shown.out
    told = bursar("status", "--json").json
    assert (told["refused_today"], told["degraded_today"]) == (1, 1)
    for asked in ("last", "req_9"):
        assert said in bursar("explain", asked).out


def test_status_of_a_later_day_starts_at_nothing(bursar: Command, home: Path):
    with ledger_of(home) as ledger:
        ledger.stop("person")
    spend_day = bursar("status", "--json").json
    assert (spend_day["day"], spend_day["stop"]["by"]) == ("2026-11-20", "person")


def test_a_damaged_ledger_is_told_and_not_touched(bursar: Command, home: Path):
    spend(home, "1")
    database = home / "ledger" / "ledger.db"
    database.write_bytes(b"not a database at all" * 100)
    said = bursar("status")
    assert said.code == 0
    assert "Trouble" in said.out
    assert database.read_bytes().startswith(b"not a database")


def test_what_is_switched_at_rest_lasts(bursar: Command, home: Path):
    assert bursar("mode", "local").out.startswith("local: ")
    assert bursar("mode").out.startswith("local: ")
    assert "all cloud traffic is stopped since" in bursar("stop").out
    assert bursar("status", "--json").json["stop"]["by"] == "person"
    assert bursar("resume", "--json").json == {"stop": None}
    with closing(sqlite3.connect(home / "ledger" / "ledger.db")) as db:
        assert db.execute("SELECT mode, stopped_by FROM state").fetchone() == ("local", None)


def test_limits_go_into_the_config_file_and_leave_its_comments(bursar: Command, home: Path):
    assert bursar("budget", "set", "$20").out == "budget $20.00 a day, cutoff $24.00\n"
    assert 'budget = "20"  # mine' in (home / "config.toml").read_text()
    assert bursar("cutoff", "set", "21.50").out == "budget $20.00 a day, cutoff $21.50\n"
    assert bursar("cutoff", "set", "default").out == "budget $20.00 a day, cutoff $24.00\n"
    assert bursar("budget", "--json").json == {"budget_usd": "20", "cutoff_usd": "24"}


@pytest.mark.parametrize("amount", ["ten", "-1", "1e9", "0.0000000000001", "nan", ""])
def test_an_amount_that_is_none_is_wrong_usage(bursar: Command, home: Path, amount: str):
    before = (home / "config.toml").read_text()
    said = bursar("budget", "set", "--", amount)
    assert said.code == 2
    assert "must be" in said.err
    assert (home / "config.toml").read_text() == before


def test_a_cutoff_below_the_budget_is_refused_in_one_line(bursar: Command):
    said = bursar("cutoff", "set", "5")
    assert (said.code, said.err) == (
        1,
        "bursar: not changed: `cutoff` ($5.00) must not be below `budget` ($10.00)\n",
    )


def test_a_mistake_in_the_config_file_is_told_with_its_line_by_every_command(bursar: Command, home: Path):
    (home / "config.toml").write_text('zone = "UTC"\nbudgte = 3\n')
    for arguments in (("status",), ("config", "check"), ("mode", "auto"), ("report",)):
        said = bursar(*arguments)
        assert said.code == 1
        assert said.err == 'bursar: config.toml, line 2: there is no key "budgte"; did you mean "budget"?\n'


def test_what_needs_a_running_bursar_says_so(bursar: Command):
    for arguments in (("log", "-f"), ("config", "reload")):
        said = bursar(*arguments)
        assert (said.code, said.err) == (3, "bursar: bursar is not running; start it with: bursar serve\n")


def test_nothing_is_changed_while_another_bursar_holds_the_lock(bursar: Command, home: Path):
    with InstanceLock(home) as lock:
        lock.announce({"proxy": 1, "control": 2})
        for arguments in (("mode", "auto"), ("budget", "set", "5"), ("stop",)):
            said = bursar(*arguments)
            assert said.code == 4
            assert "is already running (process " in said.err


def test_the_report_sums_by_day_model_and_tier(bursar: Command, home: Path):
    spend(home, "1.5")
    spend(home, "0.25", model="=evil", labels=Labels(tier="L1"))
    said = bursar("report")
    assert "$1.75 for 2 requests" in said.out
    assert "claude-opus-5-5         1  $1.5000" in said.out
    found = bursar("report", "--json").json
    assert found["charged_usd"] == "1.75"
    assert sorted(row["charged_usd"] for row in found["models"]) == ["0.25", "1.5"]
    assert "spent,no,2026-11-20,anthropic,'=evil,L1," in bursar("report", "--csv").out
    assert bursar("report", "--week", "2026-W46").out == "2026-11-09 to 2026-11-15: nothing was spent\n"
    assert bursar("report", "--week", "2026-W99").code == 2


def test_the_log_at_rest_comes_from_the_ledger(bursar: Command, home: Path):
    spend(home, "1.5")
    said = bursar("log")
    assert "anthropic/claude-opus-5-5  done, $1.50  L2" in said.out
    assert "bursar is not running" in said.err


def test_config_show_has_every_setting(bursar: Command, home: Path):
    assert bursar("config").out == f"{home / 'config.toml'}\n"
    assert bursar("config", "check").out == f"{home / 'config.toml'} is fine\n"
    for verbs in (("config",), ("config", "path"), ("config", "check")):
        assert bursar(*verbs, "--json").json["path"] == f"{home / 'config.toml'}"
    shown = bursar("config", "show", "--json").json
    assert (shown["budget"], shown["cutoff"], shown["discover"], shown["zone"]) == ("10", "12", False, "UTC")
    said = bursar("config", "show").out.splitlines()
    assert next(" ".join(line.split()) for line in said if "machine" in line) == "machine.price -"
    assert "{" not in "".join(said)


def test_a_config_file_that_is_not_there_is_not_called_fine(bursar: Command, tmp_path: Path):
    said = bursar("--home", str(tmp_path / "empty"), "config", "check")
    assert (said.code, said.out) == (0, f"there is no {tmp_path / 'empty' / 'config.toml'} yet: the defaults hold\n")


def test_prices_of_a_known_and_of_an_unknown_model(bursar: Command):
    assert "output                  $20.00" in bursar("prices", "show", "claude-opus-5-5").out
    unknown = bursar("prices", "show", "gpt-17").out
    assert "the highest rates in force, because this model has no price" in unknown
    assert bursar("prices", "show", "gpt-17", "--json").json["provisional"] is True


def test_a_price_table_is_checked_before_it_is_taken_over(bursar: Command, home: Path, tmp_path: Path):
    table = Path("pricing/anthropic_prices.json").read_text()
    same, wrong, dear = (tmp_path / name for name in ("same.json", "wrong.json", "dear.json"))
    same.write_text(table)
    wrong.write_text("{}")
    dear.write_text(table.replace('"output": "20"', '"output": "2000"'))
    assert "changes nothing" in bursar("prices", "check", str(same)).out
    assert bursar("prices", "check", str(wrong)).code == 1
    said = bursar("prices", "update", str(dear))
    assert said.code == 1
    assert "--yes" in said.err
    assert not (home / "refreshed_prices.json").exists()
    assert bursar("prices", "update", str(same)).code == 0
    assert (home / "refreshed_prices.json").read_text() == table


def test_a_bug_ends_in_one_line_and_a_note_of_where_the_details_are(bursar: Command, home: Path):
    (home / "run.json").mkdir()  # What nobody foresaw: a folder in a file's place.
    (home / "ledger").write_text("a file in a folder's place")
    said = bursar("mode", "auto")
    assert said.code == 1
    assert "Traceback" not in said.err
    assert said.err.startswith("bursar: ")


def test_a_model_that_nobody_knows_is_named_by_the_check(bursar: Command, home: Path):
    config = home / "config.toml"
    config.write_text(config.read_text() + '\n[cloud_models]\nL2 = "claude-sonet-5-5"\n')
    said = bursar("config", "check")
    assert said.code != 0
    assert 'did you mean "claude-sonnet-5-5"?' in said.err


def test_a_budget_above_a_cutoff_of_ones_own_is_refused_with_the_way_out(bursar: Command):
    assert bursar("cutoff", "set", "12").code == 0
    said = bursar("budget", "set", "20")
    assert (said.code, "bursar cutoff set default" in said.err) == (1, True)
    assert bursar("cutoff", "set", "default").code == 0
    assert bursar("budget", "set", "20").out == "budget $20.00 a day, cutoff $24.00\n"


def test_what_the_system_refuses_is_told_without_its_number(bursar: Command, home: Path):
    (home / "config.toml").unlink()
    (home / "config.toml").mkdir()
    said = bursar("status")
    assert (said.code, said.err) == (1, f"bursar: {home / 'config.toml'} is not a plain file\n")


def test_a_misspelt_verb_is_met_with_the_one_that_was_meant(bursar: Command):
    assert "No such command 'statsu'; did you mean status?" in bursar("statsu").err


def test_a_model_without_a_price_is_met_with_the_nearest_that_has_one(bursar: Command):
    assert "did you mean claude-opus-5?" in bursar("prices", "show", "claude-opus-5x").out
    assert "did you mean" not in bursar("prices", "show", "claude-opus-5").out


def test_an_empty_log_says_that_it_is_empty(bursar: Command, home: Path):
    ledger_of(home).close()
    said = bursar("log")
    assert (said.out, said.err.splitlines()[-1]) == ("", "it has no request yet")


def test_agents_and_commands_cannot_share_a_port(bursar: Command):
    said = bursar("serve", "--port", "2878")
    assert (said.code, "cannot both have port 2878" in said.err) == (2, True)


def test_a_program_that_is_not_there_starts_no_bursar(bursar: Command, home: Path):
    said = bursar("run", "--", "no-such-agent", "-p")
    assert (said.code, said.err) == (127, "bursar: there is no command 'no-such-agent'\n")
    assert [path.name for path in home.iterdir()] == ["config.toml"]
