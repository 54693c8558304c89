"""The scheduler: jobs come in time, one at a time, once after a sleep, and not at all after the end."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tray.scheduler import Job, Scheduler, at, every

DAY = timedelta(days=1)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Bell:
    """A job that counts its calls, and can take its time."""

    def __init__(self) -> None:
        self.rang = 0
        self.at_once = self._most = 0
        self.hold = threading.Event()
        self.hold.set()

    def ring(self) -> None:
        """Count."""
        self.at_once += 1
        self._most = max(self._most, self.at_once)
        self.rang += 1
        self.hold.wait(10)
        self.at_once -= 1

    @property
    def most_at_once(self) -> int:
        """How many calls there were at one time."""
        return self._most


def until(true: Callable[[], bool], seconds: float = 10) -> bool:
    """Wait for something."""
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.01)
    return true()


@pytest.fixture
def bell() -> Bell:
    """A bell."""
    return Bell()


@pytest.fixture
def start() -> Iterator[Callable[..., Scheduler]]:
    """Starts schedulers and stops them."""
    begun: list[Scheduler] = []

    def make(*jobs: Job) -> Scheduler:
        scheduler = Scheduler(jobs)
        begun.append(scheduler)
        scheduler.start()
        return scheduler

    yield make
    for scheduler in begun:
        scheduler.stop()


def test_a_job_runs_at_its_first_time_and_then_again_and_again(bell: Bell, start: Callable[..., Scheduler]):
    start(Job("bell", bell.ring, every(timedelta(milliseconds=50))))
    assert until(lambda: bell.rang >= 3)


def test_a_job_that_fails_is_tried_again_at_its_next_time(start: Callable[..., Scheduler], caplog):
    tries: list[int] = []

    def fail() -> None:
        tries.append(1)
        raise OSError("no such disk")

    start(Job("bad", fail, every(timedelta(milliseconds=50))))
    assert until(lambda: len(tries) >= 2)
    assert "the job bad failed" in caplog.text


def test_a_job_asked_for_soon_comes_before_its_time_and_then_keeps_its_time(
    bell: Bell, start: Callable[..., Scheduler]
):
    scheduler = start(Job("bell", bell.ring, every(DAY), DAY))
    assert not until(lambda: bell.rang > 0, 0.2)
    scheduler.soon("bell")
    assert until(lambda: bell.rang == 1)
    assert not until(lambda: bell.rang > 1, 0.3)


def test_what_became_due_many_times_while_nobody_ran_runs_once(bell: Bell, start: Callable[..., Scheduler]):
    due = iter([-DAY * 3])
    # As after a sleep of three days: the first time lies far back, and so would each that followed it.
    start(Job("bell", bell.ring, lambda now: now + next(due, DAY), timedelta(days=-3)))
    assert until(lambda: bell.rang >= 1)
    assert not until(lambda: bell.rang > 2, 0.3)
    assert bell.most_at_once == 1


def test_a_slow_job_is_never_run_beside_itself(bell: Bell, start: Callable[..., Scheduler]):
    bell.hold.clear()
    scheduler = start(Job("bell", bell.ring, every(timedelta(milliseconds=20))))
    assert until(lambda: bell.rang == 1)
    assert not until(lambda: bell.rang > 1, 0.3)
    bell.hold.set()
    assert until(lambda: bell.rang > 1)
    scheduler.stop()
    assert bell.most_at_once == 1


def test_after_a_jump_of_the_clock_every_job_runs(bell: Bell, start: Callable[..., Scheduler]):
    scheduler = start(*(Job(name, bell.ring, every(DAY), DAY) for name in ("one", "two")))
    scheduler.all_soon()
    assert until(lambda: bell.rang == 2)


def test_stopping_waits_for_what_is_under_way_and_begins_nothing_new(bell: Bell, start: Callable[..., Scheduler]):
    bell.hold.clear()
    scheduler = start(Job("bell", bell.ring, every(timedelta(milliseconds=20))))
    assert until(lambda: bell.rang == 1)
    threading.Timer(0.2, bell.hold.set).start()
    scheduler.stop()
    assert bell.at_once == 0
    rang = bell.rang
    scheduler.soon("bell")
    assert not until(lambda: bell.rang > rang, 0.2)


def test_a_job_by_the_day_comes_a_second_after_the_day_ends_and_follows_it_to_another_zone():
    midnight = [NOON + timedelta(hours=12)]
    rule = at(lambda: midnight[0])
    assert rule(NOON) == NOON + timedelta(hours=12, seconds=1)
    midnight[0] = NOON + timedelta(hours=3)
    assert rule(NOON) == NOON + timedelta(hours=3, seconds=1)
    assert rule(NOON + timedelta(hours=4)) == NOON + timedelta(hours=4, minutes=1)


def test_asked_again_a_job_takes_its_time_from_its_rule(bell: Bell, start: Callable[..., Scheduler]):
    pause = [DAY]
    scheduler = start(Job("bell", bell.ring, lambda now: now + pause[0], DAY))
    pause[0] = timedelta(milliseconds=10)
    scheduler.retime("bell")
    assert until(lambda: bell.rang > 0)
