"""The record of what was changed loses nothing when two change something at once."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit.fake_claude import ROOT
from tray.agents.agent import CLAUDE_CODE, OPENCODE
from tray.agents.record import Record
from tray.agents.textfile import CannotEdit
from tray.agents.wiring import carry_out, connecting, disconnecting

AGAIN = """
import sys
from pathlib import Path
from tray.agents.agent import AGENTS
from tray.agents.record import Record
from tray.agents.wiring import carry_out, connecting
agent, environ, record = AGENTS[sys.argv[1]], {"HOME": sys.argv[2]}, Record(Path(sys.argv[3]))
for port in range(2000, 2020):
    plan = connecting(agent, environ, record, port=port, cloud="https://c.example", hook=None, at="2026-11-20")
    carry_out(plan, record)
    assert record.get(agent.name).url == agent.url(port), port
"""


def test_two_processes_that_connect_an_agent_each_keep_both_entries(person: Path, home: Path) -> None:
    record = Record(home / "agents.json")
    programs = [
        subprocess.Popen([sys.executable, "-c", AGAIN, name, str(person), str(record.path)], cwd=ROOT)
        for name in ("claude-code", "opencode")
    ]
    assert [program.wait(30) for program in programs] == [0, 0]
    environ = {"HOME": str(person)}
    assert sorted(record.all()) == ["claude-code", "opencode"]
    for agent in (CLAUDE_CODE, OPENCODE):
        carry_out(disconnecting(agent, environ, record), record)
    assert record.all() == {}
    assert not (person / ".claude" / "settings.json").exists()


def test_who_finds_it_taken_changes_nothing(person: Path, home: Path) -> None:
    record = Record(home / "agents.json")
    with record.changing(), pytest.raises(CannotEdit, match="another bursar is changing"), record.changing(0.01):
        raise AssertionError("two at once")
    with record.changing():
        assert record.all() == {}


def test_a_plan_from_before_another_change_puts_nothing_back_into_the_record(person: Path, home: Path) -> None:
    record, environ = Record(home / "agents.json"), {"HOME": str(person)}

    def plan():
        return connecting(
            CLAUDE_CODE, environ, record, port=2877, cloud="https://c.example", hook=None, at="2026-11-20"
        )

    carry_out(plan(), record)
    late = plan()
    carry_out(disconnecting(CLAUDE_CODE, environ, record), record)
    with pytest.raises(CannotEdit, match="was changed meanwhile"):
        carry_out(late, record)
    assert record.all() == {}


@pytest.mark.parametrize(
    "damage",
    [
        lambda kept: kept["edits"][0].update(made="1"),
        lambda kept: kept["edits"][0].update(path="env"),
        lambda kept: kept.update(file="/a\0b"),
        lambda kept: kept.update(backup="/etc/hostname"),
        lambda kept: kept.update(aside="no"),
    ],
)
def test_a_damaged_record_is_refused_with_what_to_do_and_nothing_is_undone(person: Path, home: Path, damage) -> None:
    record, environ = Record(home / "agents.json"), {"HOME": str(person)}
    carry_out(
        connecting(CLAUDE_CODE, environ, record, port=2877, cloud="https://c.example", hook=None, at="2026-11-20"),
        record,
    )
    kept = json.loads(record.path.read_bytes())
    damage(kept["claude-code"])
    record.path.write_text(json.dumps(kept))
    with pytest.raises(CannotEdit, match=r"is damaged .* Put those back, then take the damaged file away"):
        disconnecting(CLAUDE_CODE, environ, record)
