"""The loop's shorter way for streams: nothing that waits for the loop may wait longer for it."""

import asyncio
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress

import pytest

from proxy.wire.loop import Poller, StreamLoop

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the poller is Linux's epoll")


@pytest.fixture
def loop() -> Iterator[StreamLoop]:
    loop = StreamLoop(Poller())
    yield loop
    loop.close()


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """A stream's end that the loop reads, and the one that a test writes to."""
    read, write = socket.socketpair()
    read.setblocking(False)
    with closing(read), closing(write):
        yield read, write


def within(loop: StreamLoop, future: "asyncio.Future[None]") -> None:
    loop.run_until_complete(asyncio.wait_for(future, 10))


def test_what_a_reader_leaves_to_the_loop_is_done_although_the_loop_waited_for_something_far_off(loop, pair):
    done = loop.create_future()
    loop.call_later(3600, lambda: None)

    def read() -> None:
        pair[0].recv(100)
        loop.call_soon(done.set_result, None)

    loop.read_stream(pair[0].fileno(), read)
    pair[1].send(b"x")
    within(loop, done)


def test_a_timer_that_a_reader_sets_rings_before_an_older_one_that_is_later(loop, pair):
    done = loop.create_future()
    loop.call_later(3600, lambda: None)

    def read() -> None:
        pair[0].recv(100)
        loop.call_later(0.01, done.set_result, None)

    loop.read_stream(pair[0].fileno(), read)
    pair[1].send(b"x")
    within(loop, done)


def test_a_stream_that_never_pauses_keeps_nobody_from_the_loop(loop, pair):
    """Timers, other threads and other sockets each get their turn."""
    turns = [loop.create_future() for _ in range(3)]
    loop.read_stream(pair[0].fileno(), lambda: None)  # What is not read is ready again at once.
    pair[1].send(b"x")
    other = socket.create_server(("127.0.0.1", 0))
    other.setblocking(False)

    def accept() -> None:
        with suppress(BlockingIOError):
            other.accept()[0].close()
            loop.remove_reader(other.fileno())
            turns[0].set_result(None)

    with closing(other):
        loop.add_reader(other.fileno(), accept)
        loop.call_later(0.05, turns[1].set_result, None)
        threading.Timer(0.05, loop.call_soon_threadsafe, (turns[2].set_result, None)).start()
        with closing(socket.create_connection(other.getsockname())):
            within(loop, asyncio.gather(*turns))


def test_a_stream_that_was_left_is_read_no_more(loop, pair):
    read: list[bytes] = []
    loop.read_stream(pair[0].fileno(), lambda: read.append(pair[0].recv(100)))
    pair[1].send(b"one")
    loop.call_later(0.05, loop.leave_stream, pair[0].fileno())
    loop.call_later(0.10, pair[1].send, b"two")
    loop.run_until_complete(asyncio.sleep(0.2))
    assert read == [b"one"]


def test_a_reader_may_leave_another_one_that_is_ready_too(loop):
    pairs = [socket.socketpair() for _ in range(2)]
    read: list[int] = []

    def reader(number: int) -> None:
        read.append(number)
        for one, _ in pairs:
            loop.leave_stream(one.fileno())

    for number, (one, other) in enumerate(pairs):
        loop.read_stream(one.fileno(), lambda number=number: reader(number))
        other.send(b"x")
    loop.run_until_complete(asyncio.sleep(0.1))
    assert len(read) == 1
    for one, other in pairs:
        one.close()
        other.close()


def test_a_descriptor_is_watched_for_what_it_was_registered_for():
    poller = Poller()
    one, other = socket.socketpair()
    with closing(one), closing(other), closing(poller):
        key = poller.register(one, 2, "it can be written")
        assert poller.select(0) == [(key, 2)]
        assert poller.select(None) == [(key, 2)]
        with pytest.raises(KeyError):
            poller.register(one, 1)
        key = poller.modify(one, 1, "it can be read")
        assert poller.select(0.01) == []
        other.send(b"x")
        assert poller.select(1) == [(key, 1)]
        assert dict(poller.get_map()) == {one.fileno(): key}
        assert poller.unregister(one) == key
        assert poller.select(0.01) == []


def test_events_of_many_streams_are_all_read_and_in_order(loop):
    pairs = [socket.socketpair() for _ in range(20)]
    came: dict[int, bytes] = dict.fromkeys(range(20), b"")
    done = loop.create_future()

    def reader(number: int) -> None:
        came[number] += pairs[number][0].recv(100)
        if not done.done() and all(len(each) == 200 for each in came.values()):
            done.set_result(None)

    def write() -> None:
        for letter in range(200):
            for _, other in pairs:
                other.send(bytes([letter]))
            time.sleep(0.001)

    for number, (one, _) in enumerate(pairs):
        loop.read_stream(one.fileno(), lambda number=number: reader(number))
    writer = threading.Thread(target=write)
    writer.start()
    within(loop, done)
    writer.join()
    assert set(came.values()) == {bytes(range(200))}
    for pair in pairs:
        for each in pair:
            each.close()
