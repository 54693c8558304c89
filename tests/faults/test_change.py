"""What a person changes, and what breaks, while requests run (FAULTS.md F15, F18, F19, F21, F22)."""

import json
import random
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from pricing.money import Money
from tests.faults.conftest import Start
from tests.journeys.conftest import StartBursar
from tests.journeys.conftest import start as bursar_start
from tests.kit.balance import balanced
from tests.kit.bursar import PICOS, Bursar
from tests.kit.desktop import Panel, PrivateBus, until
from tests.kit.fake_claude import FakeClaude
from tests.kit.leftovers import descriptors
from tests.kit.raw import Client, Truncated, ask, message, post

__all__ = ["bursar_start"]

TEXTS = ("[[out:20]]", "[[long:8:5]]", "[[fault:cut=700]] [[out:300]]", "[[out:400]]", "[[fault:status=529]]")


@contextmanager
def load(url: str, threads: int) -> Iterator[None]:
    """Ask without pause from so many threads until the end."""
    over = threading.Event()

    def asking(number: int) -> None:
        chance = random.Random(number)
        while not over.is_set():
            with suppress(Truncated, OSError, ValueError):
                ask(url, message(chance.choice(TEXTS), max_tokens=500, stream=chance.random() < 0.8))

    asking_all = [threading.Thread(target=asking, args=(number,)) for number in range(threads)]
    for thread in asking_all:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in asking_all:
            thread.join()


def test_f18_whatever_is_switched_under_load_holds_at_once_and_nothing_passes_the_cutoff(
    bursar_start: StartBursar, fake: FakeClaude
) -> None:
    bursar = bursar_start(budget="0.40", cutoff="0.40", queue_wait_s=0)
    closed = [("/api/mode", {"mode": "local"}, {"mode": "cloud"}), ("/api/stop", {}, {})]
    with load(bursar.url, 12):
        for path, close, reopen in closed:
            time.sleep(0.3)
            bursar.api(path, close)
            time.sleep(0.1)  # What was written before the answer may still be on its way through the system.
            before = len(fake.requests(bodies=False))
            bursar.api("/api/budget", {"usd": "0.20"})
            time.sleep(0.3)
            assert len(fake.requests(bodies=False)) == before
            bursar.api("/api/mode" if reopen else "/api/resume", reopen)
        bursar.api("/api/cutoff", {"usd": "0.30"})
        bursar.api("/api/reload", {})
        time.sleep(0.3)
    bursar.settled()
    charged = sum(entry.charged for entry in bursar.entries())
    assert fake.bill()["picos"] <= charged <= 4 * PICOS // 10
    assert all(entry.charged <= entry.held for entry in bursar.entries())


def test_f18_prices_edited_under_load_count_from_the_next_hold_and_each_entry_keeps_those_of_its_own(
    bursar_start: StartBursar, fake: FakeClaude
) -> None:
    bursar = bursar_start(budget="50.00")
    with load(bursar.url, 6):
        for dollars in (90, 70, 80, 60):
            own = f"[models.claude-sonnet-5-5]\ninput = {dollars}\noutput = {dollars}\n"
            (bursar.home / "prices.toml").write_text(own, encoding="utf-8")
            bursar.api("/api/reload", {})
            time.sleep(0.3)
    bursar.settled()
    tables = set()
    for entry in bursar.entries():
        if entry.outcome == "complete":
            held, charged = _prices_of(bursar, entry.id)
            assert entry.charged == sum(quantity * each for _, _, quantity, each in charged["lines"])
            assert charged["table"] == held["table"]
            tables.add(held["table"])
    assert len(tables) > 2
    assert sum(entry.charged for entry in bursar.entries()) >= fake.bill()["picos"]


def _prices_of(bursar: Bursar, entry: int) -> tuple[Any, Any]:
    """Read what an entry's hold and its charge rest on."""
    with closing(sqlite3.connect(f"{bursar.database.as_uri()}?mode=ro", uri=True)) as db:
        row = db.execute("SELECT terms, rates FROM details WHERE entry_id = ?", (entry,)).fetchone()
    return json.loads(row[0]), json.loads(row[1])


@pytest.mark.prove
def test_f15_killed_at_any_point_it_is_back_and_knows_at_least_what_was_billed(
    bursar_start: StartBursar, fake: FakeClaude
) -> None:
    bursar = bursar_start(budget="5.00")
    for pause_s in (0.01, 0.05, 0.1, 0.2, 0.4, 0.8):
        with load(bursar.url, 8):
            time.sleep(pause_s)
            bursar.kill()
        bursar.start()
    fake.wait_until(lambda it: it.bill()["open"] == 0)
    bursar.settled()
    assert sum(entry.charged for entry in bursar.entries()) >= fake.bill()["picos"]
    assert ask(bursar.url, message("[[text:back]]")).text == "back"


FAULTY = (
    "drop", "reset", "cut=300", "cut-event=3 how=clean", "error-event=2", "usage=none", "status=529 retry-after=1",
    "garbage", "gzip-cut", "no-stop",
)  # fmt: skip


def test_f21_of_three_hundred_requests_one_in_ten_faulty_nothing_stays_open(start: Start, fake: FakeClaude) -> None:
    proxy = start(budget="1000", cutoff="1000")
    chance = random.Random(7)

    def one(number: int) -> None:
        fault = f"[[fault:{chance.choice(FAULTY)}]]" if number % 10 == 0 else ""
        with suppress(Truncated, ValueError):
            ask(proxy.url, message(f"[[out:30]] {fault}", stream=number % 3 > 0))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(100)))
        proxy.entries(100)
        threads, files = threading.active_count(), descriptors()
        list(pool.map(one, range(100, 300)))
    assert len(balanced(proxy, fake, 300)) == 300
    assert threading.active_count() <= threads
    assert descriptors() <= files + 8  # Connections to the fake that are kept for the next request.


@pytest.mark.skipif(shutil.which("dbus-daemon") is None, reason="dbus-daemon is missing: `tests/run.py` installs it")
def test_f22_when_its_desktop_dies_the_proxy_goes_on(tmp_path: Path, fake: FakeClaude) -> None:
    bus = PrivateBus()
    bus.start()
    panel = Panel(bus.address)
    try:
        with Bursar(tmp_path / "home", fake.url, desktop={"DBUS_SESSION_BUS_ADDRESS": bus.address}) as bursar:
            until(lambda: panel.read().lines)
            bus.stop()
            assert ask(bursar.url, message("[[text:fine]]")).text == "fine"
            assert bursar.status()["mode"] == "cloud"
            assert bursar.stop() == 0
    finally:
        panel.close()
        bus.close()


def test_f18_a_budget_that_falls_below_what_is_held_lets_running_requests_end(start: Start, fake: FakeClaude) -> None:
    proxy = start(budget="1", cutoff="1")
    with Client(proxy.url) as running:
        running.send(post(proxy.url, message("[[long:10:20]]", max_tokens=2000, stream=True)))
        running.until(b"text_delta")
        limits = type(proxy.today.limits)(Money.usd("0.001"), Money.usd("0.001"))
        proxy.ledger.set_limits(limits)
        assert ask(proxy.url, message("x", max_tokens=2000)).status == 402
        assert running.answer().status == 200
        proxy.ledger.set_limits(type(limits)(Money.usd("1"), Money.usd("1")))
    balanced(proxy, fake, 1)
