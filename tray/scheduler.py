"""The scheduler: what bursar does by the clock, through APScheduler; what a sleep made late runs once, on waking."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from apscheduler.schedulers.background import BackgroundScheduler  # type: ignore[import-untyped]

NextAt = Callable[[datetime], datetime]
"""Gives the moment for the next time, from the one at which it is asked."""

SOON = timedelta(seconds=1)
THREADS = 3

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """One thing to do again and again.

    It must not matter whether it ran a moment ago: a job decides by what it finds, not by when it was called.
    """

    name: str
    do: Callable[[], None]
    next_at: NextAt
    first_after: timedelta = timedelta(0)


def every(pause: timedelta) -> NextAt:
    """Make a rule: so long after the last time."""
    return lambda now: now + pause


def at(moment: Callable[[], datetime], then: timedelta = timedelta(minutes=1)) -> NextAt:
    """Make a rule: at a moment that is asked for each time, a second late; `then` after now if it has passed."""

    def next_at(now: datetime) -> datetime:
        coming = moment() + SOON
        return coming if coming > now else now + then

    return next_at


class Scheduler:
    """Runs jobs in threads of its own, each job one at a time. Its timer is the system's; jobs have their own clock."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._jobs = {job.name: job for job in jobs}
        self._scheduler: BackgroundScheduler | None = None

    def start(self) -> None:
        """Begin; returns at once."""
        # Costs 70 ms; agents are served already when it is loaded.
        from apscheduler.executors.pool import ThreadPoolExecutor  # type: ignore[import-untyped]
        from apscheduler.schedulers.background import BackgroundScheduler

        # A job asked for while it runs is let go with a warning that nobody needs.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(THREADS)},
            job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1},
        )
        for job in self._jobs.values():
            trigger = _trigger(job, first=every(job.first_after))
            scheduler.add_job(partial(_safely, job), trigger, id=job.name, name=job.name)
        scheduler.start()
        self._scheduler = scheduler

    def soon(self, name: str) -> None:
        """Have a job done in a second, instead of at its time."""
        self._plan(name, every(SOON))

    def retime(self, name: str) -> None:
        """Ask a job's rule again when it comes: what it goes by has changed."""
        self._plan(name, self._jobs[name].next_at)

    def all_soon(self) -> None:
        """Have every job done now: the clock jumped, perhaps back, and what was planned means nothing any more."""
        for name in self._jobs:
            self.soon(name)

    def stop(self) -> None:
        """Begin nothing new and wait for what is under way."""
        scheduler, self._scheduler = self._scheduler, None
        if scheduler is not None:
            scheduler.shutdown(wait=True)

    def _plan(self, name: str, first: NextAt) -> None:
        scheduler = self._scheduler
        if scheduler is not None:
            scheduler.reschedule_job(name, trigger=_trigger(self._jobs[name], first))


def _safely(job: Job) -> None:
    try:
        job.do()
    except Exception:  # The top of a thread: the next time may succeed.
        log.exception("the job %s failed", job.name)


def _trigger(job: Job, first: NextAt) -> Any:
    """Give a job's rule in APScheduler's form; `first` is the rule for the first time only."""
    from apscheduler.triggers.base import BaseTrigger  # type: ignore[import-untyped]

    class Rule(BaseTrigger):  # type: ignore[misc]
        def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime:
            return (first if previous is None else job.next_at)(now)

    return Rule()
