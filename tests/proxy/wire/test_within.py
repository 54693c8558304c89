"""A process that gets little CPU does not take its own slowness for a server that cannot be reached (FAULTS.md F01)."""

import asyncio
import socket
import time

import pytest

from proxy.wire.answer import Ending, Patience
from proxy.wire.within import Within
from tests.kit.plain_app import PlainProxy
from tests.kit.scripted import Line, Scripted, eventually
from tests.proxy.wire.test_exchange import ask, read_until


def starved(loop: asyncio.AbstractEventLoop, held_up_s: float) -> None:
    """Hold each of the loop's rounds up, until it ends."""
    time.sleep(held_up_s)
    loop.call_soon(starved, loop, held_up_s)


def test_a_loop_whose_every_round_takes_longer_than_the_limit_still_connects():
    def answer(line: Line) -> None:
        line.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    with Scripted(answer) as upstream, PlainProxy(upstream.port, patience=Patience(connect_s=0.05)) as proxy:
        loop = proxy.server._hub.loop
        loop.call_soon_threadsafe(starved, loop, 0.06)
        with ask(proxy.server.port) as peer:
            assert b" 200 " in read_until(peer, b"\r\n\r\n")
        assert eventually(lambda: proxy.endings == [(Ending.complete, "")])


def test_a_server_that_takes_no_connection_is_given_up_in_time():
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, socket.create_connection(full.getsockname()):
        port = full.getsockname()[1]
        with PlainProxy(port, patience=Patience(connect_s=0.3)) as proxy, ask(proxy.server.port) as peer:
            assert b"never_sent: no connection within 0.3 s" in read_until(peer, b" s")


def test_what_is_done_in_time_is_not_disturbed_and_what_failed_says_why():
    async def done() -> str:
        async with Within(0.1):
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
        return "done"

    async def failed() -> None:
        async with Within(0.1):
            raise ConnectionRefusedError

    assert asyncio.run(done()) == "done"
    with pytest.raises(ConnectionRefusedError):
        asyncio.run(failed())
