"""The page of agents: a change is shown first, needs the visit's own token, and is made only as it was shown."""

import pytest

from proxy.agentwires import Change, Verb, Wire
from proxy.desk import RequestError
from tests.proxy.dashboard.house import House, Visitor

CLAUDE = Wire("claude-code", "Claude Code", "/home/ada/.claude/settings.json", "straight to Claude, unmetered", False)


class PaperWires:
    """Agents on paper: it remembers what was made, and refuses what was not shown."""

    def __init__(self) -> None:
        self.here, self.gateway = [CLAUDE], ""
        self.made: list[tuple[str, Verb, bool]] = []

    def wires(self) -> list[Wire]:
        """Name them."""
        return self.here

    def change(self, name: str, verb: Verb) -> Change:
        """Show it."""
        if name != "claude-code":
            raise RequestError("there is no such agent")
        return Change(CLAUDE, '+  "<b>": "http://127.0.0.1:2877"', ("without the hooks",), self.gateway, "seal")

    def make(self, name: str, verb: Verb, seal: str, *, through_gateway: bool) -> None:
        """Make it."""
        if seal != "seal":
            raise RequestError("the file has changed since the change was shown; look at it again")
        self.made.append((name, verb, through_gateway))


@pytest.fixture
def wires(house: House) -> PaperWires:
    """Agents around the house."""
    house.desk.wires = wires = PaperWires()
    return wires


@pytest.fixture
def visitor(house: House, wires: PaperWires) -> Visitor:
    """A browser that was let in."""
    return house.visitor()


def test_the_settings_lead_to_the_agents_and_those_to_the_change(visitor: Visitor, wires: PaperWires):
    assert 'href="/settings/agents"' in visitor.text("/settings")
    text = visitor.text("/settings/agents")
    assert "Straight to Claude, unmetered." in text
    assert 'href="/settings/agents/claude-code/connect"' in text
    change = visitor.text("/settings/agents/claude-code/connect")
    assert "&lt;b&gt;" in change
    assert "Without the hooks." in change
    assert "gateway" not in change
    assert wires.made == []


def test_a_change_is_made_with_its_seal_and_the_visits_token_only(house: House, visitor: Visitor, wires: PaperWires):
    assert visitor.post("/settings/agents/claude-code/connect", seal="seal").status_code == 303
    assert wires.made == [("claude-code", "connect", False)]
    stale = visitor.post("/settings/agents/claude-code/disconnect", seal="old")
    assert stale.status_code == 400
    assert "look at it again." in stale.text
    assert visitor.post("/settings/agents/claude-code/connect", seal="seal", csrf="wrong").status_code == 403
    assert len(wires.made) == 1


def test_a_gateway_is_asked_for(visitor: Visitor, wires: PaperWires):
    wires.gateway = "https://gw.example"
    assert "https://gw.example" in visitor.text("/settings/agents/claude-code/connect")
    visitor.post("/settings/agents/claude-code/connect", seal="seal", gateway="through")
    assert wires.made == [("claude-code", "connect", True)]


def test_what_is_no_agent_is_said(visitor: Visitor):
    assert visitor.get("/settings/agents/codex/connect").status_code == 400


def test_on_a_simulated_day_no_settings_are_offered(house: House, visitor: Visitor):
    house.desk.wires = None
    assert "/settings/agents" not in visitor.text("/settings")
    assert visitor.get("/settings/agents").status_code == 404
    assert visitor.post("/settings/agents/claude-code/connect", seal="seal").status_code >= 400
