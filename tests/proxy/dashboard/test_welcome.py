"""The first page says what was found, changes only what is chosen on it, and can be come back to."""

from datetime import UTC, datetime, timedelta

import pytest

from budget.state import Mode
from proxy.around import FoundAgent, Import, PastLogs
from tests.kit.pasts import past
from tests.proxy.dashboard.house import House, Visitor
from tests.proxy.dashboard.test_agents import PaperWires

MONDAY = datetime(2026, 11, 16, tzinfo=UTC)


class PaperMachine:
    """A machine with what a test puts on it; it remembers what it was told to do."""

    def __init__(self) -> None:
        self.here: tuple[FoundAgent, ...] = (
            FoundAgent("Claude Code", "straight to Claude, unmetered", "bursar connect claude-code"),
            FoundAgent("opencode", "through bursar", ""),
        )
        self.past: PastLogs | None = PastLogs("/home/ada/.claude/projects", 1, 300 * 2**20)
        self.state, self.refuses = Import(), ""
        self.is_on: bool | None = False

    def agents(self) -> tuple[FoundAgent, ...]:
        """Name them."""
        return self.here

    def logs(self) -> PastLogs | None:
        """Give them."""
        return self.past

    def importing(self) -> Import:
        """Tell."""
        return self.state

    def import_logs(self) -> None:
        """Begin."""
        self.state = Import("under way")

    def starts_at_login(self) -> bool | None:
        """Tell."""
        return self.is_on

    def start_at_login(self, on: bool) -> None:
        """Do it, unless the test has it fail."""
        if self.refuses:
            raise OSError(self.refuses)
        self.is_on = on


@pytest.fixture
def machine(house: House) -> PaperMachine:
    """A machine around the house."""
    house.desk.around = machine = PaperMachine()
    return machine


@pytest.fixture
def visitor(house: House, machine: PaperMachine) -> Visitor:
    """A browser that was let in."""
    return house.visitor()


def test_it_says_what_was_found_and_offers_what_can_be_done(visitor: Visitor):
    text = visitor.text("/welcome")
    for said in (
        "Claude Code",
        "straight to Claude, unmetered",
        "1 log of Claude Code, 300 MB",
        "bursar connect claude-code",
        "bursar run --",
    ):
        assert said in text
    assert "Nothing in your agents’ settings is changed unless you say so" in text
    assert 'id="choose-observe" value="observe" checked' in text
    assert 'id="budget-10" value="10" checked' in text
    assert all(f'id="budget-{usd}"' in text for usd in (20, 40, 50, 100)), "who keeps no budget yet may spend that"


def test_an_agent_that_is_not_connected_leads_to_the_page_that_connects_it(
    house: House, visitor: Visitor, machine: PaperMachine
):
    assert 'id="to-agents"' not in visitor.text("/welcome")
    house.desk.wires = PaperWires()
    assert 'id="to-agents" href="/settings/agents"' in visitor.text("/welcome")
    machine.here = machine.here[1:]
    assert 'id="to-agents"' not in visitor.text("/welcome")


def test_on_a_machine_with_nothing_it_says_so(house: House, visitor: Visitor, machine: PaperMachine):
    machine.here, machine.past = (), None
    text = visitor.text("/welcome")
    for said in ("none that bursar knows", "no server is running", "no logs of Claude Code"):
        assert said in text
    assert 'id="import"' not in text
    house.desk.around = None  # As on a simulated day.
    assert 'id="at-login"' not in visitor.text("/welcome")


def test_looking_changes_nothing(house: House, visitor: Visitor, machine: PaperMachine):
    before = dict(house.desk.file)
    visitor.text("/welcome")
    visitor.text("/welcome?part=1")
    assert house.desk.file == before
    assert house.ledger.today().mode is Mode.observe
    assert (machine.state, machine.is_on) == (Import(), False)


@pytest.mark.parametrize(("fields", "budget"), [({"budget": "5"}, "5"), ({"budget": "other", "own": "$7.50"}, "7.50")])
def test_budget_and_mode_are_set_together(house: House, visitor: Visitor, fields: dict[str, str], budget: str):
    answer = visitor.post("/welcome/choices", mode="auto", **fields)
    assert answer.status_code == 303
    assert house.desk.file["budget"] == budget
    assert house.ledger.today().mode is Mode.auto
    assert "Budget and mode are set." in visitor.text("/welcome?done=choices")


@pytest.mark.parametrize(("own", "why"), [("13", "It is unlucky."), ("", "Write an amount in dollars.")])
def test_a_budget_that_is_none_changes_nothing_not_even_the_mode(house: House, visitor: Visitor, own: str, why: str):
    answer = visitor.post("/welcome/choices", budget="other", own=own, mode="auto")
    assert answer.status_code == 400
    assert why in answer.text
    assert "Nothing was changed." in answer.text
    assert house.ledger.today().mode is Mode.observe


def test_the_import_begins_when_asked_for_and_says_what_it_came_to(visitor: Visitor, machine: PaperMachine):
    assert visitor.post("/welcome/import").status_code == 303
    assert 'data-live="/welcome?part=1"' in visitor.text("/welcome")
    assert "Reading the logs" in visitor.text("/welcome?part=1")
    machine.state = Import("done", "1,204 requests were imported; 0 were there already")
    assert "1,204 requests were imported; 0 were there already." in visitor.text("/welcome?part=1")
    machine.state = Import("failed", "the disk is full")
    text = visitor.text("/welcome?part=1")
    assert "The disk is full." in text
    assert 'id="import"' in text


def test_where_the_system_does_not_say_what_starts_at_login_the_page_says_that(visitor: Visitor, machine: PaperMachine):
    machine.is_on = None
    text = visitor.text("/welcome")
    assert "bursar cannot see whether it starts when you log in" in text
    assert "Start it at login" in text


def test_start_at_login_is_turned_on_and_off_and_says_why_it_could_not(visitor: Visitor, machine: PaperMachine):
    assert visitor.post("/welcome/login", on="1").status_code == 303
    assert machine.is_on
    assert "Start it no longer" in visitor.text("/welcome?done=login-on")
    visitor.post("/welcome/login", on="0")
    assert not machine.is_on
    machine.refuses = "/home/ada/.config: no space left on device"
    answer = visitor.post("/welcome/login", on="1")
    assert answer.status_code == 400
    assert "no space left on device" in answer.text


@pytest.mark.parametrize("path", ["/welcome/choices", "/welcome/import", "/welcome/login"])
def test_no_other_page_can_choose_for_a_person(house: House, visitor: Visitor, machine: PaperMachine, path: str):
    fields = {"budget": "5", "mode": "auto", "on": "1", "csrf": "guessed"}
    assert visitor.client.post(path, data=fields).status_code == 403
    assert house.app.test_client().post(path, data=fields).status_code == 401
    assert (house.desk.file["budget"], machine.state, machine.is_on) == ("10.00", Import(), False)


def test_a_link_can_open_it_and_the_first_day_and_the_settings_lead_to_it(house: House, visitor: Visitor):
    answer = house.app.test_client().get(f"{house.link()}?to=welcome")
    assert answer.headers["location"] == "/welcome"
    assert all('href="/welcome"' in visitor.text(path) for path in ("/", "/settings"))


def test_the_past_suggests_a_budget_and_says_from_what_it_comes(house: House, visitor: Visitor):
    assert 'id="usual"' not in visitor.text("/welcome")
    for number, dollars in enumerate(("12", "48.20", "91")):
        house.ledger.history.add([past(MONDAY + timedelta(days=number), dollars).values()])
    text = visitor.text("/welcome")
    assert "3 days with spend, 2026-11-16 to 2026-11-18. Half of them came to $48.20 at most, at list prices" in text
    assert 'id="budget-48" value="48">' in text
    assert 'value="10" checked' in text, "who has chosen a budget keeps it"
    house.desk.file["budget"] = ""
    assert 'id="budget-48" value="48" checked' in visitor.text("/welcome")
    assert visitor.post("/welcome/choices", mode="auto", budget="48").status_code == 303
    assert house.desk.file["budget"] == "48"


def test_a_config_file_that_cannot_be_read_hinders_no_welcome(house: House, visitor: Visitor):
    house.ledger.history.add([past(MONDAY, "30").values()])
    house.desk.broken = "line 3: no such key"
    assert 'value="10" checked' in visitor.text("/welcome")
