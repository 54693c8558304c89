"""Twenty streams, and every way in which a person or a system ends bursar (FAULTS.md F16)."""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.kit.bursar import Bursar
from tests.kit.fake_claude import FakeClaude
from tests.kit.raw import eventually
from tests.tray.test_leaving import STREAMS, Streams, open_holds, refuses

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows ends a process without asking it")


@pytest.fixture
def bursar(fake: FakeClaude, tmp_path: Path) -> Iterator[Bursar]:
    """A bursar before the fake."""
    with Bursar(tmp_path / "home", fake.url, budget="1000.00") as running:
        yield running


@pytest.mark.parametrize("name", ["SIGINT", "SIGHUP"])
def test_f16_ctrl_c_and_a_logout_let_twenty_streams_end_and_take_no_new_connection(
    bursar: Bursar, fake: FakeClaude, name: str
) -> None:
    with ExitStack() as stack:
        streams = Streams(bursar, stack, "[[long:120:25]]")
        os.kill(bursar.pid, getattr(signal, name))
        eventually(lambda: refuses(bursar), 30)
        assert streams.ends() == {"message_stop": STREAMS}
        assert bursar.ended() == 0
    entries = bursar.entries()
    assert Counter(entry.outcome for entry in entries) == {"complete": STREAMS}
    assert sum(entry.charged for entry in entries) == fake.bill()["picos"]
    assert open_holds(bursar) == 0


@pytest.mark.prove
def test_f16_streams_that_take_longer_than_half_a_minute_end_in_an_error(bursar: Bursar, fake: FakeClaude) -> None:
    with ExitStack() as stack:
        streams = Streams(bursar, stack, "[[long:900:60]]")
        os.kill(bursar.pid, signal.SIGTERM)
        assert streams.ends() == {"error, cut": STREAMS}
        assert bursar.ended() == 0
    assert len(bursar.entries()) == STREAMS
    assert sum(entry.charged for entry in bursar.entries()) >= fake.bill()["picos"]
    assert open_holds(bursar) == 0
