"""`bursar cache`: what Claude's cache missed, in figures that plain SQL recounts, and in words that fit a terminal."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from budget.bands import Limits
from budget.cachemisshistory import Past
from budget.cachemisslife import Lives
from budget.cachemisssums import Missed
from budget.ledger import Ledger
from tests.kit import traffic
from tests.kit.cachefacts import judge
from tests.kit.claude.prices import Tokens, charge
from tests.kit.claude_logs import Logs
from tests.kit.weeks import WeekMaker
from tests.tray.conftest import Command
from tray.cli.cache_show import cache_words
from tray.settings import read

LIVES = ("", "5m", 3, 10**12, 1, 10**12, 10**12, 10**12)
MONDAY = datetime(2026, 11, 16, 8, tzinfo=UTC)


@pytest.fixture
def lived(home: Path) -> Path:
    """A home with a week of requests at Claude, every third of which missed something."""
    settings = read((home / "config.toml").read_text(), lambda: "UTC")
    moments = [MONDAY]
    limits, zone = Limits.of(settings.budget), settings.zone
    clock = lambda: (moments[-1] - MONDAY).total_seconds() + 1000
    with Ledger.open(home / "ledger", clock=lambda: moments[-1], limits=limits, zone=zone, monotonic=clock) as ledger:
        week = WeekMaker(ledger, moments.append)
        for number in range(40):
            at = MONDAY + timedelta(hours=number)
            name = ("a-session-of-work", "\x1b[31mred")[number % 2]
            week.at_claude(at, "0.05", session=name, project="/home/ada/shop")
        assert judge(ledger) == 40
    return home / "ledger" / "ledger.db"


def test_the_text_fits_a_hundred_columns_and_says_what_it_is_about(bursar: Command, lived: Path):
    said = bursar("cache").out
    assert max(map(len, said.splitlines())) <= 100
    assert "\x1b" not in said
    assert "system changed" in said
    assert "An hour would have saved $0.2000 of $2.00." in said
    assert "ENABLE_PROMPT_CACHING_1H=1" in said
    assert "bursar keeper says what that would save" in " ".join(said.split())


def test_what_the_cache_keeper_kept_is_said_to_be_left_out() -> None:
    found = replace(Missed(MONDAY.date(), MONDAY.date()), requests=3, kept_warm=2, lives=Lives.of([LIVES]))
    assert "2 requests are not compared: the cache keeper kept" in " ".join(cache_words(found, Past()).split())


def test_its_figures_are_those_that_plain_sql_recounts(bursar: Command, lived: Path):
    said = bursar("cache", "--json").json
    with closing(sqlite3.connect(lived)) as connection:
        recounted = connection.execute(
            "SELECT kind, what, count(*), sum(picos) FROM cache_misses GROUP BY kind, what ORDER BY kind, what"
        ).fetchall()
        (avoidable,) = connection.execute("SELECT sum(picos) FROM cache_misses WHERE kind <> 'first'").fetchone()
    told = [(row["kind"], row["what"], row["misses"], row["cost"]["picos"]) for row in said["kinds"]]
    assert sorted(told) == recounted
    assert said["avoidable"]["picos"] == avoidable == sum(row["missed"]["picos"] for row in said["sessions"])
    assert said["requests"] == 40
    assert said["judged"] == said["bill"] == {"usd": "2", "picos": 2 * 10**12}
    assert said["advice"]["lifetime"] == "1h"


def test_one_day_is_a_part_of_the_week(bursar: Command, lived: Path):
    days = [bursar("cache", "--day", f"2026-11-{day}", "--json").json for day in (16, 17)]
    week = bursar("cache", "--week", "2026-W47", "--json").json
    assert sum(day["missed"]["picos"] for day in days) == week["missed"]["picos"]
    assert bursar("cache", "--day", "today", "--json").json["requests"] == 0


@pytest.mark.parametrize("wrong", [("--day", "yesterday"), ("--week", "47"), ("--day", "today", "--week", "2026-W47")])
def test_a_day_that_is_none_is_wrong_usage(bursar: Command, wrong: tuple[str, ...]):
    assert bursar("cache", *wrong).code == 2


def test_before_the_first_request_it_says_how_to_begin(bursar: Command):
    said = bursar("cache")
    assert said.code == 0
    assert "bursar run -- claude" in said.out


def test_the_weekly_report_advises_the_lifetime_that_would_have_been_cheaper(bursar: Command, lived: Path):
    advice = {one["topic"]: one for one in bursar("report", "--week", "2026-W47", "--json").json["advice"]}
    assert advice["lifetime"]["amount"]["usd"] == "0.2"
    assert "ENABLE_PROMPT_CACHING_1H=1" in advice["lifetime"]["arithmetic"]


def test_imported_logs_tell_what_either_lifetime_would_have_cost(bursar: Command, tmp_path: Path):
    calls = traffic.generate(5, 8)
    logs = Logs(tmp_path / "claude", datetime(2026, 11, 18, tzinfo=UTC))
    logs.write(calls)
    assert bursar("history", "import", str(logs.folder.parent.parent)).code == 0
    found = bursar("cache", "--json").json
    told = {one["agent"]: one for one in found["imported"]["lifetimes"]}["together"]
    assert told["off_permille"] == 0
    truth = kept_for_an_hour(calls)
    assert abs(told["if_1h"]["picos"] - truth) * 1000 <= truth
    assert "From the agent’s own logs" in bursar("cache").out
    assert found["requests"] == 0


def kept_for_an_hour(calls: list[traffic.Call]) -> int:
    """Bill the calls that are logged as if all were written for an hour."""
    cache: dict[tuple[str, str], tuple[float, int]] = {}
    picos = 0
    for call in calls:
        if call.agent == "bg" or call.kind == "background:compaction":
            continue
        at, held = cache.get((call.session, call.agent), (float("-inf"), 0))
        read = min(held, call.prefix) if call.t - at < 3600 else 0
        prompt = call.prefix + call.new
        cache[call.session, call.agent] = (call.t, prompt)
        picos += charge(call.model, Tokens(write_1h=prompt - read, read=read, output=call.out))
    return picos
