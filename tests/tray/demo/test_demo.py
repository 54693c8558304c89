"""`bursar demo`: a made-up day that is real in everything but its money, and says so wherever one looks."""

import csv
import functools
import io
import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

import pytest

from budget import reading
from budget.folder import Folder
from budget.words import SIMULATED
from pricing.money import ZERO, Money
from pricing.table import PriceTable
from tests.kit.fake_claude import ROOT

DAY = ("demo", "--json", "--sessions", "2", "--past", "1", "--seconds", "0", "--budget", "1", "--seed", "3")
PAGES = ("/", "/requests", "/sessions", "/models", "/reports", "/settings")


@dataclass
class Played:
    """One demo that serves after its day, another of the same seed that has ended, and what both left behind."""

    root: Path
    serving: subprocess.Popen[str]
    told: dict[str, Any]
    ended: dict[str, Any]
    code: int

    @property
    def kept(self) -> Path:
        """The folder of the one that has ended."""
        return self.root / "kept"


def environment(root: Path) -> dict[str, str]:
    """Give each place where a program might write a folder of the test's own."""
    places = {name: str(root / "person") for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME")}
    return {**os.environ, **places, "BURSAR_HOME": str(root / "mine"), "TMPDIR": str(root / "temporary")}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    root = tmp_path_factory.mktemp("demo")
    for name in ("person", "mine", "temporary"):
        (root / name).mkdir()
    with ExitStack() as stack:
        others = [(), ("--exit", "--keep", str(root / "kept"))]
        serving, brief = (stack.enter_context(started(root, *DAY, *more)) for more in others)
        ended, _ = brief.communicate(timeout=90)
        assert serving.stdout
        told = "".join(iter(serving.stdout.readline, "}\n")) + "}"
        yield Played(root, serving, json.loads(told), json.loads(ended), brief.returncode)
        serving.kill()


def started(root: Path, *arguments: str) -> "subprocess.Popen[str]":
    """Start a command."""
    command = [sys.executable, "-m", "tray", *arguments]
    return subprocess.Popen(command, cwd=ROOT, env=environment(root), stdout=subprocess.PIPE, text=True)


def said(root: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a command and give what it said."""
    command = [sys.executable, "-m", "tray", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment(root), capture_output=True, text=True, timeout=60)


def test_two_days_of_one_seed_come_to_the_same_figures(played: Played):
    assert played.code == 0
    assert played.told["figures"] == played.ended["figures"]
    assert played.told["figures"]["requests"] > 30
    assert set(played.told["figures"]["routes"]) >= {"Claude", "local"}
    assert "threshold 50" in played.told["figures"]["alerts"]


def test_its_ledger_is_the_made_up_claudes_bill_at_real_prices(played: Played):
    figures, prices, priced = played.ended["figures"], PriceTable.load(), ZERO
    database = Folder(played.kept / "ledger").database
    entries = reading.entries(database, reading.ON_DAY, {"day": figures["day"]}, 10_000)
    for entry in entries:
        if not entry.is_local:
            usage, rates = entry.usage, prices.on(entry.at, entry.model).rates
            written, read = usage.cache_write_5m * rates.cache_write_5m, usage.cache_read * rates.cache_read
            priced += Money(usage.input * rates.input + written + read + usage.output * rates.output)
    assert Money.usd(figures["spent_usd"]) == Money.usd(figures["billed_usd"]) == priced > ZERO


def test_every_page_says_that_it_is_simulated(played: Played):
    browser = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(CookieJar())
    )
    url = played.told["dashboard_url"]
    server = url.partition("/open/")[0]
    first = browser.open(url).read().decode()
    listed = browser.open(f"{server}/requests").read().decode()
    one, week = (
        re.search(r'"(/requests/[^"/?]+)"', listed),
        re.search(r'"(/reports/[^"/?]+)"', browser.open(f"{server}/reports").read().decode()),
    )
    assert one
    assert week
    pages = {path: browser.open(server + path).read().decode() for path in (*PAGES, one[1], week[1])}
    assert [path for path, page in {"": first, **pages}.items() if SIMULATED not in page] == []


def test_every_command_in_its_folder_says_so_while_it_runs_and_after(played: Played):
    for home in (played.told["home"], str(played.kept)):
        status = said(played.root, "--home", home, "status", "--json")
        assert SIMULATED in status.stderr
        assert json.loads(status.stdout)["simulated"] is True
    report = functools.partial(said, played.root, "--home", str(played.kept), "report")
    assert SIMULATED in report("--html", "-").stdout
    assert json.loads(report("--json").stdout)["simulated"] is True
    assert {row["simulated"] for row in csv.DictReader(io.StringIO(report("--csv").stdout))} == {"yes"}
    assert SIMULATED not in said(played.root, "status").stderr


def test_a_folder_with_something_in_it_is_left_alone(played: Played):
    refused = said(played.root, "demo", "--exit", "--keep", str(played.kept))
    assert refused.returncode == 1
    assert "new or an empty folder" in refused.stderr


def test_it_writes_nothing_outside_its_folder_and_takes_that_away(played: Played):
    played.serving.send_signal(signal.SIGTERM)
    assert played.serving.wait(30) == 0
    assert sorted(path.name for path in played.root.iterdir()) == ["kept", "mine", "person", "temporary"]
    assert [*(played.root / "temporary").iterdir(), *(played.root / "person").rglob("*")] == []
    assert list((played.root / "mine").iterdir()) == []
