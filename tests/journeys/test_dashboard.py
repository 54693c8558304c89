"""A person opens the dashboard of the bursar that runs, and clicks."""

import json
from collections.abc import Iterator

import pytest

from tests.kit.browser import Browser, until
from tests.kit.bursar import Bursar
from tests.kit.fake_claude import FakeClaude
from tests.kit.raw import ask, message

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("browser") / "profile") as browser:
        browser.look(width=1200)
        yield browser


@pytest.fixture(scope="module")
def bursar(one_fake: FakeClaude, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bursar]:
    with Bursar(tmp_path_factory.mktemp("bursar") / "home", one_fake.url, mode=None) as bursar:
        yield bursar


def enter(browser: Browser, bursar: Bursar) -> None:
    """Open the dashboard by the link that the command prints."""
    browser.without_script(off=False)
    browser.open("about:blank")
    browser.complaints.clear()
    browser.open(json.loads(bursar.command("dashboard", "--json").stdout)["url"])
    assert browser.run("location.pathname") == "/"


def page(bursar: Bursar, path: str) -> str:
    return f"http://127.0.0.1:{bursar.control_port}{path}"


def test_a_click_switches_the_mode_stops_and_resumes(browser: Browser, bursar: Bursar) -> None:
    enter(browser, bursar)
    for mode in ("auto", "local", "cloud", "observe"):
        browser.go(f"#mode-{mode}")
        assert bursar.status()["mode"] == mode
        assert browser.run(f"document.querySelector('#mode-{mode}').ariaPressed") == "true"
    browser.go("#stop")
    assert bursar.status()["stop"]["by"] == "person"
    assert ask(bursar.url, message("hello")).status == 402
    browser.go("#resume")
    assert bursar.status()["stop"] is None
    browser.write("#more", "3")
    browser.go("#allow")
    assert bursar.status()["cutoff_usd"] == "15"  # 12 + 3
    assert browser.complaints == []


def test_a_request_shows_by_itself_and_says_why_it_went_there(browser: Browser, bursar: Bursar) -> None:
    enter(browser, bursar)
    browser.open(page(bursar, "/requests"))
    answer = ask(bursar.url, message("Rename this variable", model="claude-opus-5-5"))
    assert answer.status == 200
    request_id = answer.headers["x-bursar-request"]
    link = f'a[href="/requests/{request_id}"]'
    browser.wait_for(f"document.querySelector('tr:has({link}) .end.good')")
    browser.go(link)
    said = browser.text()
    assert request_id in said
    for part in ("What was read as the request", "Rules that hit", "What would have changed it", "Cache read"):
        assert part in said
    assert "Rename this variable" not in said
    browser.keep("explained")
    entry = next(entry for entry in bursar.entries() if entry.request_id == request_id)
    assert f"${entry.charged / 10**12:.12f}".rstrip("0") in said
    assert browser.complaints == []


def test_a_setting_is_saved_into_the_file_and_a_mistake_stands_beside_its_field(
    browser: Browser, bursar: Bursar
) -> None:
    config = bursar.home / "config.toml"
    config.write_text('# what I can afford\n# cutoff = "12.00"\n' + config.read_text())
    before = config.read_text()
    enter(browser, bursar)
    browser.open(page(bursar, "/settings"))
    browser.write("#budget", "25")
    browser.write("#cutoff", "20")
    browser.go("#money button")
    assert "(20.00) must not be below" in browser.text("#cutoff-problem").replace("$", "")
    assert browser.run("document.querySelector('#budget').value") == "25"
    assert config.read_text() == before
    browser.write("#cutoff", "30")
    browser.go("#money button")
    assert "Saved." in browser.text("#money")
    assert (bursar.status()["budget_usd"], bursar.status()["cutoff_usd"]) == ("25", "33")  # 3 more today
    new = before.replace('budget = "10.00"', 'budget = "25"').replace('"12.00"\n', '"12.00"\ncutoff = "30"\n')
    assert config.read_text() == new


def test_everything_works_without_script(browser: Browser, bursar: Bursar) -> None:
    enter(browser, bursar)
    browser.without_script()
    browser.go("#mode-local")
    assert bursar.status()["mode"] == "local"
    browser.go("#stop")
    assert bursar.status()["stop"]
    browser.open(page(bursar, "/requests?tier=L2"))
    browser.go(".filters button")
    browser.open(page(bursar, "/settings"))
    browser.write("#budget", "7")
    browser.go("#money button")
    assert bursar.status()["budget_usd"] == "7"
    browser.without_script(off=False)


def test_a_page_says_when_bursar_is_gone_and_when_it_was_started_again(browser: Browser, bursar: Bursar) -> None:
    enter(browser, bursar)
    browser.open(page(bursar, "/requests"))
    bursar.kill()
    browser.wait_for("!document.querySelector('#stale').hidden")
    assert "does not answer" in browser.text("#stale")
    bursar.start()
    until(lambda: "was started again" in browser.text("#stale"), 20, "the other banner")
    enter(browser, bursar)
    assert browser.run("document.querySelector('#stale').hidden")


def test_a_browser_without_the_cookie_gets_no_further_than_the_door(browser: Browser, bursar: Bursar) -> None:
    browser.forget()
    for path in ("/", "/requests", "/settings", "/open/guessed"):
        browser.open(page(bursar, path))
        assert "This page opens with a link" in browser.text()
