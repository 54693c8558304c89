"""bursar quit: the bursar that runs has ended when the command has; answers under way end first, unless now."""

import json
import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.kit.bursar import Bursar
from tests.kit.fake_claude import FakeClaude
from tests.tray.conftest import Command
from tests.tray.test_leaving import STREAMS, Streams, open_holds

pytestmark = pytest.mark.skipif(os.name == "nt", reason="not tried there")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Bursar]:
    """A bursar before a fake Claude."""
    with FakeClaude() as fake, Bursar(tmp_path / "home", fake.url, budget="1000.00") as running:
        yield running


def test_answers_under_way_end_first_and_then_nothing_is_left(served: Bursar):
    with ExitStack() as stack:
        streams = Streams(served, stack, "[[long:40:25]]")
        pool = stack.enter_context(ThreadPoolExecutor(1))
        said = pool.submit(served.command, "quit", "--json")
        assert streams.ends() == {"message_stop": STREAMS}
        done = said.result(60)
    assert json.loads(done.stdout) == {"ended": True, "pid": served.pid, "open_holds": STREAMS}
    assert served.ended() == 0
    assert Counter(entry.outcome for entry in served.entries()) == {"complete": STREAMS}
    assert not (served.home / "run.json").exists()


def test_now_ends_them_too_and_counts_what_they_cost(served: Bursar):
    with ExitStack() as stack:
        streams = Streams(served, stack, "[[long:5000:20]]")
        done = served.command("quit", "--now")
        assert streams.ends() == {"error, cut": STREAMS}
    assert f"has ended after {STREAMS} answers under way" in done.stdout
    assert (done.returncode, served.ended(), open_holds(served)) == (0, 0, 0)
    assert all(0 < entry.charged <= entry.held for entry in served.entries())


def test_where_none_runs_that_is_said(bursar: Command):
    said = bursar("quit")
    assert (said.code, said.err) == (3, "bursar: bursar is not running; start it with: bursar serve\n")
