"""What a sleep of the machine does to connections and answers: nothing that hangs, and nothing charged too low."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import closing

import pytest

from proxy.relay import Relay
from proxy.settling import Outcomes
from proxy.wire.answer import Ending, Origin
from proxy.wire.keepalive import AGAIN_S, IDLE_S, TRIES
from proxy.wire.origin import OriginConnection, Origins

STREAM = [(b"content-type", b"text/event-stream")]


class Clock:
    """Seconds that go on while the machine sleeps."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop, whose own clock stands still while the machine sleeps."""
    loop = asyncio.new_event_loop()
    yield loop
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()


def connected(loop: asyncio.AbstractEventLoop, origins: Origins, listener: socket.socket) -> OriginConnection:
    """Open a connection to a server that says nothing."""
    return loop.run_until_complete(origins.connect(Origin(*listener.getsockname(), None)))


def test_no_request_is_written_to_a_connection_that_slept(loop: asyncio.AbstractEventLoop):
    clock = Clock()
    origins = Origins(loop, clock)
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        connection = connected(loop, origins, listener)
        origins.give(connection)
        clock.seconds += 5
        assert origins.take(connection.origin) is connection
        origins.give(connection)
        clock.seconds += 8 * 3600  # A night; the loop's clock has moved by nothing.
        assert origins.take(connection.origin) is None
        assert connection.transport
        assert connection.transport.is_closing()


def test_a_connection_whose_other_end_is_gone_is_noticed_by_the_system(loop: asyncio.AbstractEventLoop):
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        connection = connected(loop, Origins(loop), listener)
        assert connection.transport
        sock = connection.transport.get_extra_info("socket")
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        if hasattr(socket, "TCP_KEEPIDLE"):
            names = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
            assert [sock.getsockopt(socket.IPPROTO_TCP, name) for name in names] == [IDLE_S, AGAIN_S, TRIES]
        connection.detach()


def test_an_answer_that_broke_off_in_a_sleep_is_charged_for_what_claude_could_write_meanwhile():
    clock, told = Clock(), list[Outcomes]()
    relay = Relay("anthropic", [], lambda outcomes, reading: told.append(outcomes), elapsed=clock)
    relay.head(200, STREAM)
    clock.seconds += 300  # The lid was closed for five minutes.
    relay.finish(Ending.truncated, "it closed the connection")
    assert [outcomes.elapsed_s for outcomes in told] == [300.0]
