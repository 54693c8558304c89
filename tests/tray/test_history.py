"""`bursar history`: logs are imported once, beside the ledger; nothing counts twice, and all of it can be undone."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from urllib.error import HTTPError

import pytest

from budget.bands import Limits
from budget.ledger import Ask, Held, Ledger, Offer, Outcome, Settlement
from pricing.money import Money
from tests.kit import traffic
from tests.kit.bursar import Bursar
from tests.kit.claude_logs import Logs
from tests.tray.conftest import NOON, Command
from tray.settings import read

BEGINS = datetime(2026, 11, 18, tzinfo=UTC)


@pytest.fixture
def logs(tmp_path: Path) -> Logs:
    """A folder with the logs of one day."""
    made = Logs(tmp_path / "claude", BEGINS)
    made.write(traffic.generate(5, 3))
    return made


def folder_of(logs: Logs) -> str:
    return str(logs.folder.parent.parent)


def everything_in(database: Path) -> str:
    with closing(sqlite3.connect(database)) as connection:
        return "\n".join(connection.iterdump())


def test_logs_are_found_where_claude_code_keeps_them(bursar: Command, logs: Logs):
    found = bursar("history", "import", "--json", CLAUDE_CONFIG_DIR=folder_of(logs)).json
    assert found["total"]["requests"] == found["new"] == len(logs.truth.usage)
    assert found["total"]["output"] == logs.truth.total("output_tokens")
    assert found["total"]["cache_read"] == logs.truth.total("cache_read_input_tokens")
    assert bursar("history", "--json").json["total"] == found["total"]


def test_the_usual_folder_is_below_home(bursar: Command, logs: Logs, tmp_path: Path):
    (tmp_path / "claude").rename(tmp_path / ".claude")
    said = bursar("history", "import", "--dry-run", HOME=str(tmp_path))
    assert f"{len(logs.truth.usage):,} requests would be added" in said.out


def test_without_logs_it_says_where_it_looked_and_what_to_do(bursar: Command, tmp_path: Path):
    said = bursar("history", "import", HOME=str(tmp_path))
    assert said.code == 1
    assert f"no logs of Claude Code (*.jsonl) in {tmp_path / '.claude' / 'projects'} and " in said.err
    assert "bursar history import FOLDER" in said.err
    assert "CLAUDE_CONFIG_DIR" in said.err
    assert str(tmp_path / "x") in bursar("history", "import", str(tmp_path / "x")).err


def test_a_dry_run_writes_nothing(bursar: Command, logs: Logs, home: Path):
    said = bursar("history", "import", folder_of(logs), "--dry-run")
    assert "Nothing was kept" in said.out
    assert [path.name for path in home.iterdir()] == ["config.toml"]


def test_a_second_import_adds_only_what_is_new(bursar: Command, logs: Logs):
    first = bursar("history", "import", folder_of(logs), "--json").json
    again = bursar("history", "import", folder_of(logs), "--json").json
    assert (again["new"], again["changed"], again["same"]) == (0, 0, first["new"])
    logs.write([call for call in traffic.generate(6, 1) if call.session == "s001"])
    later = bursar("history", "import", folder_of(logs), "--json").json
    assert later["new"] > 0
    assert bursar("history", "--json").json["total"]["requests"] == len(logs.truth.usage)


def test_an_answer_that_was_still_being_written_is_completed_by_the_next_import(bursar: Command, logs: Logs):
    whole = logs.file("s001").read_bytes()
    parts = whole.rstrip(b"\n").split(b"\n")
    last = max(n for n, line in enumerate(parts) if b'"assistant"' in line and b'"output_tokens":1}' not in line)
    logs.file("s001").write_bytes(b"\n".join(parts[:last]) + b"\n")
    before = bursar("history", "import", folder_of(logs), "--json").json
    logs.file("s001").write_bytes(whole)
    after = bursar("history", "import", folder_of(logs), "--json").json
    assert after["new"] + after["changed"] >= 1
    assert before["total"]["output"] < after["total"]["output"] == logs.truth.total("output_tokens")


def test_books_that_cannot_be_read_are_told_as_such(bursar: Command, logs: Logs, home: Path):
    (home / "ledger").mkdir()
    (home / "ledger" / "ledger.db").write_bytes(b"not a database at all" * 200)
    for said in (bursar("history"), bursar("history", "import", folder_of(logs), "--dry-run"), bursar("whatif")):
        assert said.code == 1
        assert "should not have happened" not in said.err


def test_forgetting_takes_out_what_was_imported_and_nothing_else(bursar: Command, logs: Logs, home: Path):
    spend(home, "1.50", "req_of_its_own")
    count = bursar("history", "import", folder_of(logs), "--json").json["new"]
    assert bursar("history", "forget", "--json").json == {"forgotten": count}
    assert "Nothing is imported" in bursar("history", "show").out
    assert bursar("status", "--json").json["settled_usd"] == "1.5"
    assert bursar("history", "forget").out == "0 imported requests are forgotten\n"


def test_what_was_imported_changes_no_day_of_the_ledger(bursar: Command, logs: Logs, home: Path):
    spend(home, "1.50", "req_of_its_own")
    before = bursar("report", "--json").json
    bursar("history", "import", folder_of(logs))
    after = bursar("report", "--json").json
    assert before.pop("imported")["requests"] == 0
    assert after.pop("imported")["requests"] > 0, "it is told, in a place of its own"
    assert after == before
    with ledger_of(home) as ledger:
        assert ledger.check() == []


def test_what_came_through_bursar_is_marked_and_not_counted_beside_it(bursar: Command, logs: Logs, home: Path):
    name = sorted(logs.truth.usage)[0].removeprefix("msg_")
    spend(home, "0.25", f"req_{name}")
    found = bursar("history", "import", folder_of(logs), "--json").json
    assert found["total"]["through"] == 1
    assert Money.usd(found["total"]["beside_usd"]) < Money.usd(found["total"]["usd"])
    assert "1 of them came through bursar" in bursar("history").out


def test_an_answer_with_an_id_of_bursars_own_was_local_work_and_came_through_it(bursar: Command, tmp_path: Path):
    lines = Logs(tmp_path, BEGINS)
    lines.folder.mkdir(parents=True)
    usage = '{"input_tokens":5,"output_tokens":2}'
    for name, request in (("msg_" + "0a" * 12, ""), ("msg_01ABCDEFGHIJKLMNOPQRSTUV", '"requestId":"req_x",')):
        message = f'{{"id":"{name}","model":"claude-opus-5-5","content":[],"usage":{usage}}}'
        line = f'{{"type":"assistant",{request}"timestamp":"2026-11-20T10:00:00Z","message":{message}}}\n'
        lines.append("s1", line)
    total = bursar("history", "import", str(tmp_path), "--json").json["total"]
    assert (total["requests"], total["through"]) == (2, 1)
    assert total["usd"] == total["beside_usd"] == "0.00006"  # One at Claude: 5 in at 4, 2 out at 20.
    was = bursar("whatif", "--from", "history", "--json").json["as_it_was"]
    assert (was["requests"], was["local"], was["cost_usd"]) == (2, 1, "0.00006")


def test_only_numbers_ids_and_names_of_folders_are_kept(bursar: Command, logs: Logs, home: Path):
    bursar("history", "import", folder_of(logs))
    kept = everything_in(home / "ledger" / "ledger.db")
    assert "shop" in kept
    for word in ("retry helper", "webhook", "I shall look", "/home/someone", "f1.py", "done"):
        assert word not in kept


def test_each_turn_has_the_tier_that_the_proxy_would_have_given_it(bursar: Command, logs: Logs, home: Path):
    bursar("history", "import", folder_of(logs))
    with closing(sqlite3.connect(home / "ledger" / "ledger.db")) as connection:
        tiers = connection.execute("SELECT DISTINCT tier FROM history ORDER BY tier").fetchall()
        mixed = connection.execute(
            "SELECT turn FROM history GROUP BY session, agent, turn HAVING count(DISTINCT tier) > 2"
        )
        assert mixed.fetchall() == []
    assert ("L2",) in tiers
    assert ("",) not in tiers


def test_a_running_bursar_writes_what_the_command_has_read(served: Bursar, logs: Logs):
    said = served.command("history", "import", folder_of(logs))
    assert f"{len(logs.truth.usage):,} requests added" in said.stdout, said.stderr
    assert f"{len(logs.truth.usage):,} requests in" in served.command("history").stdout
    for wrong in ({"rows": [["msg", -1]]}, {"rows": [5]}, {"rows": None}, {}):
        with pytest.raises(HTTPError, match="400"):
            served.api("/api/history", wrong)
    assert served.api("/api/history/forget", {}) == {"forgotten": len(logs.truth.usage)}


def ledger_of(home: Path) -> Ledger:
    settings = read((home / "config.toml").read_text(), lambda: "UTC")
    return Ledger.open(home / "ledger", clock=lambda: NOON, limits=Limits.of(settings.budget), zone=settings.zone)


def spend(home: Path, dollars: str, upstream_id: str) -> None:
    """Put one complete request into the ledger, under the id that Claude gave it."""
    cost = Money.usd(dollars)
    with ledger_of(home) as ledger:
        held = ledger.reserve(Ask("req_1", (Offer("anthropic", "claude-opus-5-5", cost, is_local=False),)))
        assert isinstance(held, Held)
        ledger.settle(held.hold_id, Settlement(Outcome.complete, cost, cost, upstream_id=upstream_id)).result(5)
