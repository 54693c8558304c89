"""The report's page, its files, and what they may not do: run a script, fetch anything, lose a picodollar."""

import base64
import csv
import hashlib
import io
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from budget.archive import Archive
from budget.outbox import Kind
from budget.state import Mode
from budget.weekly import report
from pricing.money import Money
from proxy.control import create_control
from proxy.dashboard.reportfile import standalone
from proxy.reportjson import report_csv, report_json
from tests.kit.weeks import WeekMaker
from tests.proxy.dashboard.house import TOKEN, House
from tests.proxy.dashboard.test_pages import EVIL, words

AT = datetime(2026, 11, 16, 9, tzinfo=UTC)
NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)


@pytest.fixture
def week(tmp_path: Path) -> Iterator[tuple[House, WeekMaker]]:
    """A house at the beginning of a week, and what fills it."""
    with House(tmp_path, at=AT) as house:
        house.ledger.set_mode(Mode.auto)
        yield house, WeekMaker(house.ledger, house.moments.append)


def made(house: House):
    return report(house.ledger.file, AT.date(), now=house.moments[-1], zone=house.zone)


def lose(maker: WeekMaker) -> None:
    """Live a week in which an idle machine, a cold cache and an attempt in vain cost more than was spared."""
    maker.at_home(AT + timedelta(hours=1), "0.50", idle="2")
    maker.in_vain(AT + timedelta(hours=2), idle="0.4")
    maker.at_claude(AT + timedelta(hours=3), "4.00", alone="1.00", tier="L1")
    maker.at_claude(AT + timedelta(hours=4), "1.00", said="1.02")


def test_the_page_says_plainly_that_a_week_was_a_loss(week: tuple[House, WeekMaker]):
    house, maker = week
    lose(maker)
    house.moments.append(NOW)
    said = words(house.visitor().text("/reports/2026-W47"))
    # Alone 0.50 + 1 + 1; Claude 4 + 1; this machine 2.003 + 0.403: 2.50 − 5 − 2.406.
    assert "This week bursar cost $4.91 more than it saved" in said
    for part in ("At Claude alone $2.50", "This machine $2.41", "Lost -$4.91", "Cold caches", "+$3.00", "Idle hours"):
        assert part in said, part
    assert "the simulation says 2% too much in all, and is 2% off each" in said
    assert "Between -$4.96 and -$4.86" in said  # A tenth of 0.50 up and down.


def test_the_page_of_an_empty_week_of_the_first_and_of_none(week: tuple[House, WeekMaker]):
    house, maker = week
    visitor = house.visitor()
    assert "No week yet" in words(visitor.text("/reports"))
    assert "Nothing passed through bursar in this week" in words(visitor.text("/reports/2026-W47"))
    maker.at_claude(AT, "1")
    source = visitor.text("/reports/2026-W47")
    assert "$0.00 saved so far" in words(source)
    assert "Week before" not in source
    assert "so there is nothing to lay beside this one" in words(source)
    assert visitor.get("/reports/2026-W99").status_code == 404
    assert visitor.get("/reports/..%2f..%2fetc").status_code == 401  # No page of ours: the token's check comes first.
    assert visitor.get("/reports/2026-W47/report.pdf").status_code == 404
    assert "2026-W47" in visitor.text("/reports")


def test_the_csv_sums_to_the_report_column_by_column_to_the_picodollar(week: tuple[House, WeekMaker]):
    house, maker = week
    lose(maker)
    maker.at_claude(AT + timedelta(hours=6), "0.123456789012", is_plan=True)
    maker.at_home(AT + timedelta(hours=7), "0.000001", is_known=False)
    found = made(house)
    rows = list(csv.DictReader(io.StringIO(report_csv(found))))

    def column(name: str) -> Money:
        return Money.total(Money.usd(row[name]) for row in rows if row[name])

    total = found.savings.total
    assert column("charged_usd") == found.spend.charged
    assert column("likely_usd") == found.spend.likely == column("claude_usd") + column("plan_claude_usd")
    assert column("local_full_usd") == found.sums.local_full == column("local_usd") + column("unknown_local_usd")
    assert column("baseline_usd") == found.sums.baseline.likely
    assert column("saved_usd") == found.sums.saved.likely
    assert column("plan_baseline_usd") == total.plan.baseline.likely
    assert sum(int(row["requests"] or 0) for row in rows) == found.sums.requests
    assert sum(int(row["compared"] or 0) + int(row["unknown"] or 0) for row in rows) == found.sums.requests


def test_the_json_has_every_amount_as_decimal_text_and_as_whole_picodollars(week: tuple[House, WeekMaker]):
    house, maker = week
    lose(maker)
    answer = house.app.test_client().get("/api/report?week=2026-W47", headers={"authorization": f"Bearer {TOKEN}"})
    found = answer.json
    assert found == json.loads(json.dumps(report_json(made(house))))
    assert found["week"] == "2026-W47"
    assert found["sums"]["saved"]["likely"] == {"usd": "-4.906", "picos": -4_906_000_000_000}
    assert found["savings"]["total"]["paid"]["saved"]["likely"]["usd"] == "-4.906"
    amounts = re.findall(r'"usd": "(-?[\d.]+)", "picos": (-?\d+)', json.dumps(found))
    assert len(amounts) > 100
    assert all(Money.usd(usd).picos == int(picos) for usd, picos in amounts)


def test_the_file_needs_nothing_else_and_forbids_everything_else(week: tuple[House, WeekMaker]):
    house, maker = week
    lose(maker)
    source = standalone(made(house))
    policy = re.search(r'content-security-policy" content="([^"]+)"', source)
    style = re.search(r"<style>(.*?)</style>", source, re.S)
    assert policy
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert policy[1] == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    rest = source.replace(style[0], "")
    assert not re.findall(r"<(?:script|link|img|iframe|object|form|a|base)\b|\s(?:src|href|style|on\w+)=|url\(", rest)
    assert "SIMULATED" not in source
    assert "SIMULATED" in standalone(made(house), "SIMULATED")


def test_a_script_in_any_name_stays_text_in_every_form(week: tuple[House, WeekMaker]):
    house, maker = week
    named = {
        "session": EVIL,
        "model_asked": EVIL,
        "task_class": EVIL,
        "project": f"/{EVIL}",
        "agent": EVIL,
        "tier": EVIL,
    }
    maker.at_claude(AT, "1", model=EVIL, **named)
    maker.at_home(AT + timedelta(hours=1), "0.2", model=EVIL, **named)
    house.ledger.tallies.refused(EVIL, EVIL)
    house.ledger.outbox.record(Kind.unpriced, EVIL, {})
    visitor = house.visitor()
    for source in (visitor.text("/reports/2026-W47"), visitor.text("/reports"), standalone(made(house))):
        assert "<script>" not in source
        assert "<img" not in source
    assert "&lt;script&gt;" in visitor.text("/reports/2026-W47")
    formula = dict.fromkeys(("project", "task_class", "model_asked", "tier"), "=HYPERLINK(1)")
    maker.at_claude(AT + timedelta(hours=2), "1", model="@SUM(1)", **formula)
    cells = [cell for row in csv.reader(io.StringIO(report_csv(made(house)))) for cell in row]
    assert "'=HYPERLINK(1)" in cells
    assert not [cell for cell in cells if cell.startswith(("=", "@", "+"))]


def test_what_was_kept_is_listed_handed_out_and_laid_beside_what_the_books_say_now(
    week: tuple[House, WeekMaker], tmp_path: Path
):
    house, maker = week
    archive = Archive(tmp_path / "reports")
    house.app = create_control(house.services, TOKEN, house.desk, archive)
    maker.at_claude(AT, "1")
    house.moments.append(NOW + timedelta(days=5))
    found = made(house)
    archive.keep(found.name, {"html": standalone(found).encode(), "json": json.dumps(report_json(found)).encode()})
    visitor = house.visitor()
    assert "made " in words(visitor.text("/reports"))
    assert visitor.get("/reports/2026-W47/kept.html").data == standalone(found).encode()
    assert visitor.get("/reports/2026-W46/kept.html").status_code == 404
    assert "Something was corrected since" not in visitor.text("/reports/2026-W47")
    house.ledger.correct(1, Money.usd("1.10"), Money.usd("1.10"), "as billed")
    assert "it said $1.00 at Claude and $0.00 saved" in words(visitor.text("/reports/2026-W47"))


def test_files_are_handed_out_as_downloads(week: tuple[House, WeekMaker]):
    house, maker = week
    lose(maker)
    visitor = house.visitor()
    for form, kind in (("html", "text/html"), ("csv", "text/csv"), ("json", "application/json")):
        answer = visitor.get(f"/reports/2026-W47/report.{form}")
        assert answer.content_type == f"{kind}; charset=utf-8"
        assert answer.headers["content-disposition"] == f'attachment; filename="bursar-2026-W47.{form}"'
    assert visitor.get("/reports/2026-W47/report.csv").text == report_csv(made(house))
