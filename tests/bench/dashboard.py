"""How long each page takes with a million entries: `python -m tests.bench.dashboard [--entries N] [--days D]`.

Pages are asked for over the wire, one after another; the figures are whole answers in milliseconds. `one day` puts all
entries into today, which no developer manages.
"""

import argparse
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from typing import Any

from proxy.server import Server
from tests.proxy.dashboard.house import NOW, House

PAGES = ("/", "/?part=1", "/requests", "/requests?part=1", "/requests?tier=L3&outcome=interrupted",
         "/requests?session=none", "/requests/req_last", "/sessions", "/models", "/settings")  # fmt: skip
CLASSES = ("debugging", "refactor", "test", "documentation")


def fill(file: Path, number: int, days: int) -> None:
    """Copy the one entry that is there so many times, spread over days that end with today; sums are kept in step."""
    with sqlite3.connect(file) as db:
        db.row_factory = sqlite3.Row
        pattern: dict[str, Any] = dict(db.execute("SELECT * FROM entries ORDER BY id DESC LIMIT 1").fetchone())
        columns = list(pattern)
        _days(db, number, days)
        marks = ", ".join(f":{name}" for name in columns)
        db.executemany(f"INSERT INTO entries ({', '.join(columns)}) VALUES ({marks})", _rows(pattern, number, days))
    db.close()


def _rows(pattern: dict[str, Any], number: int, days: int) -> Iterator[dict[str, Any]]:
    a_day = -(-number // days)
    for at in range(number):
        day = _day(at // a_day, days)
        moment = (day + timedelta(seconds=30_000 + 20_000 * (at % a_day) / a_day)).isoformat(timespec="milliseconds")
        yield {
            **pattern,
            "id": at + 2,
            "hold_id": at + 2,
            "request_id": f"req_{at:07d}" if at < number - 1 else "req_last",
            "day": day.date().isoformat(),
            "at": moment,
            "since": moment,
            "charged": 10**6,
            "likely": 10**6,
            "tier": f"L{at % 4}",
            "task_class": CLASSES[at % len(CLASSES)],
            "session": f"session-{at // 40}",
            "is_local": at % 2,
        }


def _days(db: sqlite3.Connection, number: int, days: int) -> None:
    a_day = -(-number // days)
    for back in range(days):
        first, count = 2 + back * a_day, min(a_day, number - back * a_day)
        day = _day(back, days).date().isoformat()
        db.execute("INSERT OR IGNORE INTO days (day, budget, cutoff) VALUES (?, ?, ?)", (day, 10**13, 12 * 10**12))
        db.execute(
            "UPDATE days SET settled = ?, likely = ?, requests = ?, first_entry = ?, last_entry = ? WHERE day = ?",
            (count * 10**6, count * 10**6, count, first, first + count - 1, day),
        )


def _day(number: int, days: int) -> datetime:
    return NOW.replace(hour=0, minute=0, second=0) - timedelta(days=days - 1 - number)


def measure(folder: Path, number: int, days: int, times: int) -> None:
    """Fill a ledger, then ask for each page."""
    with House(folder) as house:
        house.spend("0.000001")
    begun = time.perf_counter()
    fill(folder / "ledger" / "ledger.db", number, days)
    print(f"{number:,} entries in {days} days: filled in {time.perf_counter() - begun:.0f} s")
    begun = time.perf_counter()
    with House(folder) as house:
        print(f"opened in {(time.perf_counter() - begun) * 1000:.0f} ms")
        server = Server(house.app, 0, name="control", workers=2, has_forms=True)
        server.start()
        cookie = _enter(server.port, house.link())
        for page in PAGES:
            took = [_ask(server.port, page, cookie) for _ in range(times)]
            print(f"{page:40} first {took[0]:7.1f}   median {median(took):7.1f}   worst after {max(took[1:]):7.1f} ms")
        server.drain(1)
        server.stop()


def _enter(port: int, link: str) -> str:
    connection = HTTPConnection("127.0.0.1", port)
    connection.request("GET", link)
    return str(connection.getresponse().headers["set-cookie"]).partition(";")[0]


def _ask(port: int, page: str, cookie: str) -> float:
    connection = HTTPConnection("127.0.0.1", port)
    begun = time.perf_counter()
    connection.request("GET", page, headers={"cookie": cookie})
    answer = connection.getresponse()
    body = answer.read()
    took = (time.perf_counter() - begun) * 1000
    assert answer.status == 200, body
    connection.close()
    return took


def main() -> None:
    """Measure a year, and one day."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--times", type=int, default=9)
    asked = parser.parse_args()
    for days in (asked.days, 1):
        with tempfile.TemporaryDirectory() as folder:
            measure(Path(folder), asked.entries, days, asked.times)


if __name__ == "__main__":
    main()
