"""Threads that serve agents stay on one core while there is one to spare, and leave it to others who want it."""

import os
import sys
import threading
from collections.abc import Sequence

import pytest

from tests.kit.raw import eventually
from tray.onecore import Machine, OneCore, busy_cores, fast_cores, keep_serving_on


class Cores:
    """A machine whose cores are as busy as a test says; two seconds pass with each look."""

    def __init__(self, count: int) -> None:
        self.now_s = self.own = 0.0
        self.busy = dict.fromkeys(range(count), 0.0)
        self.kept: list[Sequence[int]] = []
        self.one = OneCore(
            Machine(lambda: list(self.busy), lambda: dict(self.busy), lambda: self.own, lambda: self.now_s, self.keep)
        )

    def keep(self, cores: Sequence[int]) -> None:
        self.kept.append(cores)

    def pass_by(self, others: Sequence[float], ours: float) -> int | None:
        """Let two seconds pass in which others use so much of each core; ours goes where we are kept, or everywhere."""
        self.now_s, self.own = self.now_s + 2, self.own + 2 * ours
        for core, share in enumerate(others):
            mine = ours / len(self.busy) if self.one.core is None else ours * (self.one.core == core)
            self.busy[core] += 2 * min(1.0, share + mine)
        self.one.look()
        return self.one.core


def test_the_core_that_others_use_least_is_taken_and_kept_while_it_is_not_wanted() -> None:
    cores = Cores(4)
    assert cores.pass_by((0.5, 0.2, 0.0, 0.1), ours=0.8) == 2
    assert cores.pass_by((0.0, 0.0, 0.1, 0.0), ours=0.9) == 2
    assert cores.pass_by((0.0, 0.0, 0.25, 0.0), ours=0.1) == 2
    assert cores.kept == [(2,)]


def test_who_wants_that_core_too_has_us_move_to_another() -> None:
    cores = Cores(4)
    cores.pass_by((0.5, 0.2, 0.0, 0.1), ours=0.5)
    assert cores.pass_by((0.0, 0.9, 0.5, 0.1), ours=0.5) == 2
    assert cores.pass_by((0.0, 0.9, 0.5, 0.1), ours=0.5) == 0
    assert cores.kept == [(2,), (0,)]


def test_where_every_core_is_wanted_the_system_decides_until_one_is_free_again() -> None:
    cores = Cores(2)
    assert cores.pass_by((0.1, 0.0), ours=0.6) == 1
    assert cores.pass_by((1.0, 0.4), ours=0.6) == 1
    assert cores.pass_by((1.0, 0.4), ours=0.6) is None
    assert cores.pass_by((1.0, 0.4), ours=0.6) is None
    assert cores.pass_by((0.1, 0.2), ours=0.6) == 0
    assert cores.kept == [(1,), (0, 1), (0,)]


def test_while_nothing_is_served_it_does_not_matter_what_others_do() -> None:
    cores = Cores(2)
    cores.pass_by((0.1, 0.0), ours=0.0)
    assert cores.pass_by((1.0, 1.0), ours=0.01) == 1
    assert cores.pass_by((1.0, 0.6), ours=0.4) == 1
    assert cores.pass_by((1.0, 0.6), ours=0.4) is None


def test_what_others_did_before_we_were_asked_moves_nobody() -> None:
    cores = Cores(2)
    cores.pass_by((0.1, 0.0), ours=0.0)
    for _ in range(3):
        assert cores.pass_by((1.0, 1.0), ours=0.0) == 1
        assert cores.pass_by((0.9, 0.9), ours=0.3) == 1  # Half of these two seconds were theirs.
        assert cores.pass_by((0.2, 0.0), ours=0.6) == 1
    assert cores.kept == [(1,)]


def test_a_machine_that_sleeps_or_has_no_second_core_is_left_alone() -> None:
    cores = Cores(2)
    cores.one.look()
    assert cores.one.core is None
    alone = Cores(1)
    alone.one.start()
    alone.one.stop()
    assert alone.kept == []


def test_where_the_system_forbids_it_threads_run_where_it_likes() -> None:
    tried = threading.Event()

    def forbidden(_: Sequence[int]) -> None:
        tried.set()
        raise PermissionError("not here")

    seconds = iter(range(1_000_000))
    machine = Machine(lambda: (0, 1), lambda: {0: 0.0, 1: 0.0}, lambda: 0.0, lambda: float(next(seconds)), forbidden)
    one = OneCore(machine, pause_s=0.001)
    one.start()
    assert tried.wait(30)
    eventually(lambda: not any(thread.name == "one core" for thread in threading.enumerate()), 30)
    one.stop()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux can be told where threads run")
def test_linux_is_told_and_tells() -> None:
    cores = fast_cores()
    assert set(cores) <= os.sched_getaffinity(0)
    assert set(cores) <= busy_cores().keys()
    over = threading.Event()
    thread = threading.Thread(target=over.wait, name="proxy-loop")
    thread.start()
    try:
        keep_serving_on(cores[:1])
        assert os.sched_getaffinity(thread.native_id or 0) == set(cores[:1])
        assert os.sched_getaffinity(threading.get_native_id()) == os.sched_getaffinity(os.getpid())
    finally:
        over.set()
        thread.join()
