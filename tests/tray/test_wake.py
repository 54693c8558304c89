"""After a sleep of the machine, or when its clock is set, everything that was due is done once, and soon."""

import threading
import time
from datetime import UTC, datetime, timedelta

from tests.tray.test_scheduler import Bell, until
from tray.scheduler import Job, Scheduler, every
from tray.wake import LATE_S, PAUSE_S, Wake

DAY = timedelta(days=1)


class Machine:
    """Two clocks that are set by hand, and a count of how often somebody was told of a sleep or a step."""

    def __init__(self) -> None:
        self.seconds, self.wall, self.woken = 500.0, datetime(2026, 11, 21, 23, 50, tzinfo=UTC), 0
        self.wake = Wake(self.count, lambda: self.wall, lambda: self.seconds, lambda: self.seconds)

    def count(self) -> None:
        """Count."""
        self.woken += 1

    def look_after(self, seconds: float, **step: float) -> int:
        """Let time pass, set the wall clock if the test says so, and look."""
        self.seconds += seconds
        self.wall += timedelta(seconds=seconds) + timedelta(**step)
        self.wake.look()
        return self.woken


def test_a_machine_that_is_awake_is_never_woken_not_even_when_it_is_slow():
    machine = Machine()
    assert [machine.look_after(seconds) for seconds in (0, 10, 10.2, 19.9, 0.01, LATE_S - 1)] == [0] * 6
    assert PAUSE_S < LATE_S / 2


def test_each_sleep_is_noticed_once_however_long():
    machine = Machine()
    assert machine.look_after(8 * 3600) == 1
    assert [machine.look_after(10) for _ in range(3)] == [1, 1, 1]
    assert machine.look_after(60) == 2


def test_a_clock_set_back_by_hours_does_not_put_the_jobs_off_by_hours():
    machine = Machine()
    assert machine.look_after(10, hours=-5) == 1
    assert [machine.look_after(10) for _ in range(3)] == [1, 1, 1]
    assert machine.look_after(10, minutes=20) == 2
    assert machine.look_after(10, milliseconds=900) == 2  # As a time server's small corrections do.


def test_the_jobs_that_a_sleep_made_late_run_once_and_at_once():
    bells, seconds = [Bell(), Bell()], [0.0]
    noon = datetime(2026, 11, 21, 12, tzinfo=UTC)
    jobs = [Job(name, bell.ring, every(DAY), DAY) for name, bell in zip(("day", "report"), bells, strict=True)]
    scheduler = Scheduler(jobs)
    wake = Wake(scheduler.all_soon, lambda: noon, lambda: 0.0, lambda: seconds[0])
    scheduler.start()
    try:
        wake.look()
        seconds[0] += 9 * 3600
        wake.look()
        assert until(lambda: [bell.rang for bell in bells] == [1, 1])
        wake.look()
        time.sleep(0.1)
        assert [bell.rang for bell in bells] == [1, 1]
    finally:
        scheduler.stop()


def test_a_look_that_fails_is_not_the_last_one():
    looks, noon = [], datetime(2026, 11, 21, 12, tzinfo=UTC)

    def awake() -> float:
        looks.append(1)
        if len(looks) == 2:
            raise OSError("no clock just now")
        return 0.0

    wake = Wake(lambda: None, lambda: noon, lambda: 0.0, awake, pause_s=0.001)
    wake.start()
    try:
        assert until(lambda: len(looks) >= 4)
    finally:
        wake.stop()


def test_it_can_be_stopped_at_any_time_also_before_it_began():
    machine = Machine()
    machine.wake.stop()
    machine.wake.start()
    machine.wake.stop()
    assert not any(thread.name == "wake" for thread in threading.enumerate())
