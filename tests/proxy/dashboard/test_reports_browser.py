"""The report in a real browser, on the dashboard and as a file: light, dark, on a phone; names stay text.

BURSAR_PICTURES=FOLDER keeps a picture of each.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from budget.state import Mode
from budget.weekly import report
from proxy.dashboard.reportfile import standalone
from proxy.server import Server
from tests.kit.axe import findings
from tests.kit.browser import Browser
from tests.kit.pasts import days_before, past
from tests.kit.weeks import WeekMaker, lived_in
from tests.proxy.dashboard.house import House
from tests.proxy.dashboard.test_reports import lose

pytestmark = pytest.mark.slow

LOOKS = {"light": (1200, False), "dark": (1200, True), "phone": (390, False)}
MONDAY = datetime(2026, 11, 9, tzinfo=UTC)
PAGES = {
    "reports": "/reports",
    "report-past": "/reports/2026-W44",
    "report": "/reports/2026-W46",
    "report-loss": "/reports/2026-W47",
}
EVIL = "<img src=x onerror=\"document.title='evil'\"><script>document.title='evil'</script>"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("browser") / "profile") as browser:
        yield browser


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house with a week that saved, and one that lost, and with a past that was imported."""
    with House(tmp_path_factory.mktemp("house"), at=MONDAY - timedelta(days=7)) as house:
        house.ledger.set_mode(Mode.auto)
        maker = WeekMaker(house.ledger, house.moments.append)
        maker.at_claude(MONDAY - timedelta(days=6), "3.20")
        lived_in(maker, MONDAY, house.ledger)
        lose(maker)
        days_before(house.ledger, MONDAY - timedelta(days=14), days=7)
        days_before(house.ledger, MONDAY, days=2)
        house.ledger.history.add([past(MONDAY, "2", model=EVIL, project=EVIL).values()])
        maker.at_claude(datetime(2026, 11, 18, 9, tzinfo=UTC), "1", project=f"/{EVIL}", model=EVIL, session=EVIL)
        yield house


@pytest.fixture(scope="module")
def url(browser: Browser, house: House) -> Iterator[str]:
    """Serve the house, and let the browser in."""
    server = Server(house.app, 0, name="control", workers=2, has_forms=True)
    server.start()
    browser.open(f"{server.url}{house.link()}")
    yield server.url
    server.drain(1)
    server.stop()


def is_flawless(browser: Browser) -> None:
    """Check the page that is open."""
    assert browser.complaints == []
    assert findings(browser) == []
    assert browser.run("document.documentElement.scrollWidth <= window.innerWidth"), "it is wider than the window"
    assert "evil" not in browser.run("document.title")


@pytest.mark.parametrize("look", LOOKS)
def test_every_report_is_flawless_in_every_look(browser: Browser, url: str, look: str):
    width, dark = LOOKS[look]
    browser.look(width=width, dark=dark)
    for name, path in PAGES.items():
        browser.complaints.clear()
        browser.open(f"{url}{path}")
        browser.keep(f"{name}-{look}")
        is_flawless(browser)
    assert "<script>" in browser.text()


@pytest.mark.parametrize("look", LOOKS)
def test_the_file_is_flawless_where_it_lies(browser: Browser, house: House, tmp_path: Path, look: str):
    file = tmp_path / "week.html"
    file.write_text(standalone(report(house.ledger.file, datetime(2026, 11, 16).date(), now=MONDAY, zone=house.zone)))
    width, dark = LOOKS[look]
    browser.look(width=width, dark=dark)
    browser.complaints.clear()
    browser.open(file.as_uri())
    browser.keep(f"report-file-{look}")
    assert "<script>" in browser.text()
    is_flawless(browser)
