"""After a sleep of the machine everything that was due is done once, and soon."""

import threading
import time
from datetime import timedelta

from tests.tray.test_scheduler import Bell, until
from tray.scheduler import Job, Scheduler, every
from tray.wake import LATE_S, PAUSE, Wake

DAY = timedelta(days=1)


class Machine:
    """A clock that is set by hand, and a count of how often somebody was told that the machine woke."""

    def __init__(self) -> None:
        self.seconds, self.woken = 500.0, 0
        self.wake = Wake(self.count, lambda: self.seconds)

    def count(self) -> None:
        """Count."""
        self.woken += 1

    def look_after(self, seconds: float) -> int:
        """Let time pass, and look."""
        self.seconds += seconds
        self.wake.look()
        return self.woken


def test_a_machine_that_is_awake_is_never_woken_not_even_when_it_is_slow():
    machine = Machine()
    assert [machine.look_after(seconds) for seconds in (0, 10, 10.2, 19.9, 0.01, LATE_S - 1)] == [0] * 6
    assert PAUSE.total_seconds() < LATE_S / 2


def test_each_sleep_is_noticed_once_however_long():
    machine = Machine()
    assert machine.look_after(8 * 3600) == 1
    assert [machine.look_after(10) for _ in range(3)] == [1, 1, 1]
    assert machine.look_after(60) == 2


def test_the_jobs_that_a_sleep_made_late_run_once_and_at_once():
    bells = [Bell(), Bell()]
    seconds = [0.0]
    looks = threading.Event()
    wake = Wake(lambda: scheduler.all_soon(), lambda: seconds[0])

    def look() -> None:
        wake.look()
        looks.set()

    named = ("day", "report")
    jobs = [Job(name, bell.ring, every(DAY), DAY) for name, bell in zip(named, bells, strict=True)]
    scheduler = Scheduler([Job("wake", look, every(timedelta(milliseconds=20))), *jobs])
    scheduler.start()
    try:
        assert looks.wait(10)
        assert [bell.rang for bell in bells] == [0, 0]
        seconds[0] += 9 * 3600
        assert until(lambda: [bell.rang for bell in bells] == [1, 1])
        time.sleep(0.1)
        assert [bell.rang for bell in bells] == [1, 1]
    finally:
        scheduler.stop()
