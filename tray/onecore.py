"""One core: the threads that serve agents share one interpreter lock, and so use no more than one core at a time.

Left alone, the system spreads them, and each time the lock passes to a thread on another core that core has to be
woken: two fifths more CPU for a small request, and events among 256 streams twice as late, without this file and
with nobody else at work. So they are kept together on the core that others use least, and let go as soon as others
want it too. Linux only: macOS has no such call.

Source: sched_setaffinity(2), proc(5) (/proc/stat), Documentation/admin-guide/sysfs-devices-system-cpu.rst.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PAUSE_S = 2.0
FREE = 1.25
"""So much of all cores must be left over by others: the one to be taken, and a little."""
SHARED = 0.3
"""What others may use of the core that was taken."""
IDLE = 0.05
"""Who uses less than this is in nobody's way, and nobody in theirs."""
NAMES = ("proxy-", "ledger", "baseline")
"""How the names of the threads begin that serve agents. None of them starts another program, which would stay there."""

log = logging.getLogger(__name__)

Busy = Mapping[int, float]
"""How long each core was at work, in seconds since some moment."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What is asked of the system, and told it."""

    cores: Callable[[], Sequence[int]]
    """Those that may be used and are as fast as any."""
    busy: Callable[[], Busy]
    own_s: Callable[[], float]
    """CPU time of this process."""
    clock: Callable[[], float]
    keep: Callable[[Sequence[int]], None]
    """Lets the threads that serve agents run on these cores only."""


class OneCore:
    """Looks every two seconds, in a thread of its own, where the threads that serve agents had best run."""

    def __init__(self, machine: Machine, *, pause_s: float = PAUSE_S) -> None:
        self._machine, self._pause_s = machine, pause_s
        self._cores = tuple(machine.cores())
        self.core: int | None = None
        """Where they are kept; None while they run where the system likes."""
        self._was_wanted = False
        self._seen = self._look()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="one core", daemon=True)

    def start(self) -> None:
        """Begin to look, if there is a choice; returns at once."""
        if len(self._cores) > 1:
            self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def look(self) -> None:
        """Keep them where they are, move them, or let them go."""
        before, self._seen = self._seen, self._look()
        took_s, own_s = self._seen[0] - before[0], self._seen[1] - before[1]
        if took_s <= 0:
            return
        used = {core: (self._seen[2].get(core, 0.0) - before[2].get(core, 0.0)) / took_s for core in self._cores}
        ours = own_s / took_s
        if self.core is not None and not self._is_wanted_still(ours > IDLE and used[self.core] - ours > SHARED):
            return
        others = sum(used.values()) - ours
        self._move(min(used, key=lambda core: used[core]) if len(used) - others >= FREE else None)

    def _is_wanted_still(self, is_wanted: bool) -> bool:
        """Tell whether others have wanted the core twice in a row: a look after a rest sees who was there before."""
        was, self._was_wanted = self._was_wanted, is_wanted
        return was and is_wanted

    def _move(self, core: int | None) -> None:
        if core == self.core:
            return
        self.core, self._was_wanted = core, False
        self._machine.keep(self._cores if core is None else (core,))

    def _look(self) -> tuple[float, float, Busy]:
        return self._machine.clock(), self._machine.own_s(), self._machine.busy()

    def _run(self) -> None:
        while not self._ended.wait(self._pause_s):
            try:
                self.look()
            except OSError as error:  # A container may forbid it, hide /proc, or take cores away.
                log.debug("threads run where the system likes: %s", error)
                self._let_go()
                return

    def _let_go(self) -> None:
        with suppress(OSError):
            self._move(None)


def this_machine() -> Machine:
    """Give what Linux tells of the cores; elsewhere there is none to choose."""
    return Machine(fast_cores, busy_cores, time.process_time, time.monotonic, keep_serving_on)


def fast_cores() -> Sequence[int]:
    """List the cores that this process may use, without those made to save power; none where nobody can be told."""
    if not sys.platform.startswith("linux"):
        return ()
    allowed = sorted(os.sched_getaffinity(0))
    speeds = {core: _speed(core) for core in allowed}
    return [core for core in allowed if speeds[core] >= 0.9 * max(speeds.values())]


def _speed(core: int) -> int:
    for name in ("cpu_capacity", "cpufreq/cpuinfo_max_freq"):
        try:
            return int(Path(f"/sys/devices/system/cpu/cpu{core}/{name}").read_text(encoding="ascii"))
        except (OSError, ValueError):
            continue
    return 0


def busy_cores() -> Busy:
    """Read how long each core was at work since the machine started; nothing where it is not told."""
    if not sys.platform.startswith("linux"):
        return {}
    ticks_s = 1 / os.sysconf("SC_CLK_TCK")
    found = {}
    for line in Path("/proc/stat").read_text(encoding="ascii").splitlines():
        name, _, counts = line.partition(" ")
        if name.startswith("cpu") and name != "cpu":
            user, nice, system, _, _, irq, softirq, steal, *_ = map(int, counts.split())
            found[int(name[3:])] = (user + nice + system + irq + softirq + steal) * ticks_s
    return found


def keep_serving_on(cores: Sequence[int]) -> None:
    """Let the threads that serve agents, and those that they will start, run on these cores only."""
    if not sys.platform.startswith("linux"):
        return
    for thread in threading.enumerate():
        if thread.name.startswith(NAMES) and thread.native_id is not None:
            try:
                os.sched_setaffinity(thread.native_id, cores)
            except ProcessLookupError:
                continue  # It has ended meanwhile.
