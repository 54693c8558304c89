"""Workers: calls in turn, threads as they are needed, none lost."""

from __future__ import annotations

import threading
import weakref

import pytest

from proxy.wire.workers import Workers


def test_every_call_is_made_once_though_some_fail() -> None:
    made, all_made = list[int](), threading.Event()
    workers = Workers(3, "test")

    def call(number: int) -> None:
        made.append(number)
        if len(made) == 100:
            all_made.set()
        if number % 7 == 0:
            raise ValueError("not this one")

    for number in range(100):
        workers.submit(lambda number=number: call(number))
    assert all_made.wait(30)
    assert sorted(made) == list(range(100))
    workers.end(30)


def test_calls_that_wait_for_each_other_run_at_once_and_no_more_threads_begin_than_they_need() -> None:
    meeting = threading.Barrier(4)
    workers = Workers(16, "meet")
    for _ in range(3):
        workers.submit(lambda: meeting.wait(30))
    meeting.wait(30)
    assert len([thread for thread in threading.enumerate() if thread.name.startswith("meet-")]) == 3
    workers.end(30)


def test_at_the_end_what_is_begun_is_made_and_nothing_else() -> None:
    begun, go, made = threading.Event(), threading.Event(), list[str]()
    workers = Workers(1, "end")

    def first() -> None:
        begun.set()
        go.wait(30)
        made.append("first")

    workers.submit(first)
    workers.submit(lambda: made.append("second"))
    assert begun.wait(30)
    threading.Timer(0.05, go.set).start()
    workers.end(30)
    assert made == ["first"]
    with pytest.raises(RuntimeError):
        workers.submit(lambda: None)


def test_a_call_that_was_made_is_let_go() -> None:
    class Large:
        """What a request brought."""

        def call(self) -> None:
            """Do nothing with it."""

    workers, large = Workers(1, "let-go"), Large()
    watched = weakref.ref(large)
    workers.submit(large.call)
    del large
    workers.end(30)
    assert watched() is None
