"""What the dashboard does to agents' settings is what was shown there, and what the commands would do."""

import json
from pathlib import Path

import pytest

from proxy.desk import RequestError
from tray.agents.desk import AgentDesk
from tray.agents.hookline import HookLine
from tray.agents.record import Record

DIRECT = "https://api.anthropic.com"


class Told(list[str]):
    """Gateways that bursar was told to send on to."""

    def now(self) -> str:
        """Say where bursar sends on to."""
        return self[-1] if self else DIRECT


@pytest.fixture
def told() -> Told:
    """Nothing yet."""
    return Told()


@pytest.fixture
def desk(person: Path, home: Path, told: Told) -> AgentDesk:
    """A desk at port 2877."""
    record = Record(home / "agents.json")
    return AgentDesk(
        {"HOME": str(person)},
        record,
        HookLine.here(record.path, None),
        port=lambda: 2877,
        cloud=told.now,
        send_on=told.append,
        now=lambda: "2026-11-20T12:00:00+00:00",
    )


def test_the_change_that_was_shown_is_made_and_undone(desk: AgentDesk, settings: Path) -> None:
    settings.write_text('{"model": "opus"}\n')
    assert [(wire.name, wire.is_connected) for wire in desk.wires()] == [("claude-code", False)]
    change = desk.change("claude-code", "connect")
    assert '+{"model": "opus", "env": {"ANTHROPIC_BASE_URL": "http://127.0.0.1:2877"}' in change.diff
    desk.make("claude-code", "connect", change.seal, through_gateway=False)
    assert json.loads(settings.read_text())["env"]["ANTHROPIC_BASE_URL"] == "http://127.0.0.1:2877"
    assert desk.wires()[0].is_connected
    desk.make("claude-code", "disconnect", desk.change("claude-code", "disconnect").seal, through_gateway=False)
    assert settings.read_text() == '{"model": "opus"}\n'


def test_a_file_that_has_changed_since_it_was_shown_is_left(desk: AgentDesk, settings: Path) -> None:
    change = desk.change("claude-code", "connect")
    settings.write_text('{"model": "sonnet"}')
    with pytest.raises(RequestError, match="has changed since the change was shown"):
        desk.make("claude-code", "connect", change.seal, through_gateway=False)
    assert settings.read_text() == '{"model": "sonnet"}'


def test_a_gateway_becomes_bursars_own_way_if_that_is_wished(desk: AgentDesk, settings: Path, told: Told) -> None:
    settings.write_text('{"env": {"ANTHROPIC_BASE_URL": "https://gw.example"}}')
    change = desk.change("claude-code", "connect")
    assert change.gateway == "https://gw.example"
    desk.make("claude-code", "connect", change.seal, through_gateway=True)
    assert told == ["https://gw.example"]


@pytest.mark.parametrize("content", ["{", "[]", '{"env": 1}'])
def test_what_cannot_be_edited_is_refused_in_words(desk: AgentDesk, settings: Path, content: str) -> None:
    settings.write_text(content)
    with pytest.raises(RequestError, match=r"settings\.json, line 1"):
        desk.change("claude-code", "connect")
    with pytest.raises(RequestError, match="there is no such agent"):
        desk.change("codex", "connect")
    with pytest.raises(RequestError, match="nothing to undo"):
        desk.change("claude-code", "disconnect")


def test_a_change_that_fails_leaves_bursars_own_way_as_it_was(desk: AgentDesk, settings: Path, told: Told) -> None:
    settings.write_text('{"env": {"ANTHROPIC_BASE_URL": "https://gw.example"}}')
    settings.chmod(0o400)
    change = desk.change("claude-code", "connect")
    with pytest.raises(RequestError, match="read-only"):
        desk.make("claude-code", "connect", change.seal, through_gateway=True)
    assert told.now() == DIRECT
