"""The way to the loop: what other threads ask of it is done, in turn, whatever becomes of the rest."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from proxy.wire.answer import Whole
from proxy.wire.hub import Hub


@pytest.fixture
def hub() -> Iterator[Hub]:
    made = Hub(lambda request: Whole(200, []), lambda request: None, lambda status, why: Whole(status, []), name="t")
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    made.start(listener)
    yield made
    made.drain(1)
    made.stop()
    listener.close()


def test_what_many_threads_ask_at_once_is_all_done_and_each_in_its_turn(hub: Hub) -> None:
    done: list[tuple[int, int]] = []
    all_done = threading.Event()

    def note(who: int, number: int) -> None:
        done.append((who, number))
        if len(done) == 8 * 500:
            all_done.set()
        if number % 5 == 0:
            raise ValueError("this one fails")

    def ask(who: int) -> None:
        for number in range(500):
            hub.soon(lambda number=number: note(who, number))

    threads = [threading.Thread(target=ask, args=(who,)) for who in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all_done.wait(30)
    for who in range(8):
        assert [number for by, number in done if by == who] == list(range(500))


def test_what_is_asked_on_the_way_is_done_next(hub: Hub) -> None:
    done: list[str] = []
    ended = threading.Event()

    def first() -> None:
        hub.soon(lambda: (done.append("asked meanwhile"), ended.set()))
        done.append("first")

    hub.soon(first)
    assert ended.wait(30)
    assert done == ["first", "asked meanwhile"]
