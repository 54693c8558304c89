"""How long a week's report takes with a million entries: `python -m tests.bench.report_speed [--entries N]`.

Once with the entries spread over 550 days, once with all of them in one week, which nobody manages.
"""

import argparse
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path

from budget.historyrow import Values
from budget.historytable import COLUMNS
from budget.report import week
from budget.weekbooks import monday
from budget.weekly import overview, report
from proxy.dashboard.reportfile import standalone
from proxy.reportjson import report_csv, report_json
from proxy.server import Server
from tests.bench.savings_speed import fill, timed
from tests.kit.pasts import past
from tests.proxy.dashboard.house import NOW, TOKEN, House

PAST = 200_000
_TOTALS = """
INSERT INTO totals SELECT day, upstream, model, is_local, tier, task_class, count(*), 0, sum(charged), sum(likely),
    sum(input), sum(cache_write_5m), sum(cache_write_1h), sum(cache_read), sum(output), sum(web_searches),
    sum(local_marginal), sum(local_full), sum(joules_milli), iif(is_local, 'NVML', '')
FROM entries GROUP BY 1, 2, 3, 4, 5, 6"""
_SUMS = """
UPDATE days SET (settled, likely, requests, first_entry, last_entry) =
    (SELECT sum(charged), sum(likely), count(*), min(id), max(id) FROM entries WHERE entries.day = days.day)
WHERE day IN (SELECT DISTINCT day FROM entries)"""


def measure(folder: Path, entries: int, days: int) -> None:
    """Fill a ledger, then make the report in every form, and ask for its pages over the wire."""
    with House(folder):
        pass
    database, last = folder / "ledger" / "ledger.db", NOW.date()
    fill(database, entries, last - timedelta(days=days - 1), days)
    settle_sums(database)
    bring_past(database, PAST)
    print(f"{entries:,} entries in {days} days and {PAST:,} imported in 84, {database.stat().st_size / 1e6:,.0f} MB")
    house = timed("open", lambda: House(folder))
    with house:
        since = monday(last)
        found = timed("a week's report", lambda: report(database, since, now=NOW, zone=house.zone))
        sessions, rows = len(found.savings.sessions), len(found.baselines)
        print(f"    {found.sums.requests:,} requests, {sessions:,} sessions, {rows:,} rows")
        timed("  again", lambda: report(database, since, now=NOW, zone=house.zone))
        timed("  its plain spend alone", lambda: week(house.ledger, since))
        timed("  as one HTML file", lambda: standalone(found))
        timed("  as JSON", lambda: report_json(found))
        timed("  as CSV", lambda: report_csv(found))
        timed("12 weeks side by side", lambda: overview(database, since - timedelta(weeks=11), since))
        server = Server(house.app, 0, name="control", workers=2, has_forms=True)
        server.start()
        cookie = f"bursar_{server.port}={_cookie(server.port, house.link())}"
        for path in ("/", f"/reports/{found.name}", f"/reports/{found.name}", "/reports", "/api/status"):
            timed(f"GET {path}", lambda path=path: _get(server.port, path, cookie))  # type: ignore[misc]
        server.drain(1)
        server.stop()
    command = [sys.executable, "-m", "tray", "--home", str(folder), "report", "--week", found.name]
    timed("bursar report, the whole process", lambda: subprocess.run(command, check=True, capture_output=True))


def bring_past(database: Path, number: int) -> None:
    """Import so many requests, spread over the last twelve weeks."""
    marks = ", ".join("?" * (COLUMNS.count(",") + 1))
    with closing(sqlite3.connect(database)) as connection:
        connection.executemany(f"INSERT INTO history VALUES ({marks})", (_past(at, number) for at in range(number)))
        connection.commit()


def _past(at: int, number: int) -> Values:
    moment = NOW - timedelta(days=84 * at / number)
    return past(moment, "0.05", number=at + 1, project=f"project-{at % 8}").values()


def settle_sums(database: Path) -> None:
    """Sum the entries up by day and by what reports read, as the ledger would have."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE INDEX by_day ON entries (day)")
        connection.execute(_TOTALS)
        connection.execute(_SUMS)
        connection.execute("DROP INDEX by_day")
        connection.commit()


def _cookie(port: int, link: str) -> str:
    connection = HTTPConnection("127.0.0.1", port)
    connection.request("GET", link)
    return str(connection.getresponse().headers["set-cookie"]).partition(";")[0].partition("=")[2]


def _get(port: int, path: str, cookie: str) -> bytes:
    connection = HTTPConnection("127.0.0.1", port)
    connection.request("GET", path, headers={"cookie": cookie, "authorization": f"Bearer {TOKEN}"})
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status == 200, body
    connection.close()
    return body


def main() -> None:
    """Measure both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    asked = parser.parse_args()
    for days in (550, 5):
        with tempfile.TemporaryDirectory() as folder:
            Path(folder).chmod(0o700)
            measure(Path(folder), asked.entries, days)


if __name__ == "__main__":
    main()
