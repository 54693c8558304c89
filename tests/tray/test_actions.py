"""Each line of the menu does what it says, in a bursar that runs."""

import os
import re
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest

from budget.instance import Owner
from tests.kit.bursar import Bursar
from tests.kit.fake_claude import FakeClaude
from tests.kit.raw import Client, eventually, message
from tests.kit.statuses import STATUS
from tests.tray.conftest import NOWHERE
from tray.actions import Hands, Outcome, perform
from tray.control import Control
from tray.menu import Face, Here, Item, face


@dataclass
class Person:
    """Someone before the tray of a running bursar, and what their clicks led to outside of it."""

    bursar: Bursar
    opened: list[str] = field(default_factory=list)
    at_login: list[bool] = field(default_factory=list)
    has_browser: bool = True

    def click(self, action: str) -> Outcome:
        """Click the line that does this."""
        return perform(action, self.hands)

    @property
    def hands(self) -> Hands:
        """Give what a tray would act with."""
        token = (self.bursar.home / "control.token").read_text(encoding="utf-8").strip()
        control = Control(Owner(self.bursar.pid, {"control": self.bursar.control_port}), token)
        return Hands(
            post=control.post,
            address=f"http://127.0.0.1:{self.bursar.control_port}",
            open_page=self._open,
            start_at_login=self.at_login.append,
            leave=lambda: os.kill(self.bursar.pid, signal.SIGTERM),
        )

    def face(self) -> Face:
        """Look at the tray."""
        return face(self.bursar.status(), Here())

    def page(self) -> str:
        """Follow the link that was opened last as a browser does; gives the path that it led to."""
        address = self.opened[-1].removeprefix("http://")
        answer = _get(address.partition("/")[0], "/" + address.partition("/")[2])
        assert answer.status == 303
        cookie = str(answer.getheader("set-cookie")).partition(";")[0]
        place = str(answer.getheader("location"))
        shown = _get(address.partition("/")[0], place, {"cookie": cookie})
        assert shown.status == 200
        return place

    def _open(self, url: str) -> bool:
        self.opened.append(url)
        return self.has_browser


def _get(host: str, path: str, headers: dict[str, str] | None = None) -> HTTPResponse:
    connection = HTTPConnection(host, timeout=10)
    try:
        connection.request("GET", path, headers=headers or {})
        answer = connection.getresponse()
        answer.read()
        return answer
    finally:
        connection.close()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bursar]:
    """One bursar for the tests that do not mind what others switched."""
    with Bursar(tmp_path_factory.mktemp("tray") / "home", NOWHERE, mode=None) as bursar:
        yield bursar


@pytest.fixture
def person(running: Bursar) -> Person:
    """Someone before it."""
    return Person(running)


def chosen(items: tuple[Item, ...]) -> list[str]:
    """Name what is chosen among radio items."""
    return [item.label for item in items if item.kind == "radio" and item.checked]


def test_the_status_of_a_running_bursar_fills_the_tray(person: Person):
    person.click("mode:observe")
    shown = person.face()
    assert not shown.dimmed
    assert shown.tooltip.startswith("bursar: $0.00 of $")
    assert [item.label for item in shown.items if item.label.startswith("!")] == []
    assert set(STATUS) <= set(person.bursar.status()), "what the menu's own tests are made of is no status"


@pytest.mark.parametrize(
    ("mode", "label"),
    [("auto", "Auto"), ("local", "Local only"), ("cloud", "Claude only"), ("observe", "Observe only")],
)
def test_a_mode_counts_at_once_and_every_face_shows_it(person: Person, mode: str, label: str):
    outcome = person.click(f"mode:{mode}")
    assert outcome.status
    assert (outcome.status["mode"], outcome.failed) == (mode, "")
    assert person.bursar.status()["mode"] == mode
    assert chosen(person.face().items) == [label]


@pytest.mark.parametrize(  # The cutoff is 120 % of the budget.
    ("usd", "cutoff"), [(1, "1.2"), (2, "2.4"), (5, "6"), (10, "12"), (20, "24"), (50, "60")]
)
def test_a_budget_counts_at_once_and_stands_in_the_config_file(person: Person, usd: int, cutoff: str):
    assert person.click(f"budget:{usd}").failed == ""
    now = person.bursar.status()
    assert (now["budget_usd"], now["cutoff_usd"]) == (str(usd), cutoff)
    assert f'budget = "{usd}"' in (person.bursar.home / "config.toml").read_text()
    (budget,) = [item for item in person.face().items if item.kind == "submenu"]
    assert chosen(budget.items) == [f"${usd}"]


def test_two_dollars_more_raise_the_cutoff_and_not_the_budget(tmp_path: Path):
    with Bursar(tmp_path / "home", NOWHERE, mode=None, cutoff="12.00") as bursar:
        person = Person(bursar)
        assert person.click("allow:2").failed == ""
        now = bursar.status()
        assert (now["budget_usd"], now["cutoff_usd"]) == ("10", "14")
        refused = person.click("budget:20")
        assert refused == Outcome(failed="not changed: `cutoff` ($12.00) must not be below `budget` ($20.00)")
        assert bursar.status()["budget_usd"] == "10"
        lines = [item.label for item in face(bursar.status(), Here(failed=refused.failed)).items]
        assert "! Not done: not changed: `cutoff` ($12.00) must not be below `budget` ($20.00)" in lines


def test_a_stop_is_shown_with_its_hour_and_can_be_lifted(person: Person):
    person.click("stop")
    assert person.bursar.status()["stop"]["by"] == "person"
    shown = person.face()
    (resume,) = [item for item in shown.items if item.action == "resume"]
    assert resume.visible
    assert re.fullmatch(r"Resume cloud \(stopped \d\d:\d\d\)", resume.label)
    assert shown.icon.shape == "alert"
    person.click("resume")
    assert person.bursar.status()["stop"] is None
    assert person.face().icon.shape != "alert"


@pytest.mark.parametrize(
    ("action", "place"),
    [
        ("dashboard", "/"),
        ("open:today", "/"),
        ("open:reports", "/reports"),
        ("open:models", "/models"),
        ("open:settings", "/settings"),
        ("open:agents", "/settings/agents"),
    ],
)
def test_a_page_opens_by_a_link_that_works_once(person: Person, action: str, place: str):
    assert person.click(action) == Outcome()
    assert person.page() == place
    address = person.opened[-1].removeprefix("http://")
    again = _get(address.partition("/")[0], "/" + address.partition("/")[2])
    assert again.status == 401


def test_where_no_browser_starts_a_line_says_what_to_do(person: Person):
    person.has_browser = False
    assert person.click("dashboard").failed == "no browser could be opened; try: bursar dashboard --print"


def test_start_at_login_is_switched_as_it_is_shown(person: Person):
    person.click("login:on")
    person.click("login:off")
    assert person.at_login == [True, False]


def test_what_the_system_refuses_is_a_line(person: Person):
    def refuse(_: bool) -> None:
        raise PermissionError(13, "not allowed\nat all")

    hands = person.hands
    refusing = Hands(hands.post, hands.address, hands.open_page, refuse, hands.leave)
    assert perform("login:on", refusing).failed == "[Errno 13] not allowed"


def test_every_line_of_the_menu_is_known_and_nothing_else_is(person: Person):
    items = [item for top in person.face().items for item in (top, *top.items)]
    actions = [item.action for item in items if item.action and item.action != "quit"]
    assert len(actions) > 15
    assert [action for action in actions if person.click(action).failed] == []
    with pytest.raises(ValueError, match="there is no action 'format'"):
        person.click("format")
    person.click("resume")


def test_a_bursar_that_has_ended_is_a_line_and_not_an_error(tmp_path: Path):
    with Bursar(tmp_path / "home", NOWHERE, mode=None) as bursar:
        person = Person(bursar)
        hands = person.hands
        bursar.kill()
        assert re.fullmatch(r"bursar \(process \d+\) does not answer: .*refused.*", perform("stop", hands).failed)


@pytest.mark.skipif(os.name == "nt", reason="Windows ends a process without asking it")
def test_quit_lets_the_running_requests_finish(tmp_path: Path):
    with FakeClaude() as cloud, Bursar(tmp_path / "home", cloud.url) as bursar:
        person = Person(bursar)
        with Client(bursar.url) as client, ThreadPoolExecutor(1) as pool:
            answer = pool.submit(client.ask, message("[[long:20:25]]", stream=True))
            eventually(lambda: bursar.status()["open_holds"] == 1)
            assert person.click("quit") == Outcome()
            assert answer.result(30).events[-1][0] == "message_stop"
        assert bursar.stop() == 0
    assert [entry.outcome for entry in bursar.entries()] == ["complete"]
