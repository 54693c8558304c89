"""The first page in a real browser: chosen with the mouse, in every look, without a complaint."""

from collections.abc import Iterator

import pytest

from budget.state import Mode
from proxy.around import Import
from proxy.server import Server
from tests.kit.axe import findings
from tests.kit.browser import Browser
from tests.proxy.dashboard.house import House
from tests.proxy.dashboard.test_welcome import PaperMachine

pytestmark = pytest.mark.slow

LOOKS = {"light": (1200, False), "dark": (1200, True), "phone": (390, False)}


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser without a window."""
    with Browser(tmp_path_factory.mktemp("browser") / "profile") as browser:
        yield browser


@pytest.fixture
def machine(house: House) -> PaperMachine:
    """A machine around the house."""
    house.desk.around = machine = PaperMachine()
    return machine


@pytest.fixture
def url(house: House, machine: PaperMachine, browser: Browser) -> Iterator[str]:
    """The served house, with the browser let in."""
    server = Server(house.app, 0, name="control", workers=2, has_forms=True)
    server.start()
    browser.look(width=1200)
    browser.open(f"{server.url}{house.link()}?to=welcome")
    browser.complaints.clear()
    yield server.url
    server.drain(1)
    server.stop()


def is_flawless(browser: Browser) -> bool:
    """Check the page that is open."""
    assert browser.complaints == []
    assert findings(browser) == []
    return bool(browser.run("document.documentElement.scrollWidth") <= browser.width)


@pytest.mark.parametrize("look", LOOKS)
def test_it_is_flawless_in_every_look(url: str, browser: Browser, machine: PaperMachine, look: str):
    width, dark = LOOKS[look]
    browser.look(width=width, dark=dark)
    browser.open(f"{url}/welcome")
    browser.keep(f"welcome-{look}")
    assert is_flawless(browser)
    machine.here, machine.past = (), None
    browser.open(f"{url}/welcome")
    assert is_flawless(browser)


def test_budget_and_mode_are_chosen_with_the_mouse(url: str, browser: Browser, house: House):
    browser.click("#budget-5")
    browser.click("#choose-auto")
    browser.go("#save")
    assert browser.run("document.querySelector('.done').textContent") == "Budget and mode are set."
    assert house.desk.file["budget"] == "5"
    assert house.ledger.today().mode is Mode.auto
    assert is_flawless(browser)


def test_a_budget_of_ones_own_that_is_wrong_is_said_where_it_stands(url: str, browser: Browser, house: House):
    browser.click("#budget-other")
    browser.write("#own", "13")
    browser.go("#save")
    assert "It is unlucky." in browser.run("document.getElementById('budget-problem').textContent")
    assert browser.run("document.getElementById('own').value") == "13"
    assert browser.run("document.getElementById('budget-other').checked")
    assert house.desk.file["budget"] == "10.00"
    assert [said for said in browser.complaints if "400" not in said] == []


def test_an_import_is_watched_to_its_end_and_login_is_switched(url: str, browser: Browser, machine: PaperMachine):
    browser.go("#import")
    browser.wait_for("document.querySelector('#past [role=status]').textContent.startsWith('Reading')")
    machine.state = Import("done", "1,204 requests were imported; 0 were there already")
    browser.wait_for("document.querySelector('#past .done')?.textContent.startsWith('1,204')")
    browser.go("#at-login")
    assert machine.is_on
    assert "Start it no longer" in browser.run("document.getElementById('at-login').textContent")
    assert is_flawless(browser)
