"""What becomes of a connected Claude Code in each kind of trouble, and how long its hook takes."""

import re
import resource
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.kit.claude_code import installed
from tests.kit.fake_claude import FakeClaude
from tests.kit.wired import Wired, told

pytestmark = [
    pytest.mark.prove,
    pytest.mark.skipif(installed() is None, reason="Claude Code is not there: `python tests/run.py` fetches it"),
]


@pytest.fixture
def wired(tmp_path: Path, fake: FakeClaude) -> Iterator[Wired]:
    """A Claude Code that was connected while no bursar ran."""
    with Wired(tmp_path, fake) as stage:
        stage.command("connect", "claude-code", "--yes")
        yield stage


def test_six_sessions_at_once_after_kill_9_share_the_one_bursar_they_start(wired: Wired) -> None:
    wired.ask()
    wired.kill()
    with ThreadPoolExecutor(6) as pool:
        sessions = list(pool.map(lambda number: wired.ask(f"Say hello, {number}."), range(6)))
    assert [session.exit_code for session in sessions] == [0] * 6
    assert [told(session) for session in sessions] == [""] * 6
    assert len(wired.bursar.entries()) == len(wired.fake.requests()) == 7


def test_where_bursar_cannot_start_it_steps_aside_says_so_and_comes_back(wired: Wired) -> None:
    with socket.create_server(("127.0.0.1", wired.bursar.port)):
        session = wired.ask()
        assert session.exit_code == 0
        assert "bursar cannot start: port" in told(session)
        assert "unmetered" in told(session)
        assert wired.address == wired.fake.url
    session = wired.ask()
    assert "bursar is back" in told(session)
    assert (session.exit_code, len(wired.bursar.entries()), len(wired.fake.requests())) == (0, 1, 2)
    assert wired.address == wired.bursar.url
    wired.command("disconnect", "--yes")
    assert not wired.settings.exists()


def test_a_broken_config_is_named_and_the_agent_goes_on(wired: Wired) -> None:
    config = wired.bursar.home / "config.toml"
    fine = config.read_text()
    config.write_text(fine + "nonsense = = 1\n")
    session = wired.ask()
    assert session.exit_code == 0
    assert re.search(r"config.toml, line \d+", told(session))
    assert (wired.address, len(wired.fake.requests())) == (wired.fake.url, 1)
    config.write_text(fine)
    assert "bursar is back" in told(wired.ask())
    assert (wired.address, len(wired.bursar.entries())) == (wired.bursar.url, 1)


@pytest.mark.parametrize(
    ("verb", "why"), [(("stop",), "all cloud traffic is stopped"), (("mode", "local"), "is local")]
)
def test_what_must_not_reach_claude_does_not_where_bursar_cannot_start(
    wired: Wired, verb: tuple[str, ...], why: str
) -> None:
    wired.command(*verb)
    with socket.create_server(("127.0.0.1", wired.bursar.port)):
        session = wired.ask()
    assert why in session.result
    assert "bursar disconnect claude-code" in session.result
    assert (wired.fake.requests(), wired.address) == ([], wired.bursar.url)


def test_a_new_port_of_bursars_is_followed(wired: Wired) -> None:
    config = wired.bursar.home / "config.toml"
    with socket.create_server(("127.0.0.1", 0)) as free:
        other = free.getsockname()[1]
    config.write_text(config.read_text().replace(f"port = {wired.bursar.port}", f"port = {other}", 1))
    assert wired.ask().exit_code == 0
    assert wired.address == f"http://127.0.0.1:{other}"
    assert len(wired.bursar.entries()) == 1


def test_the_hook_says_nothing_while_bursar_runs(wired: Wired) -> None:
    wired.ask()
    line = re.search(r'"command": "([^"]+)"', wired.settings.read_text())
    assert line
    before, began, runs = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter(), 50
    for _ in range(runs):  # What a hook prints would become part of the conversation.
        assert subprocess.run(line[1], shell=True, check=True, capture_output=True).stdout == b""
    took, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"the hook: {1000 * took / runs:.0f} ms, {1000 * busy / runs:.0f} ms of processor time")
