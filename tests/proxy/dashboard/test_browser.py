"""Every page in a real browser: light, dark, on a phone; nothing is complained of, and everyone can use it.

BURSAR_PICTURES=FOLDER keeps a picture of each, of a longer life.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from proxy.server import Server
from proxy.upstream.local_model import LocalSetting
from tests.kit.axe import findings
from tests.kit.browser import PICTURES, Browser
from tests.kit.local_fake import local_fake, says
from tests.proxy.dashboard.house import NOW, House
from tests.proxy.dashboard.test_agents import PaperWires

pytestmark = pytest.mark.slow

LOOKS = {"light": (1200, False), "dark": (1200, True), "phone": (390, False)}
LIVED_IN = {
    "today": "/",
    "requests": "/requests?tier=L3",
    "nothing-matches": "/requests?tier=L3&route=local&outcome=lost",
    "request": "/requests/req_last",
    "sessions": "/sessions",
    "models": "/models",
    "settings": "/settings",
    "agents": "/settings/agents",
    "agent-change": "/settings/agents/claude-code/connect",
    "keeper": "/keeper",
    "not-there": "/requests/nothing",
}
ELSEWHERE = {
    "dashboard.reports": "test_reports_browser",
    "dashboard.report": "test_reports_browser",
    "dashboard.cache": "test_cache",
    "dashboard.welcome": "test_welcome_browser",
}
"""Pages that other files look at in the same way."""
NO_PAGES = {"dashboard.static", "dashboard.enter", "dashboard.report_file", "dashboard.kept_report"}
FIRST_DAY = {"first-run": "/", "first-requests": "/requests", "first-sessions": "/sessions"}


@dataclass
class Seen:
    """A browser that was let into a dashboard."""

    browser: Browser
    house: House
    server: Server
    is_over: bool = False

    @property
    def url(self) -> str:
        """Where the pages are."""
        return self.server.url

    def end(self) -> None:
        """Serve no more."""
        if not self.is_over:
            self.server.drain(1)
            self.server.stop()
        self.is_over = True

    def look(self, look: str, path: str) -> None:
        """Open a page in a certain look."""
        width, dark = LOOKS[look]
        self.browser.look(width=width, dark=dark)
        self.browser.complaints.clear()
        self.browser.open(f"{self.url}{path}")

    def is_flawless(self) -> None:
        """Check the page that is open."""
        assert self.browser.complaints == []
        assert findings(self.browser) == []
        assert self.browser.run("document.documentElement.scrollWidth") <= self.browser.width


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("browser") / "profile") as browser:
        yield browser


def seen(browser: Browser, house: House) -> Iterator[Seen]:
    """Serve a house, and let the browser in."""
    server = Server(house.app, 0, name="control", workers=2, has_forms=True)
    server.start()
    browser.open(f"{server.url}{house.link()}")
    found = Seen(browser, house, server)
    yield found
    found.end()


@pytest.fixture(scope="module")
def lived_in(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    """A house with some days in it."""
    with local_fake(says("hello")) as local:
        servers = (
            LocalSetting("gpu-box", local.url, "openai", ("qwen3-coder-30b",), context=65536, tools=True),
            LocalSetting("laptop", "http://127.0.0.1:9", "openai", ("small",)),
        )
        with House(tmp_path_factory.mktemp("house"), servers=servers, at=NOW - timedelta(days=14)) as house:
            house.desk.wires = PaperWires()
            house.live(13 if PICTURES else 1)
            house.spend("0.0831", request_id="req_last", reason="L2 goes to Claude")
            house.note("req_open")
            house.note("req_no", route="refused", outcome="refused", tier="L3", reason="the cutoff leaves $0.12")
            yield from seen(browser, house)


@pytest.fixture
def first_day(browser: Browser, house: House) -> Iterator[Seen]:
    """A house in which nothing has happened yet."""
    yield from seen(browser, house)


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("name", LIVED_IN)
def test_every_page_is_flawless_in_every_look(lived_in: Seen, name: str, look: str):
    lived_in.look(look, LIVED_IN[name])
    if name == "not-there":  # The browser notes that the answer was a 404.
        assert len(lived_in.browser.complaints) <= 1
        lived_in.browser.complaints.clear()
    lived_in.browser.keep(f"{name}-{look}")
    lived_in.is_flawless()


def test_no_page_is_left_out(house: House):
    rules = [rule for rule in house.app.url_map.iter_rules() if rule.endpoint.startswith("dashboard.")]
    pages = {rule.endpoint for rule in rules if "GET" in (rule.methods or ())} - NO_PAGES
    with house.app.test_request_context() as context:
        assert context.url_adapter
        seen_here = {context.url_adapter.match(path.partition("?")[0])[0] for path in LIVED_IN.values()}
    assert pages - seen_here - set(ELSEWHERE) == set()


@pytest.mark.parametrize("look", LOOKS)
def test_the_first_day_is_flawless(first_day: Seen, look: str):
    for name, path in FIRST_DAY.items():
        first_day.look(look, path)
        first_day.browser.keep(f"{name}-{look}")
        first_day.is_flawless()


@pytest.mark.parametrize("look", LOOKS)
def test_trouble_is_flawless(first_day: Seen, look: str):
    first_day.house.spend("10.50")
    first_day.house.ledger.stop("person")
    first_day.look(look, "/")
    first_day.browser.keep(f"stopped-{look}")
    first_day.is_flawless()
    first_day.look(look, "/settings")
    first_day.browser.write("#budget", "13")
    first_day.browser.go("#money button")
    first_day.browser.complaints.clear()  # The browser notes the 400.
    first_day.browser.keep(f"settings-wrong-{look}")
    first_day.is_flawless()
    first_day.browser.go("footer button")
    first_day.browser.keep(f"closed-{look}")
    first_day.is_flawless()


@pytest.mark.parametrize("look", LOOKS)
def test_what_is_old_can_still_be_read(first_day: Seen, look: str):
    first_day.house.spend("3.50")
    first_day.look(look, "/")
    first_day.end()
    first_day.browser.wait_for("document.documentElement.classList.contains('is-stale')")
    assert "What you see is from before" in first_day.browser.text("#stale")
    first_day.browser.complaints.clear()  # The browser notes that nobody answers.
    first_day.browser.keep(f"stale-{look}")
    first_day.is_flawless()


@pytest.mark.parametrize("look", LOOKS)
def test_books_that_cannot_be_read_are_flawless(first_day: Seen, look: str):
    first_day.house.spend("3.50")
    file = first_day.house.ledger.file
    file.rename(file.with_suffix(".aside"))
    for name, path in {"unreadable": "/", "unreadable-reports": "/reports"}.items():
        first_day.look(look, path)
        first_day.browser.keep(f"{name}-{look}")
        first_day.is_flawless()
    file.with_suffix(".aside").rename(file)


def test_the_policy_would_be_broken_by_a_script_in_a_page(first_day: Seen):
    first_day.look("light", "/")
    first_day.browser.run(
        "(() => { const evil = document.createElement('script'); evil.textContent = 'window.evil = 1';"
        " document.body.append(evil); const style = document.createElement('style');"
        " style.textContent = 'body { display: none }'; document.body.append(style); })()"
    )
    assert first_day.browser.run("window.evil") is None
    assert first_day.browser.run("getComputedStyle(document.body).display") == "block"
    assert any("Content Security Policy" in said for said in first_day.browser.complaints)


def test_a_script_in_a_name_is_seen_as_text(first_day: Seen):
    evil = "<img src=x onerror=\"document.title='evil'\"><script>document.title='evil'</script>"
    first_day.house.spend(
        "1", alone="1", session=evil, model=evil, reason=evil, task_class=evil, project=f"/{evil}", agent=evil
    )
    shown = ("/", "/requests", "/requests/req_000001", "/sessions", "/reports/2026-W47")
    for path in (*shown, "/reports", "/models", "/cache", "/keeper", "/settings", "/welcome"):
        first_day.look("light", path)
        assert "<img" in first_day.browser.text() or path not in shown, path
        assert "evil" not in first_day.browser.run("document.title")
        assert first_day.browser.complaints == []


def test_the_keyboard_reaches_everything_and_the_first_stop_skips_the_menu(first_day: Seen):
    first_day.look("light", "/")
    first_day.browser.press("Tab")
    assert first_day.browser.run("document.activeElement.className") == "skip"
    first_day.browser.press("Enter")
    first_day.browser.wait_for("document.activeElement.id === 'main'")
    reached = set()
    for _ in range(12):
        first_day.browser.press("Tab")
        reached.add(first_day.browser.run("document.activeElement.id"))
    assert {"mode-auto", "mode-local", "mode-cloud", "mode-observe", "stop", "more", "allow"} <= reached
