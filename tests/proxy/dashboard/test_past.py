"""What was imported stands on the pages and in the files of a report, apart from everything else, and so marked."""

import csv
import io
from datetime import UTC, datetime, timedelta

from budget.weekly import report
from pricing.money import Money
from proxy.dashboard.reportfile import standalone
from proxy.reportjson import HEAD, report_csv, report_json
from tests.kit.pasts import days_before, past
from tests.proxy.dashboard.house import NOW, House
from tests.proxy.dashboard.test_pages import EVIL, words

MONDAY = datetime(2026, 11, 16, tzinfo=UTC)
MARKED = "Imported, not through bursar"


def made(house: House):
    return report(house.ledger.file, MONDAY.date(), now=house.moments[-1], zone=house.zone)


def test_where_nothing_passed_yet_the_pages_say_how_to_bring_a_past_in(house: House):
    visitor = house.visitor()
    for path in ("/", "/reports", "/reports/2026-W47"):
        assert "bursar history import" in words(visitor.text(path)), path
    days_before(house.ledger, MONDAY)
    assert "bursar history import" not in words(visitor.text("/"))
    assert "What was imported of the time before stands in the reports" in words(visitor.text("/"))


def test_a_week_before_bursar_is_shown_and_marked_as_imported(house: House):
    days_before(house.ledger, MONDAY)
    visitor = house.visitor()
    text = words(visitor.text("/reports/2026-W47"))
    assert MARKED in text
    # Four a day: 1.005 + 1.015 + 1.025 + 1.035 = 4.08 on Monday, forty cents more each further day.
    assert "Mon 16 Nov 4 165k → 2.8k $4.08" in text
    assert "Together 20 $24.40" in text
    assert "No budget and no savings count it" in text
    assert "Week 47 of 2026" in words(visitor.text("/reports"))
    assert "$24.40" in words(visitor.text("/reports"))
    after = words(visitor.text("/reports/2026-W48")) if visitor.get("/reports/2026-W48").status_code == 200 else ""
    assert "The week before: $24.40 for 20 requests" in after
    assert MARKED in standalone(made(house))


def test_a_week_of_both_keeps_them_apart(house: House):
    house.spend("1.25", alone="1.25")
    before = words(house.visitor().text("/reports/2026-W47"))
    days_before(house.ledger, MONDAY)
    after = words(house.visitor().text("/reports/2026-W47"))
    assert MARKED not in before
    verdict = before[before.index("saved so far") - 8 : before.index("Each day")]
    assert verdict in after
    assert "Together 1 $1.25 $1.25 $0.00" in after


def test_the_files_carry_it_in_columns_and_keys_of_its_own(house: House):
    house.spend("1.25", alone="1.25")
    plain = list(csv.DictReader(io.StringIO(report_csv(made(house)))))
    days_before(house.ledger, MONDAY, days=1)
    found = made(house)
    rows = list(csv.DictReader(io.StringIO(report_csv(found))))
    ours = [row for row in rows if row["line"] == "imported"]
    assert [row for row in rows if row["line"] != "imported"] == plain
    assert {row["project"] for row in ours} == {"shop", "site"}
    assert Money.total(Money.usd(row["imported_usd"]) for row in ours) == Money.usd("4.08") == found.imported.cost
    assert all(not row[name] for row in ours for name in HEAD[HEAD.index("requests") : HEAD.index("imported_requests")])
    said = report_json(found)["imported"]
    assert (said["through_bursar"], said["requests"], said["cost"]["usd"]) == (False, 4, "4.08")
    assert said["days"][0]["usage"]["output"] == 2800
    assert said["before"]["requests"] == 0


def test_a_name_in_it_stays_text(house: House):
    row = past(MONDAY, "1", model=EVIL, project=f"={EVIL}")
    house.ledger.history.add([row.values()])
    for source in (house.visitor().text("/reports/2026-W47"), standalone(made(house))):
        assert "<script>" not in source
        assert "<img" not in source
    cells = [cell for line in csv.reader(io.StringIO(report_csv(made(house)))) for cell in line]
    assert f"'={EVIL}" in cells


def test_files_of_a_simulated_day_say_so_in_every_line(house: House):
    house.spend("1.25", alone="1.25")
    days_before(house.ledger, MONDAY, days=1)
    found = made(house)
    for simulated, said in ((True, "yes"), (False, "no")):
        rows = list(csv.DictReader(io.StringIO(report_csv(found, simulated=simulated))))
        assert {row["simulated"] for row in rows} == {said}
        assert report_json(found, simulated=simulated)["simulated"] is simulated


def test_reports_reach_back_to_what_was_imported_and_no_further(house: House):
    house.spend("1")
    days_before(house.ledger, MONDAY - timedelta(days=14))
    visitor = house.visitor()
    assert house.moments[-1] == NOW
    assert 'href="/reports/2026-W46">Week before' in visitor.text("/reports/2026-W47")
    assert 'href="/reports/2026-W45">Week before' in visitor.text("/reports/2026-W46")
    assert "Week before" not in visitor.text("/reports/2026-W45")
