"""Too many connections, slow ones, and no descriptors left (FAULTS.md F10)."""

import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.journeys.conftest import StartBursar, start
from tests.kit.bursar import Bursar
from tests.kit.fake_claude import FakeClaude
from tests.kit.raw import Client, ask, get, message, post

__all__ = ["start"]

pytestmark = pytest.mark.skipif(os.name == "nt", reason="limits on descriptors are POSIX's; Windows has none to reach")

SLOWLY = b"POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "


@contextmanager
def crowd(port: int, count: int) -> Iterator[None]:
    """Hold so many connections to a port, every other one in the middle of a request's head."""
    with ExitStack() as stack:
        for number in range(count):
            peer = stack.enter_context(socket.create_connection(("127.0.0.1", port), 10))
            if number % 2:
                peer.sendall(SLOWLY)
        yield


def works(bursar: Bursar) -> bool:
    """Tell whether a request passes and is answered."""
    return ask(bursar.url, message("[[text:still here]]", stream=True)).text == "still here"


def can_be_stopped(bursar: Bursar) -> bool:
    """Stop, see it refused, and lift the stop again."""
    bursar.api("/api/stop", {})
    refused = ask(bursar.url, message("x")).status == 402
    bursar.api("/api/resume", {})
    return refused


def test_f10_five_hundred_idle_and_slow_connections_are_in_nobody_s_way(start: StartBursar, fake: FakeClaude) -> None:
    bursar = start()
    with crowd(bursar.port, 500):
        assert get(bursar.url, "/health").status == 200
        assert can_be_stopped(bursar)
        assert works(bursar)


def test_f10_out_of_descriptors_old_idle_connections_make_room_and_running_ones_go_on(
    start: StartBursar, fake: FakeClaude
) -> None:
    bursar = start(program=("sh", "-c", 'ulimit -n 200; exec "$0" "$@"', sys.executable, "-m", "tray"))
    with Client(bursar.url) as running:
        running.send(post(bursar.url, message("[[long:40:50]]", stream=True)))
        running.until(b"text_delta")
        with crowd(bursar.port, 250), crowd(bursar.control_port, 250):
            assert busy_s(bursar.pid) < 0.5
            assert get(bursar.url, "/health").status == 200
            assert bursar.status()["mode"] == "cloud"
            assert works(bursar)
        assert running.answer().status == 200
    assert works(bursar)
    bursar.settled()
    assert log_of(bursar) < 20_000


def busy_s(pid: int) -> float:
    """Watch a process for a second; gives for how much of it a processor worked for it, where the system tells."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return 0.0

    def ticks() -> int:
        fields = stat.read_text("ascii").rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    before = ticks()
    time.sleep(1)
    return (ticks() - before) / os.sysconf("SC_CLK_TCK")


def log_of(bursar: Bursar) -> int:
    """Count the bytes that it has logged and printed."""
    return sum(path.stat().st_size for path in Path(bursar.home).rglob("*") if path.suffix in (".log", ".txt"))
