"""Claude Code, connected by its settings and started plainly, works: nobody has to start bursar, nor to start it again.

The other troubles are in tests/prove/test_connected.py.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.claude_code import installed
from tests.kit.fake_claude import FakeClaude
from tests.kit.wired import Wired, told

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(installed() is None, reason="Claude Code is not there: `python tests/run.py` fetches it"),
]


@pytest.fixture
def wired(tmp_path: Path, fake: FakeClaude) -> Iterator[Wired]:
    """A Claude Code that was connected while no bursar ran."""
    with Wired(tmp_path, fake) as stage:
        stage.command("connect", "claude-code", "--yes")
        yield stage


def test_after_kill_9_the_next_session_brings_bursar_up_and_is_billed(wired: Wired) -> None:
    assert wired.ask().exit_code == 0  # Nobody had started it.
    first = wired.pid
    wired.kill()
    session = wired.ask()
    assert (session.exit_code, told(session)) == (0, "")
    assert wired.pid != first
    assert len(wired.bursar.entries()) == len(wired.fake.requests()) == 2
    wired.command("disconnect", "--yes")
    assert not wired.settings.exists()
