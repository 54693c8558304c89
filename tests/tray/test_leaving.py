"""Leaving: what is under way ends well or in a stream error, and every hold is settled; a stop is at once."""

import os
import signal
import sqlite3
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.kit.bursar import Bursar
from tests.kit.fake_claude import FakeClaude
from tests.kit.raw import Client, Truncated, eventually, get, message

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows ends a process without asking it")

STREAMS = 20


@pytest.fixture
def cloud() -> Iterator[FakeClaude]:
    """A fake Claude of its own."""
    with FakeClaude() as fake:
        yield fake


@pytest.fixture
def bursar(cloud: FakeClaude, tmp_path: Path) -> Iterator[Bursar]:
    """A bursar before it."""
    with Bursar(tmp_path / "home", cloud.url, budget="1000.00") as running:
        yield running


class Streams:
    """Streams that have all begun."""

    def __init__(self, bursar: Bursar, stack: ExitStack, prompt: str) -> None:
        self._pool = stack.enter_context(ThreadPoolExecutor(STREAMS))
        self._clients = [stack.enter_context(Client(bursar.url)) for _ in range(STREAMS)]
        self._answers = [self._pool.submit(self._stream, client, prompt) for client in self._clients]
        for client in self._clients:
            eventually(lambda client=client: b"content_block_delta" in client._buffer + client._wire)

    def ends(self) -> Counter[str]:
        """Wait until all have ended, and count the last events."""
        return Counter(answer.result(60) for answer in self._answers)

    @staticmethod
    def _stream(client: Client, prompt: str) -> str:
        try:
            return client.ask(message(prompt, stream=True)).events[-1][0]
        except Truncated as cut:  # Nobody may take a stream that was broken off for a complete one.
            last = cut.wire.decode().rpartition("event: ")[2]
            assert "bursar: this answer was stopped" in last
            return f"{last.partition(chr(10))[0]}, cut"


def open_holds(bursar: Bursar) -> int:
    """Count the holds that are left in the database."""
    with closing(sqlite3.connect(f"{bursar.database.as_uri()}?mode=ro", uri=True)) as db:
        return int(db.execute("SELECT count(*) FROM holds").fetchone()[0])


def test_streams_under_way_end_well_after_sigterm(bursar: Bursar):
    with ExitStack() as stack:
        streams = Streams(bursar, stack, "[[long:60:25]]")
        stopped: Future[int] = stack.enter_context(ThreadPoolExecutor(1)).submit(bursar.stop)
        assert streams.ends() == {"message_stop": STREAMS}
        assert stopped.result(40) == 0
    assert Counter(entry.outcome for entry in bursar.entries()) == {"complete": STREAMS}
    assert open_holds(bursar) == 0


def test_a_second_signal_ends_streams_in_an_error_and_settles_them(bursar: Bursar):
    with ExitStack() as stack:
        streams = Streams(bursar, stack, "[[long:5000:20]]")
        os.kill(bursar.pid, signal.SIGTERM)
        eventually(lambda: refuses(bursar))
        os.kill(bursar.pid, signal.SIGTERM)
        assert streams.ends() == {"error, cut": STREAMS}
        assert bursar.stop() == 0
    entries = bursar.entries()
    assert len(entries) == STREAMS
    assert all(0 < entry.charged <= entry.held for entry in entries)
    assert open_holds(bursar) == 0


def refuses(bursar: Bursar) -> bool:
    """Tell whether new connections are refused."""
    try:
        return get(bursar.url, "/health").status != 200
    except ConnectionError:
        return True


def test_the_emergency_stop_answers_while_streams_run_and_closes_them(bursar: Bursar, cloud: FakeClaude):
    with ExitStack() as stack:
        streams = Streams(bursar, stack, "[[long:5000:20]]")
        said = bursar.command("stop")
        assert "all cloud traffic is stopped" in said.stdout
        assert streams.ends() == {"error, cut": STREAMS}
    bursar.settled()
    before = len(cloud.requests())
    with Client(bursar.url) as client:
        refused = client.ask(message("again"))
    assert refused.status == 402
    assert "bursar resume" in refused.error["message"]
    assert len(cloud.requests()) == before
    bursar.command("resume")
    with Client(bursar.url) as client:
        assert client.ask(message("again")).status == 200
